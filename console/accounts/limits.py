"""How often somebody may try to sign in, counted before a password is hashed.

A pair, one account from one address, has five tries, then one after each of the waits.
Beyond that strangers together have ten hash runs an hour for an account, and twenty from
an address: eight at once and two more in each hour, fifteen and five. A browser that has
signed in to the account before has a pair and the waits of its own and no other limit, so
no stranger keeps its owner out. Nothing is counted while a limit refuses: every wait ends
by itself, after half an hour at most.
"""

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.accounts.models import SignInLimit

FREE_TRIES = 5
WAITS_S = (30, 120, 600, 1800)
HOUR_S = 3600
FORGET = timedelta(days=1)
# A signed cookie of a browser that somebody has signed in with before.
COOKIE = f"{settings.COOKIE_PREFIX}browser"
SALT = "console.accounts.browsers"
AGE = timedelta(days=180)
# Of a browser that several people share.
ACCOUNTS_MAX = 8


@dataclass(frozen=True, slots=True)
class Bucket:
    """Holds `most` tries, of which `an_hour` drain away in each."""

    most: int
    an_hour: int


ACCOUNT, ADDRESS = Bucket(most=8, an_hour=2), Bucket(most=15, an_hour=5)
# Of each key the bucket, or None for a pair.
Rules = dict[str, Bucket | None]


class TooManyTries(Exception):
    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Try:
    """One that was counted; it is given back when it succeeds."""

    rules: Rules

    @transaction.atomic
    def give_back(self) -> None:
        for key in sorted(self.rules):  # as in _count
            rows = SignInLimit.objects.filter(key=key)
            if self.rules[key]:
                rows.update(tries=Greatest(F("tries") - 1.0, 0.0))
            else:
                rows.delete()


def count_try(request: HttpRequest, what: str, *, email: str, address: str) -> Try:
    """Count one try of `what`, a password or a code. Raises TooManyTries."""
    account = fold_email(email)
    if browser := get_browser_id(request, email):
        rules: Rules = {_build_key(what, account, browser): None}
    else:
        place = _shorten(address)
        rules = {
            _build_key(what, account, place): None,
            _build_key(what, account): ACCOUNT,
            _build_key(what, place): ADDRESS,
        }
    _count(rules, timezone.now())
    return Try(rules)


def count_at_address(what: str, address: str, bucket: Bucket) -> Try:
    """Of whoever it is that tries there. Raises TooManyTries."""
    rules: Rules = {_build_key(what, _shorten(address)): bucket}
    _count(rules, timezone.now())
    return Try(rules)


@transaction.atomic
def _count(rules: Rules, now: datetime) -> None:
    SignInLimit.objects.filter(at__lt=now - FORGET).delete()
    # In one order: two of them must not wait for each other.
    wait_s = max(_count_one(key, rules[key], now) for key in sorted(rules))
    if wait_s > 0:
        # Takes back what was counted.
        raise TooManyTries(wait_s)


def _count_one(key: str, bucket: Bucket | None, now: datetime) -> float:
    """Count one more; how many seconds too early it comes, if it does."""
    # Locked: of many tries at once each is counted before it may go on. One that gets in
    # deletes the row, also between the two calls: then it is made anew.
    row = None
    while row is None:
        new = SignInLimit(key=key, at=now)
        SignInLimit.objects.bulk_create([new], ignore_conflicts=True)
        row = SignInLimit.objects.select_for_update().filter(key=key).first()
    elapsed_s = (now - row.at).total_seconds()
    if bucket:
        row.tries = max(row.tries - elapsed_s / HOUR_S * bucket.an_hour, 0) + 1
        wait_s = (row.tries - bucket.most) / bucket.an_hour * HOUR_S
    else:
        row.tries += 1
        late = int(row.tries) - FREE_TRIES
        wait_s = WAITS_S[min(late, len(WAITS_S)) - 1] - elapsed_s if late > 0 else 0
    row.at = now
    row.save(update_fields=["tries", "at"])
    return wait_s


def _shorten(address: str) -> str:
    """An IPv6 address by its network: a household has 2**64 of them."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return (
        str(ipaddress.ip_network((ip, 64), strict=False))
        if ip.version == 6
        else address
    )


def _build_key(*parts: str) -> str:
    """Neither an address nor what was typed is kept."""
    text = "\0".join(parts)
    return salted_hmac("console.accounts.limits", text, algorithm="sha256").hexdigest()


def fold_email(email: str) -> str:
    """As the database compares it: all ways to write an account are one."""
    return email.strip().upper().casefold()


def get_browser_id(request: HttpRequest, email: str) -> str:
    """An id if this browser has signed in as `email`; "" for a stranger."""
    cookie = _read_cookie(request)
    return cookie["id"] if _digest(email) in cookie["accounts"] else ""


def remember_browser(request: HttpRequest, response: HttpResponse, email: str) -> None:
    cookie, account = _read_cookie(request), _digest(email)
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


def _read_cookie(request: HttpRequest) -> dict[str, Any]:
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
