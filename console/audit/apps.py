from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "console.audit"

    def ready(self) -> None:
        from console.audit import signals

        signals.connect()
