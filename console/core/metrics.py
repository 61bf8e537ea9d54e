"""What this installation counts and times, for Prometheus; never a customer.

Web processes keep their counts in files of one folder (PROMETHEUS_MULTIPROC_DIR), which
the server makes at its start, so that whichever answers a scrape tells of all.
"""

import os
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

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


def render() -> bytes:
    """Everything in Prometheus' text form."""
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(STATE)
