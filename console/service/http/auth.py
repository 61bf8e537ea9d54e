"""HTTP Basic against accounts. Contract section 1."""

import base64
from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse

from console.service import errors
from console.service.accounts import authenticate
from console.service.http.bodies import UPLOADS
from console.service.http.request import ApiRequest
from console.service.http.routing import View

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
