"""What is told of every request, to a page or to the API: its id, one line in the log,
its time for Prometheus, and a span for OpenTelemetry (extra `traces`). Never a customer.

Web processes keep their counts in files of one folder (PROMETHEUS_MULTIPROC_DIR), which
the server makes at its start, so that whichever answers a scrape tells of all.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

log = logging.getLogger(__name__)

# Of the request that is being answered; empty in commands.
request_id: ContextVar[str] = ContextVar("request_id", default="")


def new_request_id() -> str:
    """In the vendor's form, so that headers and log say the same."""
    return f"RQ{uuid4().hex}"


# The address of whoever calls the embedded memory in this process.
WITHIN = "within"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds (console/web/middleware.py): not worth a line each, as
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
            token = request_id.set(request_id.get() or new_request_id())
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


# Called when the answer is there, with its route and status.
Tell = Callable[[str, int], None]

_tracer: Any = None


def start_tracing(exporter: Any = None) -> None:
    """Send spans from now on; without an exporter to OTEL_EXPORTER_OTLP_ENDPOINT.

    In the process that serves: the exporter's thread does not survive a fork. A span
    says the method, route and status of a request, or of a call to a memory: never an
    address, a body or an error's text, which can name a customer.
    """
    global _tracer
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", "memory-console")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    _tracer = provider.get_tracer("console")


@contextmanager
def trace_answer(half: str, method: str, headers: Mapping[str, str]) -> Iterator[Tell]:
    """A request to either half, as part of the trace that its headers name."""
    with _span("SERVER", method, headers, {"console.half": half}) as tell:
        yield tell


@contextmanager
def trace_call(
    host: str, method: str, headers: MutableMapping[str, str]
) -> Iterator[Tell]:
    """A call of a memory, whose headers then name this trace."""
    with _span("CLIENT", method, {}, {"server.address": host}) as tell:
        if _tracer:
            from opentelemetry import propagate

            propagate.inject(headers)
        yield tell


@contextmanager
def _span(
    kind: str, method: str, headers: Mapping[str, str], attributes: Mapping[str, str]
) -> Iterator[Tell]:
    if _tracer is None:
        yield lambda route, status: None
        return

    from opentelemetry import propagate
    from opentelemetry.trace import SpanKind, Status, StatusCode

    with _tracer.start_as_current_span(
        method,
        kind=SpanKind[kind],
        context=propagate.extract(headers) if headers else None,
        attributes={"http.request.method": method, **attributes},
        # Both would keep the error's text.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:

        def tell(route: str, status: int) -> None:
            span.update_name(f"{method} {route}".strip())
            span.set_attributes(
                {"http.route": route, "http.response.status_code": status}
            )

        try:
            yield tell
        except Exception as exc:
            span.set_status(Status(StatusCode.ERROR, type(exc).__name__))
            raise


BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUEST_SECONDS = Histogram(
    "console_request_seconds",
    "Answers by the half that gave them, console or memory, and their route",
    ("half", "method", "route", "status"),
    buckets=BUCKETS,
)
RECALL_SECONDS = Histogram(
    "console_recall_seconds",
    "Recalls of the built-in memory by mode: query, conversation or recent",
    ("mode",),
    buckets=BUCKETS,
)
# Read from the databases at each scrape, so that it is the same in every process.
STATE = CollectorRegistry()


class Gauge(Collector):
    """A figure that a query answers: by one label's values, or "" alone without one."""

    def __init__(
        self,
        name: str,
        text: str,
        read: Callable[[], dict[str, float]],
        label: str = "",
    ) -> None:
        self._family = (name, text)
        self._labels = [label] if label else []
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(*self._family, labels=self._labels)
        for value, figure in self._read().items():
            family.add_metric([value] if self._labels else [], figure)
        yield family

    def describe(self) -> list[GaugeMetricFamily]:
        """Asked when it is registered: no query before there are tables."""
        return [GaugeMetricFamily(*self._family, labels=self._labels)]


def render_metrics() -> bytes:
    """Everything in Prometheus' text form."""
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(STATE)
