"""The product, and beside it a Django view that does nothing: the measure."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

from console.wsgi import application as product


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bare", bare)]


class BareHandler(WSGIHandler):
    """Django without any middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware = []
        self._template_response_middleware = []
        self._exception_middleware = []
        self._middleware_chain = self._get_response

    def get_response(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return self._middleware_chain(request)


bare_handler = BareHandler()


def application(environ, start_response):
    # Ends with the benchmark, however that ends.
    if os.getppid() == 1:
        raise SystemExit
    handler = bare_handler if environ["PATH_INFO"] == "/bare" else product
    return handler(environ, start_response)
