"""What a timeline can be narrowed to, and how that stands in an address."""

import unicodedata
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

KINDS = {"observation": "observations alone", "summary": "summaries alone"}


def fold(text: str) -> str:
    """Text as it is compared: without case, accents and forms of compatibility."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


@dataclass(frozen=True, slots=True)
class Filters:
    """begin and end are days of occurrence, UTC, both included; "" and None: any."""

    words: str = field(default="", repr=False)
    kind: str = ""
    source: str = ""
    conversation: str = ""
    begin: date | None = None
    end: date | None = None

    @classmethod
    def of(cls, query: dict[str, Any]) -> "Filters":
        """From a form's clean values, whatever else stands in them."""
        return cls(**{each.name: query[each.name] for each in fields(cls)})

    @property
    def folded(self) -> list[str]:
        return fold(self.words).split()

    @property
    def are_set(self) -> bool:
        return self != EVERYTHING

    def holds_words(self, text: str) -> bool:
        """Whether every word occurs in it."""
        folded = fold(text)
        return all(word in folded for word in self.folded)

    def holds_day(self, day: date) -> bool:
        return (self.begin is None or self.begin <= day) and (
            self.end is None or day <= self.end
        )

    def but(self, **changes: Any) -> str:
        """The query string of the same filters with changes: `?source=chat`."""
        other = replace(self, **changes)
        given = {
            each.name: value
            for each in fields(self)
            if (value := getattr(other, each.name))
        }
        return f"?{urlencode(given)}"

    @property
    def query(self) -> str:
        return self.but()

    @property
    def in_words(self) -> list[str]:
        """Each filter that is set, as paper and headings say it."""
        said = [
            f"with the words “{self.words}”" if self.words else "",
            KINDS.get(self.kind, ""),
            f"from source {self.source}" if self.source else "",
            f"of conversation {self.conversation}" if self.conversation else "",
            f"from {self.begin.isoformat()} on" if self.begin else "",
            f"up to {self.end.isoformat()}" if self.end else "",
        ]
        return [each for each in said if each]


EVERYTHING = Filters()
