"""One door for both halves: /v1 is the memory's, everything else the console's."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from console.core import tracing
from console.core.bootstrap import prepare_process

prepare_process()

from django.core.wsgi import get_wsgi_application  # noqa: E402

pages = get_wsgi_application()

if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
    tracing.start()

# Imported after Django is set up: the service's modules hold models.
from console.service.wsgi import application as service  # noqa: E402


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A WSGI application that sends each request to the half it belongs to."""
    path = environ.get("PATH_INFO", "")
    half = service if path == "/v1" or path.startswith("/v1/") else pages
    return half(environ, start_response)
