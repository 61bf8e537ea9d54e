"""Tenants, where their memories are, and who may do what there."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "console.tenants"
    label = "tenants"
    verbose_name = "Tenants"
