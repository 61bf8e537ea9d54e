"""Idempotency keys: the same request again gets the same answer. Conversations 1."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Annotated, Any

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from msgspec import Meta

from console.service import errors
from console.service.conversations.models import RepeatableAnswer
from console.service.http.request import ApiRequest

KEPT = timedelta(hours=24)
_HEX = "[0-9a-fA-F]"
_KEY = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")
_HEADERS = ("Operation-Id", "Location", "Retry-After", "Content-Type")
REPEATABLE = {
    "Idempotency-Key": Annotated[
        str,
        Meta(
            pattern=f"^{_KEY.pattern}$",
            description="A UUID. The same key within a day gets the first answer again.",
        ),
    ]
}


def repeatable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that answers a key it has seen as it did the first time.

    The answer is kept in the transaction of what was done, so there is never one
    without the other; of two requests at once with one key, the second is refused and
    may be repeated.
    """

    @wraps(view)
    def respond(request: ApiRequest, **path: Any) -> HttpResponse:
        given = request.headers.get("Idempotency-Key")
        if given is None:
            return view(request, **path)
        key = given.lower()
        if not _KEY.fullmatch(key):
            raise errors.Invalid("Idempotency-Key: must be a UUID")
        digest = _digest(request)
        if known := _find(request, key):
            return _repeat(known, digest)
        try:
            with transaction.atomic(using="memory"):
                response = view(request, **path)
                _keep(request, key, digest, response)
        except IntegrityError:
            if known := _find(request, key):
                return _repeat(known, digest)
            raise
        return response

    return respond


def _digest(request: ApiRequest) -> str:
    whole = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(whole).hexdigest()


def _find(request: ApiRequest, key: str) -> RepeatableAnswer | None:
    return RepeatableAnswer.objects.filter(
        account=request.account, key=key, created_at__gt=timezone.now() - KEPT
    ).first()


def _keep(request: ApiRequest, key: str, digest: str, response: HttpResponse) -> None:
    now = timezone.now()
    RepeatableAnswer.objects.filter(
        account=request.account, created_at__lte=now - KEPT
    ).delete()
    RepeatableAnswer.objects.create(
        account=request.account,
        key=key,
        digest=digest,
        status=response.status_code,
        headers={name: response.headers[name] for name in _HEADERS if name in response},
        body=response.content.decode(),
        created_at=now,
    )


def _repeat(known: RepeatableAnswer, digest: str) -> HttpResponse:
    if known.digest != digest:
        raise errors.Conflict("Idempotency-Key: already used for another request")
    response = HttpResponse(known.body, status=known.status)
    for name, value in known.headers.items():
        response.headers[name] = value
    return response
