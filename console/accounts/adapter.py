"""What allauth asks us about sign-in."""

import math
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from console.accounts.limits import TooManyTries, Try, count_try, remember_browser
from console.accounts.models import User

# The session's key for a URL that must not be part of another one.
NEXT_URL_KEY = "wanted"


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody signs up; only active staff sign in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Wrong email address or password.",
        "enter_current_password": "Enter your current password.",
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

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Also to change a password or prove again who one is. Raises ValidationError."""
        tried = self.count_try(request, "password", credentials.get("email") or "")
        user: User | None = super().authenticate(request, **credentials)
        if user:
            tried.give_back()
        return user

    def count_try(self, request: HttpRequest, what: str, email: str) -> Try:
        """One try of a password or code, before it is made. Raises ValidationError."""
        address = self.get_client_ip(request)
        try:
            return count_try(request, what, email=email, address=address)
        except TooManyTries as exc:
            raise ValidationError(
                f"Too many failed tries. Try again in {_in_words(exc.wait_s)}, use a "
                "passkey, or use a browser that you have signed in with before."
            ) from None

    def is_reauthentication_required(self, **kwargs: Any) -> bool:
        """Not after signing in a few minutes ago: a first second factor is set up then."""
        records = get_authentication_records(self.request, self.request.user)
        fresh = time.time() - REAUTHENTICATION_TIMEOUT
        if any(record["at"] > fresh for record in records):
            return False
        required: bool = super().is_reauthentication_required(**kwargs)
        return required

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the last trusted proxy saw it; without one, who is connected."""
        count = settings.TRUSTED_PROXY_COUNT
        told = request.headers.get("X-Forwarded-For", "").split(",")
        address = told[-count] if 0 < count <= len(told) else ""
        return address.strip() or request.META.get("REMOTE_ADDR") or "unknown"

    def pre_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse | None:
        user.is_active = user.is_active and user.is_staff
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def post_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_browser(request, response, user.email)
        return response


def _in_words(wait_s: float) -> str:
    minutes = math.ceil(wait_s / 60)
    if minutes > 1:
        return f"{minutes} minutes"
    return f"{math.ceil(wait_s)} seconds" if wait_s < 45 else "a minute"
