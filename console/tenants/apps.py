"""Tenants, where their memories are, and who may do what there."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "console.tenants"
    label = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        from console.tenants import checks  # noqa: F401  (registers itself)
