"""Before every view of the service: HTTP Basic against accounts, a limit of requests,
and packed answers. Contract 1, 1.1, 1.2, 5.2."""

import base64
import gzip
from collections.abc import Callable
from math import ceil
from threading import Lock
from time import monotonic
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from console.contract.memory.profile_import import UPLOADS
from console.service import errors
from console.service.accounts import authenticate
from console.service.http.request import ApiRequest, View

# What an error's more_info names has to be readable by whoever met the error, and
# what describes the service by whoever is about to write a client for it.
_OPEN = ("/v1/Errors/", "/v1/openapi.json", UPLOADS)


def authenticate_request(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: sets `request.account`; 401 for anybody unknown."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(_OPEN):
            username, secret = _credentials(request)
            account = authenticate(username, secret)
            if account is None:
                raise _refusal("The credentials are wrong.")
            cast(ApiRequest, request).account = account
        return get_response(request)

    return respond


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
        account = getattr(request, "account", None)
        if settings.MEMORY_REQUESTS_PER_S and account:
            _take(account.pk, settings.MEMORY_REQUESTS_PER_S)
        return get_response(request)

    return respond


def _take(account_id: str, rate: float) -> None:
    now, full = monotonic(), max(1.0, rate)
    with _lock:
        left, counted_at = _left.get(account_id, (full, now))
        left = min(full, left + (now - counted_at) * rate)
        _left[account_id] = (left - 1 if left >= 1 else left, now)
    if left < 1:
        refusal = errors.TooMany("Too many requests of this account: try again later.")
        refusal.headers["Retry-After"] = str(max(1, ceil((1 - left) / rate)))
        raise refusal


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
