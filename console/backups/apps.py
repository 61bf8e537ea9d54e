from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """Both databases of an installation, to a folder and back."""

    name = "console.backups"
