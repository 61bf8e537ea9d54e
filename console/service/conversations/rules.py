"""What of a conversation may be remembered: applied before anything is stored."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from console.contract.conversations.learning import DEFAULT_RULES
from console.service.conversations.models import LearningRules
from console.service.memory.models import Store
from console.service.memory.stores import lock_store

# From the mildest to the strictest: of several the strictest decides.
_ORDER = ("keep", "redact", "quarantine", "drop")
_OUTCOMES = {"quarantine": "quarantined", "drop": "dropped"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """text     what may be stored
    outcome  quarantined or dropped; empty: it may be stored
    reason   which kinds it holds, never what
    """

    text: str
    outcome: str = ""
    reason: str = ""


class Rules:
    """Those of one store, ready to judge."""

    def __init__(self, kinds: Mapping[str, str], words: Sequence[str]) -> None:
        self.kinds = DEFAULT_RULES | dict(kinds)
        self._find = import_string(settings.MEMORY_DETECTOR)
        whole = "|".join(
            re.escape(word) for word in sorted(words, key=len, reverse=True)
        )
        self._words = re.compile(rf"(?<!\w)(?:{whole})(?!\w)", re.I) if words else None

    @classmethod
    def of(cls, store_id: str) -> "Rules":
        row = LearningRules.objects.filter(pk=store_id).first()
        return cls(row.kinds, row.words) if row else cls({}, [])

    def judge(self, text: str) -> Verdict:
        found = list(self._list_found(text))
        actions = {self.kinds[kind] for kind, _, _ in found}
        strictest = max(actions, key=_ORDER.index, default="keep")
        if strictest == "redact":
            return Verdict(self._remove(text, found))
        if outcome := _OUTCOMES.get(strictest, ""):
            kinds = dict.fromkeys(k for k, _, _ in found if self.kinds[k] == strictest)
            return Verdict(text, outcome, f"Holds: {', '.join(kinds)}.")
        return Verdict(text)

    def redact(self, text: str) -> str:
        """Without all that is not kept: a summary is not held back as a whole."""
        return self._remove(text, list(self._list_found(text)))

    def _remove(self, text: str, found: Sequence[tuple[str, int, int]]) -> str:
        pieces: list[str] = []
        end = 0
        for kind, start, until in sorted(found, key=lambda each: each[1]):
            if self.kinds[kind] != "keep" and start >= end:
                pieces += text[end:start], f"[{kind} removed]"
                end = until
        return "".join([*pieces, text[end:]])

    def _list_found(self, text: str) -> Iterator[tuple[str, int, int]]:
        for data in self._find(text):
            yield data.shape.name.lower(), data.start, data.end
        for match in self._words.finditer(text) if self._words else ():
            yield "words", match.start(), match.end()


@transaction.atomic(using="memory")
def put_rules(store: Store, kinds: Mapping[Any, str], words: Sequence[str]) -> None:
    """Replaces them; what was learned before stays as it is."""
    lock_store(store)
    row = LearningRules.objects.filter(pk=store.id).first()
    LearningRules.objects.update_or_create(
        store_id=store.id,
        defaults={
            "kinds": DEFAULT_RULES | dict(kinds),
            "words": list(dict.fromkeys(words)),
            "version": row.version + 1 if row else 1,
        },
    )
