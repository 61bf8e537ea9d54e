"""Long answers are packed for who understands it. Contract 1.1 and 1.2."""

import gzip
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from console.service.http.routing import View

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
