"""Browsers that somebody has signed in with before, by a signed cookie."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = f"{settings.COOKIE_PREFIX}browser"
SALT = "console.accounts.browsers"
AGE = timedelta(days=180)
# Of a browser that several people share.
ACCOUNTS_MAX = 8


def fold_email(email: str) -> str:
    """As the database compares it: all ways to write an account are one."""
    return email.strip().upper().casefold()


def get_browser_id(request: HttpRequest, email: str) -> str:
    """An id if this browser has signed in as `email`; "" for a stranger."""
    cookie = _read(request)
    return cookie["id"] if _digest(email) in cookie["accounts"] else ""


def remember_browser(request: HttpRequest, response: HttpResponse, email: str) -> None:
    cookie, account = _read(request), _digest(email)
    others = [other for other in cookie["accounts"] if other != account]
    cookie["accounts"] = [account, *others][:ACCOUNTS_MAX]
    response.set_cookie(
        COOKIE,
        signing.dumps(cookie, salt=SALT),
        max_age=AGE,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        cookie: dict[str, Any] = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=AGE
        )
    except signing.BadSignature:
        return {"id": secrets.token_hex(16), "accounts": []}
    return cookie


def _digest(email: str) -> str:
    """No address stands in a cookie."""
    account = fold_email(email)
    return salted_hmac(SALT, account, algorithm="sha256").hexdigest()[:16]
