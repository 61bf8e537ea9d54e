"""What a chat model makes of a conversation, as far as it can be believed.

At most two questions a customer: what the facts are, and, if the memory has something
like them, what they change. A model can be wrong, and a customer can tell it to be. So
what is said goes to it as data between marks that nobody can guess, and each answer is
held to what was said. Example: from "I moved" it makes "I moved to Oslo in 2019".
Neither Oslo nor 2019 was said; the fact is quarantined, with "Unsupported: 2019".
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from console.core.chat import ChatEndpoint, Unanswered, Usage, ask
from console.engine.extractive import (
    SUMMARY_MAX,
    Fact,
    Turn,
    attribute,
    describe,
    resolve_dates,
)
from console.engine.support import find_unsupported
from console.service.conversations.models import ModelUsage
from console.service.conversations.reading import (
    Decision,
    ExtractionInput,
    Lesson,
    judge,
    summarise_sentences,
)
from console.service.conversations.rules import Verdict
from console.service.memory.models import Store

FACT_CHARS, WHY_CHARS = 600, 200
# Whoever has no name (reading.py).
NOBODY = "Customer"
# What a question may hold of a conversation, about 15,000 tokens; and of turns that were
# learned from before, where no summary is wanted.
TALK_CHARS, CONTEXT = 60_000, 20
# Of a text that repeats so many words of ours.
ECHO = 8

_PROMPTS = Path(__file__).with_name("prompts")
EXTRACT = (_PROMPTS / "extract.txt").read_text("utf-8")
RECONCILE = (_PROMPTS / "reconcile.txt").read_text("utf-8")
# Where one of these was said, what a model makes of it is for a person to judge.
_COMMAND = re.compile(
    "|".join((_PROMPTS / "commands.txt").read_text("utf-8").splitlines()),
    re.IGNORECASE | re.MULTILINE,
)


class FoundFact(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    turns: list[int]
    about: Literal["customer", "agent", "other"]


class Found(msgspec.Struct, forbid_unknown_fields=True):
    facts: list[FoundFact]
    summary: str


class FactChange(msgspec.Struct, forbid_unknown_fields=True):
    fact: int
    action: Literal["add", "same", "update", "contradict"]
    of: int
    text: str
    why: str


class FactChanges(msgspec.Struct, forbid_unknown_fields=True):
    decisions: list[FactChange]


def has_tokens(store_id: str) -> bool:
    """Whether a store may ask today. What is being asked at this moment comes on top."""
    return sum(count_today(store_id=store_id).values()) < settings.MODEL_TOKENS_PER_DAY


def count_today(**of: str) -> dict[str, float]:
    """Tokens that were read and written, of all stores or of one."""
    today = ModelUsage.objects.filter(day=timezone.now().date(), **of)
    found = today.aggregate(**{"in": Sum("tokens_in"), "out": Sum("tokens_out")})
    return {way: count or 0 for way, count in found.items()}


@transaction.atomic(using="memory")
def count_usage(store_id: str, usage: Usage) -> None:
    """Also of answers that were of no use; not of a store that is gone."""
    if usage.calls and Store.objects.select_for_update().filter(pk=store_id).first():
        key: dict[str, Any] = {"store_id": store_id, "day": timezone.now().date()}
        ModelUsage.objects.get_or_create(**key)
        ModelUsage.objects.filter(**key).update(
            calls=F("calls") + usage.calls,
            tokens_in=F("tokens_in") + usage.tokens_in,
            tokens_out=F("tokens_out") + usage.tokens_out,
        )


def compute_cost(used: ModelUsage) -> float | None:
    """By MODEL_PRICES; None without them."""
    if not settings.MODEL_PRICES:
        return None
    read, written = settings.MODEL_PRICES
    cost: float = (used.tokens_in * read + used.tokens_out * written) / 1_000_000
    return round(cost, 6)


def extract_by_model(
    talk: ExtractionInput, endpoint: ChatEndpoint, usage: Usage
) -> Lesson:
    """Raises Unanswered."""
    return _Extraction(talk, endpoint, usage).extract()


class _Extraction:
    """turns  those that are shown, with relative dates resolved
    news   numbers of the customer's that are new
    """

    def __init__(
        self, talk: ExtractionInput, endpoint: ChatEndpoint, usage: Usage
    ) -> None:
        self.talk, self.rules = talk, talk.rules
        self.ask = partial(ask, endpoint, usage=usage)
        # As a source can have it: `model-1/gpt-4o`.
        name = re.sub(r"[^A-Za-z0-9 _./-]", "-", endpoint.model)
        self.extractor = f"model-1/{name}"[:40]
        mine = [turn for turn in talk.turns if turn.role == "customer"]
        self.news = {turn.number for turn in mine} & set(talk.news)
        names = {turn.speaker for turn in mine} - {NOBODY}
        words = {*names, *(word for name in names for word in name.split()), "\0"}
        spelled = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        # Not in an address: `ana@example.com` stays what it is.
        self.named = re.compile(rf"(?<![\w@./-])(?:{spelled})(?![\w@/-])")
        self.turns = [self._show(turn) for turn in self._select()]

    def _select(self) -> Sequence[Turn]:
        """What is new, and of what was before as much as has room. Raises Unanswered."""
        turns, ends = self.talk.turns, self.talk.ends
        new = [n for n, turn in enumerate(turns) if turn.number in self.news]
        if not (new or ends):
            return ()
        begin = max(new[0] - CONTEXT, 0) if new and not ends else 0
        room, number = TALK_CHARS, len(turns)
        while number > begin and (room := room - len(turns[number - 1].text)) >= 0:
            number -= 1
        if new and number > new[0]:
            raise Unanswered("The conversation is longer than a model is given.")
        return turns[number:]

    def _show(self, turn: Turn) -> Turn:
        """Nothing of one whose facts the store's rules drop."""
        text = resolve_dates(turn.text, turn.said_at, self.talk.zone)
        is_dropped = self.talk.judge(turn.text, [turn.number]).outcome == "dropped"
        return replace(turn, text="[removed]" if is_dropped else text)

    def _clean(self, text: str) -> str:
        """On one line, and without the customer's name, which pages could not mask."""
        text = self.named.sub("the customer", " ".join(text.split()))
        return text[:1].upper() + text[1:]

    def extract(self) -> Lesson:
        lesson = Lesson(self.talk.profile_id, self.extractor, [], [], "")
        if not self.turns:
            return lesson
        rows = (
            {
                "turn": turn.number,
                "new": turn.number in self.news,
                "speaker": turn.speaker,
                "role": turn.role,
                "on": _say_day(turn),
                "text": turn.text,
            }
            for turn in self.turns
        )
        wanted = f"\n\nSummary wanted: {'yes' if self.talk.ends else 'no'}"
        found = self.ask(EXTRACT, _mark(rows) + wanted, Found)
        told, withheld = self._check(found.facts)
        facts, refused = judge(self.talk, told)
        return replace(
            lesson,
            facts=facts,
            withheld=[*withheld, *refused],
            summary=self._check_summary(found.summary) if self.talk.ends else "",
            decisions=self._reconcile(facts),
        )

    def _check(
        self, found: Iterable[FoundFact]
    ) -> tuple[list[Fact], list[tuple[Fact, Verdict]]]:
        """The facts that can be believed, no more than turns, and the others."""
        mine = {t.number: t for t in self.turns if t.role == "customer"}
        facts, withheld, seen = list[Fact](), [], set[str]()
        for each in found:
            text = self._clean(each.text)
            # What stands on nothing is shown beside what was said last.
            stands = sorted(mine.keys() & set(each.turns)) or list(mine)[-1:]
            # What stands on context alone was learned from before.
            if not text or text.casefold() in seen or not self.news & set(stands[-1:]):
                continue
            seen.add(text.casefold())
            outcome, reason = self._find_fault(each, text, stands)
            last = mine[stands[-1]]
            fact = Fact(tuple(stands), attribute(last, text), last.said_at)
            if not outcome and len(facts) == len(self.news):
                outcome, reason = "dropped", "More facts than turns."
            if not outcome:
                facts.append(fact)
                continue
            # Also without what the rules take out of it: a person may release it.
            own = self.talk.judge(fact.text, fact.turns)
            outcome = "dropped" if own.outcome == "dropped" else outcome
            verdict = Verdict(own.text, outcome, self.rules.redact(reason))
            withheld.append((replace(fact, text=own.text), verdict))
        return sorted(facts, key=lambda fact: fact.turns[-1]), withheld

    def _find_fault(
        self, found: FoundFact, text: str, stands: Collection[int]
    ) -> tuple[str, str]:
        """What becomes of it, and why; "" for a fact that can be believed."""
        foreign = sorted(set(found.turns) - set(stands))
        if found.about != "customer":
            return "dropped", "It is not about the customer."
        if _echoes(text):
            return "dropped", "It repeats the instructions."
        if len(text) > FACT_CHARS:
            reason = f"Longer than {FACT_CHARS} characters."
        elif foreign or not found.turns:
            reason = f"Unsupported: turn {foreign[0] if foreign else 'none'}."
        else:
            reason = self._find_doubt(text, stands)
        return ("quarantined" if reason else ""), reason

    def _find_doubt(self, text: str, numbers: Collection[int], *known: str) -> str:
        """Why a text cannot be believed, by the turns that it stands on, the one before
        each, for a question may be half of it, and by what is known; "" if it can."""
        places = {n for n, turn in enumerate(self.turns) if turn.number in numbers}
        said = [self.turns[n].text for n in places]
        if any(_COMMAND.search(each) for each in (text, *said)):
            return "What it stands on reads as an instruction."
        near = [self.turns[n] for n in places | {max(n - 1, 0) for n in places}]
        said = [part for turn in near for part in (turn.text, _say_day(turn))]
        part = find_unsupported(text, [*said, *known], (turn.speaker for turn in near))
        return f"Unsupported: {part[:100]}." if part else ""

    def _check_summary(self, summary: str) -> str:
        """The model's below a line of ours; where it cannot be believed, sentences."""
        talk, text = self.talk, self._clean(summary)
        head = describe(talk.turns, talk.zone, talk.channel, talk.agent)
        fits = 0 < len(text) < SUMMARY_MAX - len(head) and not _echoes(text)
        if not fits or self._find_doubt(text, [turn.number for turn in self.turns]):
            return summarise_sentences(talk)
        return self.rules.redact(f"{head}\n{text}")

    def _reconcile(self, facts: Sequence[Fact]) -> Mapping[Fact, Decision]:
        """What each changes of what is known; without an entry it is added. Raises
        Unanswered, if another try may do better."""
        known = self.talk.known
        like = {fact: known.find_like(fact.text) for fact in facts} if known else {}
        ids = list(dict.fromkeys(chain.from_iterable(like.values())))
        if known is None or not ids:
            return {}
        contents, redact = known.contents, self.rules.redact
        rows = (
            {
                "fact": number,
                "text": fact.text,
                "on": f"{fact.said_at:%Y-%m-%d}",
                "like": [
                    {"of": ids.index(id_) + 1, "text": redact(contents[id_])}
                    for id_ in like[fact]
                ],
            }
            for number, fact in enumerate(facts, start=1)
            if like[fact]
        )
        try:
            made = self.ask(RECONCILE, _mark(rows), FactChanges)
        except Unanswered as exc:
            if exc.is_passing:
                raise
            return {}
        decisions: dict[Fact, Decision] = {}
        free = dict(enumerate(ids, start=1))
        for change in made.decisions:
            fact = dict(enumerate(facts, start=1)).get(change.fact)
            id_ = free.get(change.of, "")
            if fact in like and id_ in like[fact] and fact not in decisions:
                del free[change.of]
                decisions[fact] = self._decide(fact, change, id_, contents[id_])
        return decisions

    def _decide(
        self, fact: Fact, change: FactChange, id_: str, before: str
    ) -> Decision:
        """What it says of a text that it was shown, if the text that it makes of it can be
        believed."""
        why = self.rules.redact(" ".join(change.why.split())[:WHY_CHARS])
        text = " ".join(change.text.split())
        if change.action in ("add", "same"):
            return Decision(change.action, id_, before, "", why)
        doubt = self._find_doubt(text, fact.turns, before, fact.text)
        own = self.talk.judge(text, fact.turns)
        if not 0 < len(text) <= FACT_CHARS or _echoes(text):
            doubt = "Its text does not fit."
        if reason := self.rules.redact(doubt) or (own.outcome and own.reason):
            why = f"Nothing older was changed: {reason}"
            return Decision("add", id_, before, "", why)
        return Decision(change.action, id_, before, own.text, why)


def _mark(rows: Iterable[Mapping[str, Any]]) -> str:
    """As data: a mark that no turn can know, and a line each that no turn can end."""
    mark = token_hex(8)
    lines = [msgspec.json.encode(row).decode() for row in rows]
    return "\n".join([mark, *lines, mark])


def _say_day(turn: Turn) -> str:
    return f"{turn.said_at:%A} {turn.said_at.day} {turn.said_at:%B %Y}"


def _list_runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return set(zip(*(words[n:] for n in range(ECHO)), strict=False))


_OURS = _list_runs(f"{EXTRACT} {RECONCILE}")


def _echoes(text: str) -> bool:
    return not _OURS.isdisjoint(_list_runs(text))
