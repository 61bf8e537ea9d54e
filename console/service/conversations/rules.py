"""What of a conversation, and of what clients write, may be remembered: applied before
anything is stored."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from msgspec.structs import asdict

from console.contract.conversations.learning import (
    DEFAULT_RULES,
    EARLIER_MAX,
    EarlierRules,
    PutLearningRules,
)
from console.contract.memory.observation import CONTENT_MAX
from console.engine.extractive import FACT_MAX, Turn
from console.service import errors
from console.service.conversations.models import LearningRules
from console.service.http.answers import from_row
from console.service.memory.models import Store
from console.service.memory.queries import read_row
from console.service.memory.stores import check_version, lock_store

# From the mildest to the strictest: of several the strictest decides.
_ORDER = ("keep", "redact", "quarantine", "drop")
_OUTCOMES = {"quarantine": "quarantined", "drop": "dropped"}
# So many turns are read as one text, and so many of them once more with the next ones:
# a card is said in four turns at most.
_TOGETHER, _AGAIN = 40, 4
_REMOVED = re.compile(r"\[(\w+) removed\]")

Span = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from, as far as it is known: exceptions go by it."""

    channel: str = ""
    source: str = ""
    speaker: str = ""

    def meets(self, exception: Mapping[str, str]) -> bool:
        source = exception["source"]
        return (
            exception["channel"] in ("", self.channel)
            and exception["speaker"] in ("", self.speaker)
            and (
                source in ("", self.source)
                or (source[-1] == "*" and self.source.startswith(source[:-1]))
            )
        )


ANYWHERE = Origin()


@dataclass(frozen=True, slots=True)
class Verdict:
    """text     what may be stored
    outcome  quarantined or dropped; empty: it may be stored
    reason   which kinds are held back or were removed, never what it was
    """

    text: str
    outcome: str = ""
    reason: str = ""
    kinds: Sequence[str] = ()


class Rules:
    """Those of one store, ready to judge."""

    def __init__(
        self,
        kinds: Mapping[Any, str] = {},
        words: Sequence[str] = (),
        exceptions: Sequence[Mapping[str, str]] = (),
        version: int = 0,
    ) -> None:
        self.kinds = DEFAULT_RULES | dict(kinds)
        self.version = version
        self._exceptions = exceptions
        self.find = import_string(settings.MEMORY_DETECTOR)(words)

    @classmethod
    def of(cls, store_id: str) -> "Rules":
        row = LearningRules.objects.filter(pk=store_id).first()
        return cls.of_row(row) if row else cls()

    @classmethod
    def of_row(cls, row: LearningRules) -> "Rules":
        return cls(row.kinds, row.words, row.exceptions, row.version)

    @classmethod
    def from_body(cls, rules: PutLearningRules) -> "Rules":
        """Raises Invalid."""
        check_words(rules)
        return cls(rules.kinds, rules.words, _dump_exceptions(rules))

    def decide(self, kind: str, origin: Origin) -> str:
        """What becomes of a kind; of the exceptions the first that fits counts."""
        for each in self._exceptions:
            if each["kind"] in (kind, "any") and origin.meets(each):
                return each["action"]
        return self.kinds.get(kind, "keep")

    def holds(self, origin: Origin) -> bool:
        """Whether nothing that comes from there is stored at once."""
        return self.decide("any", origin) in _OUTCOMES

    def judge(self, text: str, origin: Origin = ANYWHERE) -> Verdict:
        found = list(self.find(text))
        actions = {kind: self.decide(kind, origin) for kind, _, _ in found}
        # Of a text in which nothing was found: only an exception for any kind says it.
        actions["any"] = self.decide("any", origin)
        strictest = max(actions.values(), key=_ORDER.index)
        # Also out of what is held back, which a person may release.
        cleared = _remove(text, [x for x in found if actions[x[0]] == "redact"])
        if outcome := _OUTCOMES.get(strictest, ""):
            kinds = [kind for kind, action in actions.items() if action == strictest]
            return Verdict(cleared, outcome, self.explain(outcome, kinds), kinds)
        return Verdict(
            cleared, "", self.explain_redaction(cleared), list_removed(cleared)
        )

    def explain_redaction(self, text: str) -> str:
        """Of a text from which something was removed; else empty."""
        kinds = list_removed(text)
        return self.explain("redacted", kinds) if kinds else ""

    def explain_refusal(self, text: str) -> str:
        """Of a text that is stored only if all of it is kept; else empty."""
        kinds = self.judge(text).kinds
        return self.explain("not stored", kinds) if kinds else ""

    def explain(self, outcome: str, kinds: Sequence[str]) -> str:
        rules = f"rules, version {self.version}" if self.version else "default rules"
        return f"{outcome.capitalize()} by the {rules}: {', '.join(kinds)}."

    def redact(self, text: str, origin: Origin = ANYWHERE) -> str:
        """Without all that is not kept: a summary is not held back as a whole."""
        if self.holds(origin):
            return ""
        found = self.find(text)
        return _remove(text, [x for x in found if self.decide(x[0], origin) != "keep"])

    def redact_turns(
        self, turns: Sequence[Turn], origins: Mapping[int, Origin]
    ) -> list[Turn]:
        """Each without what is to be redacted, and without its share of what several
        say together, whatever is to become of that: of `4111 1111` and `1111 1111`
        neither is a card. The customer's turns are read by themselves as well, so that
        an agent's "go on" between them hides nothing."""
        found: dict[int, list[Span]] = defaultdict(list)
        for some in (turns, [turn for turn in turns if turn.role == "customer"]):
            for first in range(0, len(some), _TOGETHER - _AGAIN):
                together = some[first : first + _TOGETHER]
                for number, span in self._find_in(together, origins):
                    found[number].append(span)
        cleared = (
            replace(turn, text=_remove(turn.text, found[turn.number]))
            for turn in turns
            # What an agent asks is quoted before the answer.
            if turn.role == "customer" or not self.holds(origins[turn.number])
        )
        return list(cleared)

    def _find_in(
        self, turns: Sequence[Turn], origins: Mapping[int, Origin]
    ) -> Iterator[tuple[int, Span]]:
        starts = [0, *accumulate(len(turn.text) + 1 for turn in turns)]
        for kind, start, end in self.find("\n".join(turn.text for turn in turns)):
            first, last = (bisect_right(starts, at) - 1 for at in (start, end - 1))
            # A longer turn becomes several facts, of which each may hold a part.
            is_whole = first == last and len(turns[first].text) <= FACT_MAX
            for n in range(first, last + 1):
                action = self.decide(kind, origins[turns[n].number])
                if action == "redact" or (action != "keep" and not is_whole):
                    share = max(start - starts[n], 0), end - starts[n]
                    yield turns[n].number, (kind, *share)


