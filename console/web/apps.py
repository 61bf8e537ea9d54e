"""What all pages share."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class WebConfig(AppConfig):
    name = "console.web"
    label = "web"
    verbose_name = "Pages"

    def ready(self) -> None:
        from console.web.reveals import hide_all

        user_logged_out.connect(hide_all, dispatch_uid="web-hide-all")
