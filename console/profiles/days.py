"""Anything that happened at a time, by the day it happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Generic, Protocol, TypeVar


class Dated(Protocol):
    """occurred_at is UTC."""

    @property
    def id(self) -> str: ...

    @property
    def occurred_at(self) -> datetime: ...


T = TypeVar("T", bound=Dated)


@dataclass(frozen=True, slots=True)
class Day(Generic[T]):
    """What happened on one day, UTC, newest first."""

    on: date
    items: tuple[T, ...]


def by_day(items: Iterable[T]) -> list[Day[T]]:
    """Items in the order in which they happened, newest first.

    The memory lists by when it learned a thing; a person asks when it happened.
    """
    days = groupby(newest_first(items), key=lambda each: each.occurred_at.date())
    return [Day(on, tuple(group)) for on, group in days]


def newest_first(items: Iterable[T]) -> list[T]:
    return sorted(items, key=lambda each: (each.occurred_at, each.id), reverse=True)
