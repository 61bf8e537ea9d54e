from django.apps import AppConfig


class DatabasesConfig(AppConfig):
    """What holds for both databases alike, whatever is in them."""

    name = "console.databases"

    def ready(self) -> None:
        from console.databases import schema  # noqa: F401  (registers a check)
