"""Traces by OpenTelemetry (extra `traces`); nothing at all until `start`.

A span says the method, route and status of a request, or of a call to a memory. Never
an address, a body or an error's text: those can name a customer.
"""

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

# Called when the answer is there, with its route and status.
Tell = Callable[[str, int], None]

_tracer: Any = None


def start(exporter: Any = None) -> None:
    """Send spans from now on; without an exporter to OTEL_EXPORTER_OTLP_ENDPOINT.

    In the process that serves: the exporter's thread does not survive a fork.
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
