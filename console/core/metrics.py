"""What this installation counts and times, for Prometheus; never a customer.

Web processes keep their counts in files of one folder (PROMETHEUS_MULTIPROC_DIR), which
the server makes at its start, so that whichever answers a scrape tells of all.
"""

import os
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from console.core.tracing import trace_answer

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

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


def measure(half: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Middleware that times and traces every answer of one half."""

    def middleware(get_response: Callable[..., Any]) -> Callable[..., Any]:
        def respond(request: Any) -> Any:
            started = perf_counter()
            # Anybody can send any word for a method; each would be a series.
            method = request.method if request.method in METHODS else "other"
            with trace_answer(half, method, request.headers) as tell:
                response = get_response(request)
                route = request.resolver_match.route if request.resolver_match else ""
                tell(route, response.status_code)
            series = REQUEST_SECONDS.labels(half, method, route, response.status_code)
            series.observe(perf_counter() - started)
            return response

        return respond

    return middleware


measure_pages = measure("console")
measure_memory = measure("memory")


def render() -> bytes:
    """Everything in Prometheus' text form."""
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(STATE)
