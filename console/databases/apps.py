from datetime import datetime

from django.apps import AppConfig
from django.db.backends.sqlite3.base import Database  # type: ignore[attr-defined]


class DatabasesConfig(AppConfig):
    """What holds for both databases alike, whatever is in them."""

    name = "console.databases"

    def ready(self) -> None:
        from console.databases import schema  # noqa: F401  (registers a check)

        # SQLite keeps UTC and does not say so; Django would, with each value anew.
        Database.register_converter(
            "datetime", lambda kept: datetime.fromisoformat(f"{kept.decode()}+00:00")
        )
