"""Profiles with their past, from a file into a memory."""

from django.apps import AppConfig


class LoadingConfig(AppConfig):
    name = "console.loading"
    label = "loading"
    verbose_name = "Loader"
