from django.apps import AppConfig

from console.core import observability


class AuditConfig(AppConfig):
    name = "console.audit"

    def ready(self) -> None:
        from console.audit import signals
        from console.audit.models import count_entries

        signals.connect()
        observability.STATE.register(
            observability.Gauge(
                "console_audit_entries",
                "Number of the audit log's last entry",
                lambda: {"": count_entries()},
            )
        )
