"""No account may ask more often than the installation allows. Contract 1 and 5.2."""

from collections.abc import Callable
from math import ceil
from threading import Lock
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from console.service import errors
from console.service.http.routing import View

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
