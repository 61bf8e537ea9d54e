"""What happened, as rows of a page: summaries, and anything with a time by its day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from console.contract.memory.summary import Summary
from console.masking.masker import MaskedValue, Masker


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
    rows: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A summary, and its text as this person may see it."""

    id: str
    occurred_at: datetime
    summary: Summary
    shown: MaskedValue


def build_summary_rows(
    summaries: Iterable[Summary], masker: Masker
) -> list[SummaryRow]:
    return [
        SummaryRow(
            id=summary.id,
            occurred_at=summary.occurred_at,
            summary=summary,
            shown=masker.mask_text("summary", summary.id, summary.content),
        )
        for summary in summaries
    ]


def group_by_day(rows: Iterable[T]) -> list[Day[T]]:
    """Newest first, by when it happened: the memory lists by when it learned of it."""
    days = groupby(sort_newest_first(rows), key=lambda row: row.occurred_at.date())
    return [Day(on, tuple(rows)) for on, rows in days]


def sort_newest_first(rows: Iterable[T]) -> list[T]:
    return sorted(rows, key=lambda row: (row.occurred_at, row.id), reverse=True)
