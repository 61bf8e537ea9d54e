"""The fictional tenants that `make run` fills an empty installation with."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "console.demo"
    label = "demo"
    verbose_name = "Demo"
