"""The embedded memory as a WSGI application of its own, and what stands before its
views: HTTP Basic against accounts, a limit of requests, packed answers (1, 1.1, 1.2,
5.2). http/errors.py has how failures are answered.

It has its own URL configuration and middleware; sessions, CSRF and the console's
pages do not exist here. It may be called from within a page's request, so it leaves
the thread's URL configuration and script prefix as it found them.
"""

import base64
import gzip
import hmac
import re
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from math import ceil
from threading import Lock
from time import monotonic
from typing import Any, cast

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils.cache import patch_vary_headers

from console.contract.memory.profile_import import UPLOADS
from console.core.observability import observe_memory
from console.databases.encryption import VaultLocked
from console.service import errors
from console.service.http.errors import answer_errors
from console.service.http.request import (
    URLCONF,
    ApiRequest,
    View,
    check_request,
    get_listener,
)
from console.service.memory.delay import delay_writes
from console.service.memory.queries import Caller, find_caller
from console.service.models import Credential, digest

# What an error's more_info names has to be readable by whoever met the error, and
# what describes the service by whoever is about to write a client for it.
_OPEN = ("/v1/Errors/", "/v1/openapi.json", UPLOADS)


# What an address names, read with who asks for it.
_PLACE = re.compile(r"/v1/(?:ControlPlane/)?Stores/([^/]+)(?:/Profiles/([^/]+))?")


def authenticate_request(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: sets `request.account`; 401 for anybody unknown."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(_OPEN):
            place = _PLACE.match(request.path_info)
            store_id, profile_id = place.groups() if place else (None, None)
            caller = authenticate(*_credentials(request), store_id, profile_id)
            if caller is None:
                if listener := get_listener(request):
                    listener.log_refused_key()
                raise _refusal("The credentials are wrong.")
            api_request = cast(ApiRequest, request)
            api_request.account, api_request.caller = caller.account, caller
            api_request.key = caller.credential.username
        return get_response(request)

    return respond


def authenticate(
    username: str,
    secret: str,
    store_id: str | None = None,
    profile_id: str | None = None,
) -> Caller | None:
    """Whom the pair opens; None for an unknown name or a wrong secret."""
    caller = find_caller(username, store_id, profile_id)
    # Compared even when nobody has that name: both answers take the same time.
    known = caller.credential.digest if caller else digest("")
    if not (hmac.compare_digest(known, digest(secret)) and caller):
        return None
    credential = caller.credential
    if username == credential.account_id and not credential.encrypted_token:
        with suppress(VaultLocked):
            credential.keep_token(secret)
            Credential.objects.filter(pk=username, encrypted_token="").update(
                encrypted_token=credential.encrypted_token
            )
    return caller


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise _refusal("Give credentials by HTTP Basic.")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError as exc:
        raise _refusal("Authorization: is not HTTP Basic.") from exc
    username, _, secret = pair.partition(":")
    if "\0" in pair or len(pair) > 512:
        raise _refusal("The credentials are wrong.")
    return username, secret


def _refusal(message: str) -> errors.Unauthenticated:
    refusal = errors.Unauthenticated(message)
    refusal.headers["WWW-Authenticate"] = 'Basic realm="memory", charset="UTF-8"'
    return refusal


_lock = Lock()
# By account: how many requests are left, and when that was counted. Each web worker
# counts for itself, so that no request has to write anything.
_left: dict[str, tuple[float, float]] = {}


def limit_rate(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a token bucket an account that fills by MEMORY_REQUESTS_PER_S and
    holds a second's worth; 0 means no limit."""

    def respond(request: HttpRequest) -> HttpResponse:
        rate, account = (
            settings.MEMORY_REQUESTS_PER_S,
            getattr(request, "account", None),
        )
        if not (rate and account):
            return get_response(request)
        now, full = monotonic(), max(1.0, rate)
        with _lock:
            left, counted_at = _left.get(account.pk, (full, now))
            left = min(full, left + (now - counted_at) * rate)
            _left[account.pk] = (left - 1 if left >= 1 else left, now)
        if left >= 1:
            return get_response(request)
        refusal = errors.TooMany("Too many requests of this account: try again later.")
        refusal.headers["Retry-After"] = str(max(1, ceil((1 - left) / rate)))
        raise refusal

    return respond


# Below this, packing costs more time than it saves.
WORTH_BYTES = 1024


def compress_answers(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: gzip, whichever else a client offers."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        patch_vary_headers(response, ("Accept-Encoding",))
        if len(response.content) >= WORTH_BYTES and _accepts_gzip(request):
            # mtime: the same answer has the same bytes.
            response.content = gzip.compress(response.content, 5, mtime=0)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return respond


def _accepts_gzip(request: HttpRequest) -> bool:
    for offer in request.headers.get("Accept-Encoding", "").split(","):
        name, _, weight = offer.strip().lower().partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


MIDDLEWARE = (
    observe_memory,
    compress_answers,
    answer_errors,
    check_request,
    authenticate_request,
    limit_rate,
    delay_writes,
)


class ServiceHandler(WSGIHandler):
    """Django's handler with the service's own URLs and middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        # What resolves a URL and calls its view; the type stubs leave it out.
        handler: Callable[[HttpRequest], HttpResponse] = self._get_response  # type: ignore[attr-defined]
        for middleware in reversed(MIDDLEWARE):
            handler = middleware(handler)
        self._middleware_chain = handler
        # For its headers; pages call from within, where a redirect to HTTPS would fail.
        self._security = SecurityMiddleware(handler)

    def get_response(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = URLCONF
        response: HttpResponse = self._middleware_chain(request)
        self._security.process_response(request, response)
        for name, value in settings.ANSWER_HEADERS.items():
            response.headers[name] = value
        if request.method == "HEAD":
            response.content = b""
        return response


handler = ServiceHandler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The WSGI entry point; `settings.MEMORY_APPLICATION` names it."""
    urlconf, prefix = get_urlconf(), get_script_prefix()
    try:
        # Closed here and not by the server: closing resets the URL configuration.
        with closing(handler(environ, start_response)) as response:
            return list(response)
    finally:
        set_urlconf(urlconf)
        set_script_prefix(prefix)
