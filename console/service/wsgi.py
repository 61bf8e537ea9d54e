"""The embedded memory as a WSGI application of its own.

It has its own URL configuration and middleware; sessions, CSRF and the console's
pages do not exist here. It may be called from within a page's request, so it leaves
the thread's URL configuration and script prefix as it found them.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.urls import (
    get_script_prefix,
    get_urlconf,
    set_script_prefix,
    set_urlconf,
)

from console.core.headers import HEADERS
from console.core.observability import observe_memory
from console.service.http.errors import answer_errors
from console.service.http.middleware import (
    authenticate_request,
    compress_answers,
    limit_rate,
)
from console.service.http.request import URLCONF, check_size
from console.service.memory.delay import delay_writes

MIDDLEWARE = (
    observe_memory,
    compress_answers,
    answer_errors,
    check_size,
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
        for name, value in HEADERS.items():
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
