"""Around every request, to a page or to the API: its id, one line in the log, its time."""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from uuid import uuid4

from console.core.metrics import REQUEST_SECONDS
from console.core.tracing import trace_answer

log = logging.getLogger(__name__)

# Of the request that is being answered; empty in commands.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# The address of whoever calls the embedded memory in this process.
WITHIN = "within"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds (console/pages/home/probes.py): not worth a line each, as
# static files are not.
UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})
# Ids and words of our own addresses. Not: an address, a phone number, a name.
_SAFE_SEGMENT = re.compile(r"[a-z0-9_-]*[a-z][a-z0-9_-]*|")


def observe(half: str, *headers: str) -> Callable[[Callable[..., Any]], Any]:
    """Middleware for one half, console or memory; `headers` tell the request's id.

    A call into the embedded memory from within is part of what it is made for: it
    keeps a page's id, and has no line of its own.
    """

    def middleware(get_response: Callable[..., Any]) -> Callable[..., Any]:
        def respond(request: Any) -> Any:
            begun = perf_counter()
            token = request_id.set(request_id.get() or uuid4().hex)
            # Anybody can send any word for a method; each would be a series.
            method = request.method if request.method in METHODS else "other"
            try:
                with trace_answer(half, method, request.headers) as tell:
                    response = get_response(request)
                    match = request.resolver_match
                    route = match.route if match else ""
                    tell(route, response.status_code)
                for name in headers:
                    response[name] = request_id.get()
                elapsed = perf_counter() - begun
                REQUEST_SECONDS.labels(
                    half, method, route, response.status_code
                ).observe(elapsed)
                path = request.path_info
                unlogged = path in UNLOGGED or path.startswith("/static/")
                if not unlogged and request.META.get("REMOTE_ADDR") != WITHIN:
                    line = {"method": method, "path": mask_path(request.path, route)}
                    line |= {"status": response.status_code}
                    log.info("answered", extra=line | {"ms": round(elapsed * 1000, 1)})
            finally:
                request_id.reset(token)
            return response

        return respond

    return middleware


observe_pages = observe("console", "X-Request-ID")
# The SDKs read the vendor's name.
observe_memory = observe("memory", "X-Request-ID", "Twilio-Request-Id")


def mask_path(path: str, route: str) -> str:
    """The path with every segment replaced that could be somebody's identifier; the
    route's own words, such as `Stores`, are none."""
    words = set(route.split("/"))
    return "/".join(
        segment if segment in words or _SAFE_SEGMENT.fullmatch(segment) else "…"
        for segment in path.split("/")
    )
