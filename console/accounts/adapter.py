"""What allauth asks us about sign-in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from console.accounts.models import User

# The session's key for a URL that must not be part of another one.
NEXT_URL_KEY = "wanted"


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody signs up; only active staff sign in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Wrong email address or password.",
        "enter_current_password": "Enter your current password.",
        "too_many_login_attempts": "Too many failed sign-ins. Try again later.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Paths of our own alone: another name of ours (`http://localhost/...` is one of
        ALLOWED_HOSTS) is another machine to the person's browser."""
        # Django's own check refuses what browsers read as a host: `//x`, `/\x`.
        return bool(url) and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where the person wanted to go; set by LoginRequired alone."""
        wanted: str | None = request.session.pop(NEXT_URL_KEY, None)
        default: str = super().get_login_redirect_url(request)
        return wanted or default

    def pre_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse | None:
        user.is_active = user.is_active and user.is_staff
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer
