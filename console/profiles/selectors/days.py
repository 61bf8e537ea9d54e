"""Observations by the day they happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from console.client.values import Observation


@dataclass(frozen=True, slots=True)
class Day:
    """Observations of one day, UTC, newest first."""

    on: date
    observations: tuple[Observation, ...]


def by_day(observations: Sequence[Observation]) -> list[Day]:
    """A page of observations in the order in which they happened, newest first.

    The memory lists by when it learned a thing; a person asks when it happened.
    """
    newest = sorted(observations, key=lambda o: (o.occurred_at, o.id), reverse=True)
    return [
        Day(on, tuple(items))
        for on, items in groupby(newest, key=lambda o: o.occurred_at.date())
    ]
