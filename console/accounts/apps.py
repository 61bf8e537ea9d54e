"""People and sign-in."""

from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest


class AccountsConfig(AppConfig):
    name = "console.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from allauth.account.signals import authentication_step_completed

        authentication_step_completed.connect(renew_session_id)


def renew_session_id(
    *, request: HttpRequest, reauthenticated: bool = False, **kwargs: Any
) -> None:
    """Whoever proves again who they are has rights that an older id must not have."""
    if reauthenticated:
        request.session.cycle_key()
