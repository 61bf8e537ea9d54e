"""A conversation as it was read, and what its customers' words teach without a model."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import chain, zip_longest
from typing import Any, Literal

import numpy as np
from django.db.models import F

from console.engine.extractive import Fact, Turn, extract, summarise
from console.engine.ranking import Bm25, Query
from console.engine.texts import Texts
from console.service.conversations.models import (
    Communication,
    Conversation,
    Transition,
    list_participants,
)
from console.service.conversations.rules import ANYWHERE, Origin, Rules, Verdict
from console.service.memory.embedding_jobs import embed_query, get_model_id
from console.service.memory.models import Observation, Profile, Store, get_locale
from console.service.memory.queries import read_entries

EXTRACTIVE = "extractive-1"
# Followed by the extractor.
SOURCE = "conversation/"


# Of what is known, at most so many texts of each ranking are shown to a model, and none
# less alike than this.
LIKE, COSINE, SHARE = 5, 0.4, 0.15


class Known:
    """What the memory has learned of a customer, to be searched without a database."""

    def __init__(self, profile: Profile) -> None:
        entries = {row[0]: row for row in read_entries(profile)}
        rows = Observation.objects.of(profile).values_list("id", "content")
        self.contents = {id_: text for id_, text in rows if id_ in entries}
        self._texts = Texts.of([entries[id_] for id_ in self.contents], get_model_id())
        self._bm25 = Bm25(self._texts.terms)

    def find_like(self, text: str) -> list[str]:
        """Ids of what is most like a text by meaning and by words, in turns: of two
        rankings, either knows some that the other misses."""
        vector = embed_query(text)
        words = self._bm25.scores(Query.of(text).terms).share
        rankings = [(words, SHARE)]
        if vector is not None:
            rankings.insert(0, (self._texts.vectors.cosines(vector), COSINE))
        best = (
            [n for n in np.argsort(-scores)[:LIKE].tolist() if scores[n] >= least]
            for scores, least in rankings
        )
        places = dict.fromkeys(chain.from_iterable(zip_longest(*best)))
        return [self._texts.ids[n] for n in places if n is not None]


@dataclass(frozen=True, slots=True)
class ExtractionInput:
    """What an extractor is given: a conversation as one of its customers takes part.

    turns    without what the store's rules redact
    news     numbers of those that were not learned from as they are now
    ends     whether a summary is wanted
    agent    "" for none
    known    None where nothing is reconciled
    origins  of the turns, by their numbers
    """

    profile_id: str
    turns: Sequence[Turn]
    news: Collection[int]
    ends: bool
    channel: str
    agent: str
    zone: tzinfo
    rules: Rules
    known: Known | None = None
    origins: Mapping[int, Origin] = field(default_factory=dict)

    def judge(self, text: str, turns: Sequence[int]) -> Verdict:
        """What becomes of a text that stands on these, the last one above all."""
        return self.rules.judge(text, self._get_origin(turns[-1] if turns else 0))

    def redact(self, turn: Turn) -> Turn:
        origin = self._get_origin(turn.number)
        return replace(turn, text=self.rules.redact(turn.text, origin))

    def _get_origin(self, number: int) -> Origin:
        return self.origins.get(number, ANYWHERE)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a fact changes of an observation that is there.

    action  same, update, contradict, or add: nothing, and `why`
    before  its content when it was read
    text    its new content, or ""
    """

    action: Literal["add", "same", "update", "contradict"]
    item_id: str
    before: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an extractor makes of a talk.

    withheld   facts that become no observations, and why
    summary    "" for none
    decisions  about facts; one without a decision is added
    """

    profile_id: str
    extractor: str
    facts: Sequence[Fact]
    withheld: Sequence[tuple[Fact, Verdict]]
    summary: str
    decisions: Mapping[Fact, Decision] = field(default_factory=dict)


def extract_sentences(talk: ExtractionInput) -> Lesson:
    """The customer's own sentences (console/engine/extractive.py)."""
    found = extract(talk.turns, zone=talk.zone)
    facts, withheld = judge(talk, [f for f in found if f.turns[-1] in talk.news])
    return Lesson(
        talk.profile_id, EXTRACTIVE, facts, withheld, summarise_sentences(talk)
    )


def summarise_sentences(talk: ExtractionInput) -> str:
    if not (talk.ends and talk.turns):
        return ""
    redact = talk.rules.redact
    # Turn by turn: what is chosen of one may be half of a number.
    turns = [talk.redact(turn) for turn in talk.turns]
    return redact(
        summarise(turns, zone=talk.zone, channel=talk.channel, agent=talk.agent)
    )


def judge(
    talk: ExtractionInput, facts: Sequence[Fact]
) -> tuple[list[Fact], list[tuple[Fact, Verdict]]]:
    """What the store's rules let be remembered, and what they do not."""
    kept, withheld = [], []
    for fact in facts:
        verdict = talk.judge(fact.text, fact.turns)
        told = replace(fact, text=verdict.text)
        if verdict.outcome:
            withheld.append((told, verdict))
        else:
            kept.append(told)
    return kept, withheld


class Reading:
    """A conversation as it was when it was read. By rules that are only tried, all that
    was said is news."""

    def __init__(
        self,
        transition_: Transition,
        row: Conversation,
        store: Store,
        tried: Rules | None = None,
    ) -> None:
        self.rules, self._is_trial = tried or Rules.of(row.store_id), bool(tried)
        self.transition, self.conversation, self.store = transition_, row, store
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

    def list_news(self, profile_id: str, turns: range) -> list[Communication]:
        """What this customer has said and was not learned from."""
        return [
            each
            for each in self.communications
            if each.sequence in turns
            and each.learned_revision < each.revision
            and self._get_role(each, profile_id) == "customer"
        ]

    def note_learned(self, turns: range) -> None:
        """Of these no news is left; in the transaction that writes what they teach."""
        list_said(self.conversation).filter(
            sequence__gte=turns.start, sequence__lt=turns.stop
        ).update(learned_revision=F("revision"))
        for each in self.communications:
            if each.sequence in turns:
                each.learned_revision = each.revision

    def build_talks(self, *, reconciled: bool) -> list[ExtractionInput]:
        """Of each customer whom the memory knows."""
        ids = {p.profile_id for p in self.participants.values() if p.profile_id}
        profiles = Profile.objects.of(self.store).filter(id__in=ids).order_by("id")
        return [
            self._build_talk(profile.id, Known(profile) if reconciled else None)
            for profile in profiles
        ]

    def _build_talk(self, profile_id: str, known: Known | None) -> ExtractionInput:
        turns = self._read_turns(profile_id)
        channels = {n: c.author_channel for n, c in self.by_sequence.items()}
        origins = {
            turn.number: Origin(channels[turn.number], SOURCE, turn.role)
            for turn in turns
        }
        return ExtractionInput(
            profile_id=profile_id,
            turns=self.rules.redact_turns(turns, origins),
            origins=origins,
            news={
                c.sequence
                for c in self.communications
                if self._is_trial or c.learned_revision < c.revision
            },
            ends=self.transition.status == "CLOSED",
            channel=self._channel,
            agent=self._agent,
            zone=get_locale(self.store.id)[1],
            rules=self.rules,
            known=known,
        )

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
    return Communication.of_conversation(row).order_by("sequence")
