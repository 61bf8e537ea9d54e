from datetime import datetime
from functools import lru_cache

from django.apps import AppConfig
from django.db.backends.sqlite3.base import Database  # type: ignore[attr-defined]


class DatabasesConfig(AppConfig):
    """What holds for both databases alike, whatever is in them."""

    name = "console.databases"

    def ready(self) -> None:
        from console.databases import schema  # noqa: F401  (registers a check)

        Database.register_converter("datetime", read_utc)


@lru_cache(4096)
def read_utc(kept: bytes) -> datetime:
    """SQLite keeps UTC and does not say so; Django would, with each value anew. A row's
    times are often equal, and the same rows are read again."""
    return datetime.fromisoformat(f"{kept.decode()}+00:00")
