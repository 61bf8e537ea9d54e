"""Sessions: how they end, and what they keep.

They end after a time without use, after a working day whatever was done in it, and when
somebody signs out, even if their row cannot be deleted. On a full disk and without a
database the row stays, and would open the console again to whoever has a copy of the
cookie. The key is then noted in a small file, whose bytes were taken while there was
room: a ring, longer than sessions that live for 8 hours need. It is this machine's own; a
second one learns nothing of it.

What was typed about a customer waits in the person's session; addresses name it. An
address is logged, bookmarked and passed on; "her sister in Leeds" must not be. So a form
posts such a text, is answered by a redirect to `?typed=x3Fk…`, and that address can be
reloaded, returned to and linked from by this person until they sign out.
"""

import fcntl
import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import Error, transaction
from django.dispatch import receiver
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_POST, require_safe

from console.accounts.adapter import NEXT_URL_KEY
from console.accounts.models import User
from console.audit.log import log
from console.databases import disk
from console.databases.disk import find_outage
from console.databases.encryption import (
    CredentialTampered,
    VaultLocked,
    decrypt,
    encrypt,
)
from console.tenants.actor import list_roles
from console.web.forms import InvalidQuery, check_form
from console.web.render import ConsoleRequest, get_tenant_slug

logger = logging.getLogger(__name__)
SLOTS = 2048
_KEY = re.compile(rb"[a-z0-9]{32}")
_KEY_BYTES = 32
_HEAD_BYTES = 8  # how many keys were noted so far
# Of whoever has signed in: when, in seconds since 1970, with which roles, and where.
BEGAN, ROLES, BROWSER = "began", "roles", "browser"
# What a User-Agent has to its name; the first counts, for each names its ancestors too.
BROWSERS = {
    "Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "FxiOS/": "Firefox",
    "Chrome": "Chrome", "CriOS/": "Chrome", "Safari/": "Safari",
}  # fmt: skip
SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "CrOS": "ChromeOS",
    "Windows": "Windows", "Macintosh": "macOS", "Linux": "Linux",
}  # fmt: skip
# How exactly the idle end is kept: a request need not write each time.
KEPT_FOR = timedelta(minutes=1)
_WANTED = ("web.wanted",)
# The parameter of an address that names a kept text.
TYPED = "typed"
_SESSION_KEY = "typed"
# The last ones; each can have a kilobyte.
KEPT_MAX = 20
_DIGITS = 16


class SessionStore(db.SessionStore):
    ends_at: datetime | None = None

    def get_session_cookie_age(self) -> int:
        """Seconds until it ends if it is not used: no writing moves the absolute end."""
        idle: int = settings.SESSION_IDLE_S
        if BEGAN not in self:
            return idle
        left = self[BEGAN] + settings.SESSION_COOKIE_AGE - timezone.now().timestamp()
        return max(min(int(left), idle), 0)

    def keep(self) -> None:
        """It is in use: the idle end moves on.

        Its row alone: what another request writes at the same moment is not undone, and
        on a full disk pages can be read until the session ends.
        """
        # A session from before version 0.3 has none.
        self.setdefault(BEGAN, timezone.now().timestamp())
        ends_at = self.get_expiry_date()
        if self.ends_at and ends_at - self.ends_at >= KEPT_FOR:
            with suppress(Error):
                rows = self.model.objects.filter(pk=self.session_key)
                rows.update(expire_date=ends_at)

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        self.ends_at = row.expire_date if row else None
        return row

    def load(self) -> dict[str, Any]:
        if is_ended(self.session_key):
            self._session_key = None
            return {}
        loaded: dict[str, Any] = super().load()
        return loaded

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as exc:
            # Django takes any failure for a session that ended meanwhile.
            if outage := find_outage(exc.__context__):
                raise outage from exc
            raise

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        try:
            super().delete(key)
        except Error:
            note_ended(key)