def list_removed(text: str) -> list[str]:
    """The kinds of what was removed from a text."""
    return list(dict.fromkeys(_REMOVED.findall(text)))


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


def check_words(rules: PutLearningRules) -> None:
    read_word = import_string(settings.MEMORY_DETECTOR).read_word
    for number, word in enumerate(rules.words):
        if not read_word(word):
            raise errors.Invalid(f"words[{number}]: must hold a visible character")


@transaction.atomic(using="memory")
def put_rules(store: Store, rules: PutLearningRules, *, if_match: str = "") -> None:
    """Replaces them; what was learned before stays as it is, and so do the rules that
    it was learned by. Raises Invalid, Stale."""
    check_words(rules)
    lock_store(store)
    row = LearningRules.objects.filter(pk=store.id).first()
    check_version(if_match, row.version if row else 0)
    LearningRules.objects.update_or_create(
        store_id=store.id,
        defaults={
            "kinds": DEFAULT_RULES | dict(rules.kinds.items()),
            "words": list(dict.fromkeys(rules.words)),
            "exceptions": _dump_exceptions(rules),
            "applies_to_writes": rules.applies_to_writes,
            "version": row.version + 1 if row else 1,
            "earlier": [_dump(row), *row.earlier][:EARLIER_MAX] if row else [],
            "updated_at": timezone.now(),
        },
    )


def _dump_exceptions(rules: PutLearningRules) -> list[dict[str, str]]:
    return [asdict(exception) for exception in rules.exceptions]


def _dump(row: LearningRules) -> Any:
    return msgspec.to_builtins(from_row(EarlierRules, row))


class WriteRules:
    """Those that apply to what clients write to a store, where it says so."""

    def __init__(self, store: Store) -> None:
        row = read_row(LearningRules, store_id=store.id)
        applies = row is not None and row.applies_to_writes
        self._rules = Rules.of_row(row) if applies else None
        self.told: list[str] = []

    @classmethod
    def of(cls, store: Store) -> "WriteRules":
        """Read once for a store that is held: put_rules waits for it."""
        if "write_rules" not in vars(store):
            vars(store)["write_rules"] = cls(store)
        known: WriteRules = vars(store)["write_rules"]
        return known

    def refuse(self, trait: Any) -> str:
        """Why a trait is not stored, or "". What somebody is found by is."""
        if self._rules is None or trait.value is None or trait.id_type:
            return ""
        return self._rules.explain_refusal(str(trait.value))

    def part_traits(self, traits: Iterable[Any]) -> tuple[list[Any], list[str]]:
        """Those that are stored, and why the others are not."""
        reasons = [(trait, self.refuse(trait)) for trait in traits]
        refused = [f"{trait.path}: {why}" for trait, why in reasons if why]
        return [trait for trait, why in reasons if not why], refused

    def judge(self, item: Mapping[str, Any], path: str) -> Verdict:
        if self._rules is None:
            return Verdict(item["content"])
        verdict = self._rules.judge(item["content"], Origin(source=item["source"]))
        if verdict.reason:
            self.told.append(f"{path}: {verdict.reason}")
        return replace(verdict, text=verdict.text[:CONTENT_MAX])

    def redact(self, content: str, source: str, path: str) -> str:
        """Of what is not held back as a whole; "" for what comes from where nothing is
        kept."""
        if self._rules is None:
            return content
        text = self._rules.redact(content, Origin(source=source))[:CONTENT_MAX]
        if text != content:
            why = self._rules.explain_redaction(text)
            why = why or self._rules.explain("not stored", ["any"])
            self.told.append(f"{path}: {why}")
        return text
