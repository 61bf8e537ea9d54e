"""What a timeline can be narrowed to, and its query string."""

import unicodedata
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

KINDS = {"observation": "observations only", "summary": "summaries only"}


def fold_text(text: str) -> str:
    """For comparison: without case, accents and compatibility forms."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text)
    plain = (char for char in decomposed if not unicodedata.combining(char))
    return "".join(plain).casefold()


@dataclass(frozen=True)
class TimelineFilters:
    """begin and end are days of occurrence, UTC, both included; "" and None: any.

    typed  stands for the words in addresses (console/web/typed.py)
    """

    words: str = field(default="", repr=False)
    kind: str = ""
    source: str = ""
    conversation: str = ""
    begin: date | None = None
    end: date | None = None
    typed: str = field(default="", compare=False)

    @classmethod
    def from_form(cls, cleaned_data: dict[str, Any]) -> "TimelineFilters":
        """From a form's clean values, whatever else is among them."""
        return cls(**{name: cleaned_data[name] for name in FILTER_NAMES})

    @cached_property
    def folded_words(self) -> list[str]:
        return fold_text(self.words).split()

    @cached_property
    def are_set(self) -> bool:
        return self != NO_FILTERS

    def match_words(self, text: str) -> bool:
        """Whether every word occurs in it."""
        if not self.folded_words:
            return True
        folded = fold_text(text)
        return all(word in folded for word in self.folded_words)

    def match_day(self, day: date) -> bool:
        return (self.begin is None or self.begin <= day) and (
            self.end is None or day <= self.end
        )

    def build_query(self, **changes: Any) -> str:
        """The query string of the same filters with changes: `?source=chat`."""
        changed = replace(self, **changes)
        given = {
            name: value
            for name in FILTER_NAMES
            if name not in {"words", "typed"} and (value := getattr(changed, name))
        }
        if changed.words:
            given["typed"] = changed.typed
        return f"?{urlencode(given)}"

    @cached_property
    def query(self) -> str:
        return self.build_query()

    @cached_property
    def descriptions(self) -> list[str]:
        """Each filter that is set, as headings and paper say it."""
        texts = [
            f"containing “{self.words}”" if self.words else "",
            KINDS.get(self.kind, ""),
            f"from source {self.source}" if self.source else "",
            f"in conversation {self.conversation}" if self.conversation else "",
            f"since {self.begin.isoformat()}" if self.begin else "",
            f"until {self.end.isoformat()}" if self.end else "",
        ]
        return [text for text in texts if text]


FILTER_NAMES = tuple(filter_field.name for filter_field in fields(TimelineFilters))
NO_FILTERS = TimelineFilters()