@receiver(user_logged_in)
def note_sign_in(*, request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session[BEGAN] = timezone.now().timestamp()
    request.session[ROLES] = list_roles(user)
    request.session[BROWSER] = describe_browser(request.headers.get("User-Agent", ""))
    # In clear for the redirect that follows, which takes it out again.
    if blob := request.session.pop(NEXT_URL_KEY, ""):
        with suppress(VaultLocked, CredentialTampered):
            request.session[NEXT_URL_KEY] = decrypt(blob, context=_WANTED)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """id: a digest that stands for the key on pages; browser: such as Firefox on Linux"""

    key: str = field(repr=False)
    browser: str
    began_at: datetime
    is_current: bool

    @property
    def id(self) -> str:
        return salted_hmac("console.web.session", self.key).hexdigest()[:_DIGITS]


def list_sessions(user: User, current: str | None = None) -> list[OpenSession]:
    """Those that are open, the newest first. Their rows name nobody: each is opened."""
    store = SessionStore()
    rows = store.model.objects.filter(expire_date__gt=timezone.now())
    opened = ((row.pk, store.decode(row.session_data)) for row in rows.iterator())
    found = [
        OpenSession(
            key,
            kept.get(BROWSER) or "Unknown browser",
            datetime.fromtimestamp(kept.get(BEGAN, 0), UTC),
            key == current,
        )
        for key, kept in opened
        if kept.get(USER_KEY) == str(user.pk)
    ]
    return sorted(found, key=lambda each: each.began_at, reverse=True)


def end_sessions(user: User, *, but: str | None = None, only: str = "") -> int:
    """Sign a person out everywhere, or in one session by its id; how many that ended."""
    found = list_sessions(user, but)
    keys = [x.key for x in found if not x.is_current and only in ("", x.id)]
    SessionStore().model.objects.filter(pk__in=keys).delete()
    return len(keys)


@require_POST
@transaction.atomic
def end_own_sessions(request: ConsoleRequest) -> HttpResponse:
    """One of the person's other sessions, or all of them."""
    user, session = request.user, request.session
    only = request.POST.get("session", "")
    count = end_sessions(user, but=session.session_key, only=only)
    if count:
        log(request.actor, "session.ended", user, sessions=count)
    ended = f"{count} session{'s' if count != 1 else ''} ended."
    messages.success(request, ended if count else "It had ended already.")
    return redirect("mfa_index")


def describe_browser(agent: str) -> str:
    """Of a User-Agent what its owner knows it by; "" of one that says nothing known."""
    browser, system = (
        next((name for mark, name in marks.items() if mark in agent), "")
        for marks in (BROWSERS, SYSTEMS)
    )
    return " on ".join(filter(None, (browser, system)))


def keep_wanted(request: HttpRequest) -> None:
    """Where to go on after sign-in. Encrypted: a softphone's link names a customer."""
    request.session[NEXT_URL_KEY] = encrypt(request.get_full_path(), context=_WANTED)


def get_ring() -> Path:
    return disk.get_companion("ended-sessions")


def is_ended(key: str | None) -> bool:
    # Without room for the ring itself there is nothing noted.
    with suppress(OSError):
        if not get_ring().exists():
            _create(get_ring())
        with get_ring().open("rb") as ring:
            if int.from_bytes(ring.read(_HEAD_BYTES), "big"):
                return (key or "").encode() in _split(ring.read())
    return False


def note_ended(key: str | None) -> None:
    """Overwrites the oldest, in place."""
    raw = (key or "").encode()
    if not _KEY.fullmatch(raw):
        return
    with suppress(OSError), get_ring().open("r+b", buffering=0) as ring:
        fcntl.flock(ring, fcntl.LOCK_EX)
        count = int.from_bytes(ring.read(_HEAD_BYTES), "big")
        ring.seek(_HEAD_BYTES + count % SLOTS * _KEY_BYTES)
        ring.write(raw)
        ring.seek(0)
        ring.write((count + 1).to_bytes(_HEAD_BYTES, "big"))


def _split(ring: bytes) -> set[bytes]:
    return {ring[at : at + _KEY_BYTES] for at in range(0, len(ring), _KEY_BYTES)}


def _create(path: Path) -> None:
    with path.open("xb") as ring:
        path.chmod(0o600)
        # Random: a file system that compresses would keep no room for zeros.
        ring.write(bytes(_HEAD_BYTES) + os.urandom(SLOTS * _KEY_BYTES))


class TypedForgotten(InvalidQuery, title="These words are not kept"):
    """An address names a text that is not kept in this session."""


def keep_typed(request: ConsoleRequest, text: str) -> str:
    """What stands for `text` in an address of this session; "" for no text.

    Encrypted: a session is stored, and a customer can be erased meanwhile.
    """
    if not text:
        return ""
    # The same text gets the same key, so that going back and forth fills no session.
    key = salted_hmac(":".join(_get_context(request)), text).hexdigest()[:_DIGITS]
    kept = dict(request.session.get(_SESSION_KEY, {}))
    kept.pop(key, None)
    kept[key] = encrypt(text, context=_get_context(request))
    request.session[_SESSION_KEY] = dict(list(kept.items())[-KEPT_MAX:])
    return key


def read_typed(request: ConsoleRequest, query: QueryDict | None = None) -> str:
    """The text that this address, or another one's `query`, names; "" when it names none.
    Raises TypedForgotten."""
    key = (request.GET if query is None else query).get(TYPED, "")
    if not key:
        return ""
    try:
        blob = request.session.get(_SESSION_KEY, {})[key]
        return decrypt(blob, context=_get_context(request))
    # Somebody else's, an old one, or from before the vault's keys were changed.
    except (KeyError, VaultLocked, CredentialTampered) as exc:
        raise TypedForgotten(
            "The words of this address are kept only for the person who typed them, "
            "until they sign out. Type them again."
        ) from exc


def move_typed(
    request: ConsoleRequest, form_class: type[Form], name: str
) -> HttpResponse | None:
    """Where to go on, when this request itself brings the text of the field `name`.

    Raises InvalidQuery: only what is valid gets into an address.
    """
    sent = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and not sent.get(name):
        return None
    form = form_class(sent)
    check_form(form)
    query = {each: str(sent.get(each, "")) for each in form.fields}
    return redirect(build_typed_url(request, query.pop(name), query))


def build_typed_url(
    request: ConsoleRequest, text: str, query: Mapping[str, str]
) -> str:
    """This address with `query` and, in place of `text`, what stands for it."""
    query = {**query, TYPED: keep_typed(request, text)}
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{request.path}?{given}"


def drop_typed(request: ConsoleRequest) -> str:
    """This address without a text."""
    query = {name: str(value) for name, value in request.GET.items() if name != TYPED}
    return build_typed_url(request, "", query)


def _get_context(request: ConsoleRequest) -> tuple[str, ...]:
    # The tenant's too: words typed about one's customers are nothing for another's pages.
    return "web.typed", str(request.user.pk), get_tenant_slug(request.path)


def get_person_key(user: AbstractBaseUser | AnonymousUser | None) -> str:
    """An opaque word for one person, the same in all of their sessions; "" for nobody.

    Pages carry it and send it back, so that what one person has open is never
    answered as if another had asked.
    """
    if user is None or not user.is_authenticated:
        return ""
    return salted_hmac("console.web.person", str(user.pk)).hexdigest()[:_DIGITS]


def end_session(request: HttpRequest) -> HttpResponse:
    """Signed out although it cannot be recorded: nobody is kept from leaving."""
    logger.error("A sign-out is missing in the audit log.")
    name = settings.SESSION_COOKIE_NAME
    note_ended(request.COOKIES.get(name))
    response = redirect(settings.ACCOUNT_LOGOUT_REDIRECT_URL)
    response.delete_cookie(name)
    return response


@require_safe
def session(request: ConsoleRequest) -> HttpResponse:
    """For a page from before sign-in: whose session it is now, and its CSRF token.

    Only our own pages can read it: other origins get no CORS header, and
    Cross-Origin-Resource-Policy keeps it from them.
    """
    return JsonResponse(
        {"person": get_person_key(request.user), "token": get_token(request)}
    )


@require_safe
def signed_in(request: ConsoleRequest) -> HttpResponse:
    """The page after sign-in in a second tab; the first tab goes on."""
    return render(request, "web/signed_in.html")
