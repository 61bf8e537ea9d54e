"""One door for both halves: an API's path is the memory's, all else the console's."""

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from django.conf import settings

from console.core.bootstrap import prepare_process
from console.core.observability import start_tracing

prepare_process()

from django.core.wsgi import get_wsgi_application  # noqa: E402

from console.contract.base import meet_structs  # noqa: E402

API_PATH = re.compile(r"/[vV]\d+\w*(/|\Z)")

pages = get_wsgi_application()

if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
    start_tracing()

# Imported after Django is set up: these modules hold models.
from console.profiles import programs  # noqa: E402
from console.service.http.request import LISTENER, URLCONF  # noqa: E402
from console.service.wsgi import application as service  # noqa: E402

# The views of both halves, which would be imported by the first request, with theirs.
for urlconf in (settings.ROOT_URLCONF, URLCONF):
    import_module(urlconf)
meet_structs()


def mount(environ: dict[str, Any]) -> str:
    """The path below URL_PREFIX, whether the proxy in front has left that out or not."""
    prefix, path = settings.URL_PREFIX, str(environ.get("PATH_INFO", ""))
    if prefix:
        environ["SCRIPT_NAME"] = prefix
        if f"{path}/".startswith(f"{prefix}/"):
            path = environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
    return path


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A WSGI application that sends each request to the half it belongs to."""
    path = mount(environ)
    # Pages call the memory by another way in, and log what they do themselves.
    environ[LISTENER] = programs
    # Also /v2, /v3: a program that asks for what is not served expects JSON.
    half = service if API_PATH.match(path) else pages
    return half(environ, start_response)
