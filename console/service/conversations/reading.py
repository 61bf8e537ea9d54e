"""A conversation as it was read, and what its customers' words teach without a model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Literal

from django.db.models import F
from django.utils import timezone

from console.engine.extractive import Fact, Turn, extract, summarise
from console.service.conversations.events import list_participants
from console.service.conversations.models import (
    Communication,
    Conversation,
    Transition,
)
from console.service.conversations.rules import Rules, Verdict

EXTRACTIVE = "extractive-1"


@dataclass(frozen=True, slots=True)
class Talk:
    """What an extractor is given: a conversation as one of its customers takes part.

    turns  without what the store's rules redact
    news   numbers of those that were not learned from as they are now
    ends   whether a summary is wanted
    agent  "" for none
    """

    profile_id: str
    turns: Sequence[Turn]
    news: Collection[int]
    ends: bool
    channel: str
    agent: str
    zone: tzinfo
    rules: Rules


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an extractor makes of a talk.

    withheld  facts that become no observations, and why
    summary   "" for none
    """

    profile_id: str
    extractor: str
    facts: Sequence[Fact]
    withheld: Sequence[tuple[Fact, Verdict]]
    summary: str


def extract_sentences(talk: Talk) -> Lesson:
    """The customer's own sentences (console/engine/extractive.py)."""
    found = extract(talk.turns, zone=talk.zone)
    facts, withheld = judge(talk, [f for f in found if f.turns[-1] in talk.news])
    return Lesson(
        talk.profile_id, EXTRACTIVE, facts, withheld, summarise_sentences(talk)
    )


def summarise_sentences(talk: Talk) -> str:
    if not (talk.ends and talk.turns):
        return ""
    redact = talk.rules.redact
    # Turn by turn: what is chosen of one may be half of a number.
    turns = [replace(turn, text=redact(turn.text)) for turn in talk.turns]
    return redact(
        summarise(turns, zone=talk.zone, channel=talk.channel, agent=talk.agent)
    )


def judge(
    talk: Talk, facts: Sequence[Fact]
) -> tuple[list[Fact], list[tuple[Fact, Verdict]]]:
    """What the store's rules let be remembered, and what they do not."""
    kept, withheld = [], []
    for fact in facts:
        verdict = talk.rules.judge(fact.text)
        told = replace(fact, text=verdict.text)
        if verdict.outcome:
            withheld.append((told, verdict))
        else:
            kept.append(told)
    return kept, withheld


class Reading:
    """A conversation as it was when it was read."""

    def __init__(self, transition_: Transition, row: Conversation) -> None:
        self.transition, self.conversation = transition_, row
        self.participants = {each.id: each for each in list_participants(row)}
        self.communications = list(list_said(row))
        self.by_sequence: dict[int, Communication] = {
            each.sequence: each for each in self.communications
        }

    def is_current(self) -> bool:
        row = self.conversation
        seen = [(c.id, c.revision, c.learned_revision) for c in self.communications]
        now = list_said(row).values_list("id", "revision", "learned_revision")
        known = {p.id: p.profile_id for p in self.participants.values()}
        present = {each.id: each.profile_id for each in list_participants(row)}
        return bool(list(now) == seen and known == present)

    def note_learned(self, turns: range) -> None:
        """Of these no news is left; in the transaction that writes what they teach."""
        list_said(self.conversation).filter(
            sequence__gte=turns.start, sequence__lt=turns.stop
        ).update(learned_revision=F("revision"))
        for each in self.communications:
            if each.sequence in turns:
                each.learned_revision = each.revision

    def build_talks(self) -> list[Talk]:
        """Of each customer whom the memory knows."""
        rules = Rules.of(self.conversation.store_id)
        known = {p.profile_id for p in self.participants.values() if p.profile_id}
        news = {
            c.sequence for c in self.communications if c.learned_revision < c.revision
        }
        return [
            Talk(
                profile_id=profile_id,
                turns=rules.redact_turns(self._read_turns(profile_id)),
                news=news,
                ends=self.transition.status == "CLOSED",
                channel=self._channel,
                agent=self._agent,
                zone=timezone.get_default_timezone(),
                rules=rules,
            )
            for profile_id in sorted(known)
        ]

    def _read_turns(self, profile_id: str) -> list[Turn]:
        return [
            Turn(
                number=each.sequence,
                speaker=self._get_speaker(each),
                role=self._get_role(each, profile_id),
                text=each.text,
                said_at=each.occurred_at,
            )
            for each in self.communications
            if each.text.strip()
        ]

    def _get_role(
        self, said: Communication, profile_id: str
    ) -> Literal["customer", "agent", "other"]:
        author = self.participants.get(said.author_id)
        if author and author.profile_id == profile_id:
            return "customer"
        person = author and author.type in {"HUMAN_AGENT", "AGENT"}
        return "agent" if person else "other"

    def _get_speaker(self, said: Communication) -> str:
        """A name, never an address: it becomes a part of what is remembered."""
        author = self.participants.get(said.author_id)
        if author is None or (author.type == "UNKNOWN" and not author.name):
            return "Somebody"
        return author.name or ("Customer" if author.type == "CUSTOMER" else "Agent")

    @property
    def _channel(self) -> str:
        if not self.communications:
            return ""
        channel: str = self.communications[-1].author_channel
        return channel if channel in {"SMS", "RCS", "API"} else channel.capitalize()

    @property
    def _agent(self) -> str:
        agents = {"HUMAN_AGENT", "AGENT", "AI_AGENT"}
        named = [p.name for p in self.participants.values() if p.type in agents]
        return next(filter(None, named), "")


def list_said(row: Conversation) -> Any:
    return Communication.objects.filter(
        store_id=row.store_id, conversation_id=row.id
    ).order_by("sequence")
