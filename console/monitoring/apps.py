from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "console.monitoring"

    def ready(self) -> None:
        from console.monitoring import alerts  # noqa: F401  # it listens to results
