"""What of a conversation may be remembered: applied before anything is stored."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any
from unicodedata import normalize

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from console.contract.conversations.learning import DEFAULT_RULES
from console.engine.extractive import FACT_MAX, Turn
from console.service.conversations.models import LearningRules
from console.service.memory.models import Store
from console.service.memory.stores import lock_store

# From the mildest to the strictest: of several the strictest decides.
_ORDER = ("keep", "redact", "quarantine", "drop")
_OUTCOMES = {"quarantine": "quarantined", "drop": "dropped"}
# So many turns are read as one text, and so many of them once more with the next ones:
# a card is said in four turns at most.
_TOGETHER, _AGAIN = 40, 4
# Soft hyphens, zero-width blanks and joiners, marks of direction.
_UNSEEN = "[\\u00ad\\u200b-\\u200f\\u2060\\ufeff]{0,9}"
# Letter to what is drawn as that letter: full width, in a circle, in mathematics.
_DRAWN: dict[str, str] = defaultdict(str)
for _char in map(
    chr, (*range(0x2460, 0x2500), *range(0xFF00, 0xFFF0), *range(0x1D400, 0x1D800))
):
    _DRAWN[normalize("NFKC", _char).lower()] += _char

Span = tuple[str, int, int]


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
        whole = "|".join(map(_spell, sorted(words, key=len, reverse=True)))
        self._words = re.compile(rf"(?<!\w)(?:{whole})(?!\w)", re.I) if words else None

    @classmethod
    def of(cls, store_id: str) -> "Rules":
        row = LearningRules.objects.filter(pk=store_id).first()
        return cls(row.kinds, row.words) if row else cls({}, [])

    def judge(self, text: str) -> Verdict:
        found = list(self._list_found(text))
        actions = {self.kinds[kind] for kind, _, _ in found}
        strictest = max(actions, key=_ORDER.index, default="keep")
        # Also out of what is held back, which a person may release.
        cleared = _remove(text, [x for x in found if self.kinds[x[0]] == "redact"])
        if outcome := _OUTCOMES.get(strictest, ""):
            kinds = dict.fromkeys(k for k, _, _ in found if self.kinds[k] == strictest)
            return Verdict(cleared, outcome, f"Holds: {', '.join(kinds)}.")
        return Verdict(cleared)

    def redact(self, text: str) -> str:
        """Without all that is not kept: a summary is not held back as a whole."""
        found = self._list_found(text)
        return _remove(text, [x for x in found if self.kinds[x[0]] != "keep"])

    def redact_turns(self, turns: Sequence[Turn]) -> list[Turn]:
        """Each without what is to be redacted, and without its share of what several
        say together, whatever is to become of that: of `4111 1111` and `1111 1111`
        neither is a card. The customer's turns are read by themselves as well, so that
        an agent's "go on" between them hides nothing."""
        found: dict[int, list[Span]] = defaultdict(list)
        for some in (turns, [turn for turn in turns if turn.role == "customer"]):
            for first in range(0, len(some), _TOGETHER - _AGAIN):
                for number, span in self._find_in(some[first : first + _TOGETHER]):
                    found[number].append(span)
        return [
            replace(turn, text=_remove(turn.text, found[turn.number])) for turn in turns
        ]

    def _find_in(self, turns: Sequence[Turn]) -> Iterator[tuple[int, Span]]:
        starts = [0, *accumulate(len(turn.text) + 1 for turn in turns)]
        for kind, start, end in self._list_found("\n".join(t.text for t in turns)):
            first, last = (bisect_right(starts, at) - 1 for at in (start, end - 1))
            action = self.kinds[kind]
            # A longer turn becomes several facts, of which each may hold a part.
            is_whole = first == last and len(turns[first].text) <= FACT_MAX
            if action == "redact" or (action != "keep" and not is_whole):
                for n in range(first, last + 1):
                    share = max(start - starts[n], 0), end - starts[n]
                    yield turns[n].number, (kind, *share)

    def _list_found(self, text: str) -> Iterator[Span]:
        for data in self._find(text):
            yield data.shape.name.lower(), data.start, data.end
        for match in self._words.finditer(text) if self._words else ():
            yield "words", match.start(), match.end()


def _spell(word: str) -> str:
    """A pattern for a word however it is encoded: `Müller` also with its dots apart, over
    a line's end, in full width, and with characters between its own that cannot be seen."""
    letters = " ".join(normalize("NFKC", word).split())
    return _UNSEEN.join(map(_spell_letter, letters))


def _spell_letter(letter: str) -> str:
    if letter == " ":
        return r"\s+"
    forms = (letter, normalize("NFD", letter), *_DRAWN[letter.lower()])
    return f"(?:{'|'.join(map(re.escape, forms))})"


def _remove(text: str, found: Iterable[Span]) -> str:
    """Of two that overlap the second goes with the first."""
    pieces: list[str] = []
    end = 0
    for kind, start, until in sorted(found, key=lambda each: each[1]):
        if start >= end:
            pieces += text[end:start], f"[{kind} removed]"
        end = max(end, until)
    # An end may lie beyond the text: in the next turn.
    return "".join([*pieces, text[end:]])


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
