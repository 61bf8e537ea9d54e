"""What is masked, and what was revealed."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class MaskingConfig(AppConfig):
    name = "console.masking"
    label = "masking"
    verbose_name = "Masking"

    def ready(self) -> None:
        from console.masking.reveals import hide_all

        user_logged_out.connect(hide_all, dispatch_uid="masking-hide-all")
