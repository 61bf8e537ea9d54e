from importlib import import_module

from django.apps import AppConfig
from django.db.models import CharField, TextField
from django.db.models.functions import Length

from console.contract.base import meet_structs
from console.core.observability import STATE, Gauge


class ServiceConfig(AppConfig):
    """The embedded memory: its tables live on the `memory` alias alone."""

    name = "console.service"
    label = "service"

    def import_models(self) -> None:
        super().import_models()
        # The products' tables build on those, which so need not know them.
        for product in ("memory", "conversations", "knowledge"):
            import_module(f"{self.name}.{product}.models")

    def ready(self) -> None:
        # So that constraints can say content__length__lte.
        CharField.register_lookup(Length)
        TextField.register_lookup(Length)
        meet_structs()

        from console.service.conversations.model_extractor import count_today
        from console.service.memory.embedding_jobs import count_pending

        STATE.register(
            Gauge(
                "console_model_tokens",
                "Tokens that a chat model has read and written today",
                count_today,
                "way",
            )
        )
        STATE.register(
            Gauge(
                "console_vectors_waiting",
                "Texts that Recall finds by their words alone until they have a vector",
                lambda: {"": count_pending()},
            )
        )
