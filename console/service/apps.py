from typing import Any

from django.apps import AppConfig
from django.db.models import CharField, TextField
from django.db.models.functions import Length

from console.core.observability import STATE, Gauge

ALIAS = "memory"
APP = "service"


class ServiceConfig(AppConfig):
    """The embedded memory: its tables live on the `memory` alias alone."""

    name = "console.service"
    label = APP

    def ready(self) -> None:
        # So that constraints can say content__length__lte.
        CharField.register_lookup(Length)
        TextField.register_lookup(Length)

        from console.service.memory.embedding_jobs import count_pending

        STATE.register(
            Gauge(
                "console_vectors_waiting",
                "Texts that Recall finds by their words alone until they have a vector",
                lambda: {"": count_pending()},
            )
        )


class MemoryRouter:
    """Keeps the memory's tables on their own alias, and everything else off it."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return ALIAS if model._meta.app_label == APP else None

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return bool((one._meta.app_label == APP) == (other._meta.app_label == APP))

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == ALIAS) == (app_label == APP)
