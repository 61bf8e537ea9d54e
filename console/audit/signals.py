"""Logs sign-ins and changes of credentials on signals of Django and allauth."""

from typing import Any

from allauth.account.signals import password_changed, password_set
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import Signal
from django.utils.crypto import salted_hmac

from console.accounts.models import User
from console.audit.log import log
from console.tenants.actor import Actor

LOGGED_SIGNALS: dict[str, tuple[Signal, ...]] = {
    "session.opened": (user_logged_in,),
    "session.closed": (user_logged_out,),
    "password.changed": (password_changed, password_set),
    "mfa.added": (mfa.authenticator_added,),
    "mfa.removed": (mfa.authenticator_removed,),
    "mfa.reset": (mfa.authenticator_reset,),
}


def connect() -> None:
    for action, signals in LOGGED_SIGNALS.items():
        for signal in signals:
            signal.connect(
                build_receiver(action), weak=False, dispatch_uid=f"audit-{action}"
            )
    user_login_failed.connect(log_refused_sign_in, dispatch_uid="audit-session.refused")


def build_receiver(action: str) -> Any:
    def receive(*, user: User | None = None, **_: Any) -> None:
        if user is not None:  # None after signing out without a session
            log(Actor(user), action, user)

    return receive


def log_refused_sign_in(*, credentials: dict[str, Any], **_: Any) -> None:
    """The typed name is not stored: people type passwords there. Its keyed digest
    still shows that two refusals were for the same person."""
    typed = credentials.get("email") or credentials.get("username") or ""
    log(
        Actor(None),
        "session.refused",
        outcome="denied",
        typed_name_digest=get_name_digest(str(typed)),
    )


def get_name_digest(typed: str) -> str:
    """64 bits in hex, keyed with SECRET_KEY."""
    key = "console.audit.signals.name_digest"
    normalised = typed.strip().casefold().encode(errors="replace")
    return salted_hmac(key, normalised, algorithm="sha256").hexdigest()[:16]
