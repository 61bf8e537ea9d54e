"""The customers of a tenant: who they are, and when a person last looked at one."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "console.pages.customers"
    label = "customers"
    verbose_name = "Customers"
