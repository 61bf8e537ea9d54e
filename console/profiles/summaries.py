"""Summaries of conversations as a person may read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.client.values import Summary
from console.masking.masker import MaskedValue, Masker


@dataclass(frozen=True, slots=True)
class Story:
    """One summary and its text as it may be seen."""

    summary: Summary
    shown: MaskedValue

    @property
    def id(self) -> str:
        return self.summary.id

    @property
    def occurred_at(self) -> datetime:
        return self.summary.occurred_at


def stories(summaries: Sequence[Summary], masker: Masker) -> list[Story]:
    return [
        Story(each, masker.text("summary", each.id, each.content)) for each in summaries
    ]
