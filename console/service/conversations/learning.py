"""What conversations teach the memory, exactly once. Conversations 12.5.

A transition to INACTIVE or CLOSED waits as PENDING. A worker leases it, reads the
conversation, extracts outside of any transaction, and then writes everything in one:
observations, what became of each fact, which communications were read, DONE. A worker
that is killed leaves all of it or nothing, and the transition is leased again. Example:
a piece of a transcription is corrected while a worker extracts. Its revision is no
longer the one that was read, so nothing is written and the worker reads once more.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, starmap, zip_longest
from time import monotonic
from typing import Any, Literal

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_tasks import task

from console.contract.ids import new_id
from console.contract.memory.observation import (
    CONVERSATIONS_PER_OBSERVATION,
    OBSERVATIONS_PER_PROFILE,
)
from console.contract.memory.summary import SUMMARIES_PER_PROFILE
from console.databases.compaction import enqueue_once
from console.engine.extractive import Fact, Turn, extract, summarise
from console.engine.texts import terms
from console.service import errors
from console.service.conversations.events import list_participants
from console.service.conversations.models import (
    Communication,
    Conversation,
    Diagnostic,
    Learned,
    Transition,
    diagnose,
)
from console.service.conversations.rules import Rules, Verdict
from console.service.memory.embedding_jobs import get_embedder
from console.service.memory.items import create_items, patch_observation, update_item
from console.service.memory.models import (
    IndexEntry,
    Observation,
    Profile,
    Store,
    Summary,
)
from console.service.models import digest

EXTRACTOR = "extractive-1"
SOURCE = f"conversation/{EXTRACTOR}"
STORE_GONE, PROFILE_FULL, GIVEN_UP = 530101, 530102, 530103

RUN_S = 20.0
LEASE = timedelta(seconds=60)
TRIES = 5
# What says the same as an observation that is there: the same stems, and this cosine,
# which "I eat meat" and "I do not eat meat" do not reach.
ALIKE = 0.95


class Changed(Exception):
    """The conversation is no longer the one that was read."""


def request_learning() -> None:
    """Once this transaction is committed, have the worker look for what is PENDING."""
    # Robust: the transition is kept, and the worker's sweep makes good for a lost task.
    transaction.on_commit(lambda: enqueue_once(learn), using="memory", robust=True)


def restart_learning() -> None:
    """For transitions whose task was lost."""
    if _list_free(timezone.now()).exists():
        enqueue_once(learn)


@task()
def learn() -> int:
    """Learn from what is PENDING for a while; answers from how many transitions. Safe
    to run twice, and at once."""
    count, until = 0, monotonic() + RUN_S
    while (leased := lease_next()) is not None:
        learn_from(leased)
        count += 1
        if monotonic() > until:
            learn.enqueue()
            break
    return count


@transaction.atomic(using="memory")
def learn_again(row: Conversation) -> None:
    """From all that was said, at the newest status. Raises Invalid (off, or still
    ACTIVE)."""
    Conversation.objects.select_for_update().get(store_id=row.store_id, id=row.id)
    if row.status == "ACTIVE":
        raise errors.Invalid("status: must be INACTIVE or CLOSED to learn from it")
    if not learns(row):
        raise errors.Invalid("memoryExtractionEnabled: is off for this conversation")
    _list_said(row).update(learned_revision=0)
    Transition.objects.filter(
        store_id=row.store_id, conversation_id=row.id, number=row.last_transition
    ).update(learning=Transition.Learning.PENDING, lease_until=None, attempts=0)
    request_learning()


def learns(row: Conversation) -> bool:
    return settings.MEMORY_EXTRACTOR != "off" and bool(
        row.settings["memoryExtractionEnabled"]
    )


def _list_free(now: datetime) -> Any:
    return Transition.objects.filter(learning=Transition.Learning.PENDING).filter(
        Q(lease_until=None) | Q(lease_until__lt=now)
    )


def lease_next() -> Transition | None:
    """The longest waiting one; of a conversation the earliest comes first, as its row
    was recorded first."""
    now = timezone.now()
    for free in _list_free(now).order_by("recorded_at", "number")[:20]:
        mine = _list_free(now).filter(
            store_id=free.store_id,
            conversation_id=free.conversation_id,
            number=free.number,
        )
        if mine.update(lease_until=now + LEASE, attempts=F("attempts") + 1):
            free.refresh_from_db()
            found: Transition = free
            return found
    return None


def learn_from(leased: Transition) -> None:
    """All that a transition has to teach; after several vain tries it has FAILED."""
    if leased.attempts > TRIES:
        _end(leased, Transition.Learning.FAILED, error="Given up after several tries.")
        return
    store = Store.objects.filter(pk=leased.store_id).first()
    if store is None:
        _end(leased, Transition.Learning.FAILED, error="The store does not exist.")
        return
    while True:
        row = Conversation.objects.filter(
            store_id=leased.store_id, id=leased.conversation_id
        ).first()
        if row is None:
            return  # deleted, and the transition with it
        reading = Reading(leased, row)
        lessons = list(reading.extract())
        with suppress(Changed), transaction.atomic(using="memory"):
            _write(store, reading, lessons)
            return


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one customer's words of a conversation teach about this customer."""

    profile_id: str
    facts: Sequence[Fact]
    withheld: Sequence[tuple[Fact, Verdict]]
    summary: str


class Reading:
    """A conversation as it was when it was read."""

    def __init__(self, transition_: Transition, row: Conversation) -> None:
        self.transition, self.conversation = transition_, row
        self.participants = {each.id: each for each in list_participants(row)}
        self.communications = list(_list_said(row))
        self.by_sequence: dict[int, Communication] = {
            each.sequence: each for each in self.communications
        }

    def is_current(self) -> bool:
        row = self.conversation
        seen = [(c.id, c.revision, c.learned_revision) for c in self.communications]
        now = _list_said(row).values_list("id", "revision", "learned_revision")
        known = {p.id: p.profile_id for p in self.participants.values()}
        present = {each.id: each.profile_id for each in list_participants(row)}
        return bool(list(now) == seen and known == present)

    def extract(self) -> Iterator[Lesson]:
        """Of each customer whom the memory knows."""
        zone = timezone.get_default_timezone()
        rules = Rules.of(self.conversation.store_id)
        known = {p.profile_id for p in self.participants.values() if p.profile_id}
        for profile_id in sorted(known):
            turns = rules.redact_turns(self._read_turns(profile_id))
            facts, withheld = [], []
            for fact in filter(self._is_news, extract(turns, zone=zone)):
                verdict = rules.judge(fact.text)
                told = replace(fact, text=verdict.text)
                if verdict.outcome:
                    withheld.append((told, verdict))
                else:
                    facts.append(told)
            summary = ""
            if turns and self.transition.status == "CLOSED":
                # Turn by turn: what is chosen of one may be half of a number.
                turns = [replace(turn, text=rules.redact(turn.text)) for turn in turns]
                summary = summarise(
                    turns, zone=zone, channel=self._channel, agent=self._agent
                )
            yield Lesson(profile_id, facts, withheld, rules.redact(summary))

    def _is_news(self, fact: Fact) -> bool:
        """Whether its turn was not learned from as it is now."""
        turn: Communication = self.by_sequence[fact.turns[-1]]
        return turn.learned_revision < turn.revision

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
        channel: str = self.communications[-1].author_channel
        return channel if channel in {"SMS", "RCS", "API"} else channel.capitalize()

    @property
    def _agent(self) -> str:
        agents = {"HUMAN_AGENT", "AGENT", "AI_AGENT"}
        named = [p.name for p in self.participants.values() if p.type in agents]
        return next(filter(None, named), "")


def _list_said(row: Conversation) -> Any:
    return Communication.objects.filter(
        store_id=row.store_id, conversation_id=row.id
    ).order_by("sequence")


def _write(store: Store, reading: Reading, lessons: Sequence[Lesson]) -> None:
    """Everything, or nothing. Raises Changed."""
    row, leased = reading.conversation, reading.transition
    # First, and before it is asked what is current: a merge that one of them went into
    # is seen then, and whoever deletes one takes them in this order as well.
    meant = Profile.objects.of(store).filter(id__in=[x.profile_id for x in lessons])
    profiles = {each.id: each for each in meant.select_for_update().order_by("id")}
    held = Conversation.objects.select_for_update().filter(
        store_id=row.store_id, id=row.id
    )
    mine = Transition.objects.select_for_update().filter(
        store_id=row.store_id,
        conversation_id=row.id,
        number=leased.number,
        learning=Transition.Learning.PENDING,
        attempts=leased.attempts,
    )
    if not (held.first() and mine.first()):
        return  # deleted meanwhile, or done by somebody who was quicker
    if not reading.is_current():
        raise Changed
    outcome: dict[str, int] = {}
    for lesson in lessons:
        if profile := profiles.get(lesson.profile_id):
            for learned in Writer(store, profile, reading).write(lesson):
                outcome[learned.outcome] = outcome.get(learned.outcome, 0) + 1
    if lessons:
        _list_said(row).update(learned_revision=F("revision"))
    Conversation.objects.filter(store_id=row.store_id, id=row.id).update(
        learned_count=F("learned_count") + outcome.get("added", 0)
    )
    _end(leased, Transition.Learning.DONE, extractor=EXTRACTOR, outcome=outcome)


def _end(
    leased: Transition,
    learning: str,
    *,
    error: str = "",
    extractor: str = "",
    outcome: Mapping[str, int] | None = None,
) -> None:
    Transition.objects.filter(
        store_id=leased.store_id,
        conversation_id=leased.conversation_id,
        number=leased.number,
    ).update(
        learning=learning,
        lease_until=None,
        error=error,
        extractor=extractor,
        outcome=outcome or {},
    )
    if error:
        Diagnostic.objects.create(
            store_id=leased.store_id,
            conversation_id=leased.conversation_id,
            id=new_id("conv_diagnostic"),
            code=STORE_GONE if "store" in error else GIVEN_UP,
            reason=f"Nothing was learned: {error}",
            at=timezone.now(),
        )


@transaction.atomic(using="memory")
def decide(store: Store, row: Conversation, learned_id: str, outcome: str) -> Learned:
    """A person releases what was held back, or drops it. Raises NotFound, Invalid (it
    is not held back, or the profile is full)."""
    held: Learned | None = (
        Learned.objects.select_for_update()
        .filter(store_id=row.store_id, conversation_id=row.id, id=learned_id)
        .first()
    )
    if held is None:
        raise errors.NotFound("Learned not found.")
    if held.outcome != "quarantined":
        raise errors.Invalid("outcome: was decided before")
    if outcome == "added":
        said = Communication.objects.get(
            store_id=row.store_id,
            conversation_id=row.id,
            id=held.communication_ids[-1],
        )
        item = _build_observation(held.content, said.occurred_at, row.id)
        [made] = create_items(
            Observation, store, held.profile_id, [item], limit=OBSERVATIONS_PER_PROFILE
        )
        held.item_id = made.id
    held.outcome, held.content = outcome, ""
    held.reason = f"{'Released' if outcome == 'added' else 'Dropped'} by a person."
    held.save()
    return held


def _build_observation(
    content: str, said_at: datetime, conversation_id: str
) -> dict[str, Any]:
    return {
        "content": content,
        "source": SOURCE,
        "occurred_at": said_at,
        "conversation_ids": [conversation_id],
    }


class Writer:
    """Writes what was learned about one profile, whose row is held."""

    def __init__(self, store: Store, profile: Profile, reading: Reading) -> None:
        self._store, self._profile, self._reading = store, profile, reading
        self._conversation_id = reading.conversation.id
        self._ids = {n: c.id for n, c in reading.by_sequence.items()}
        # By the turn that each stands on last; read once, for there may be thousands.
        self._before: dict[str, list[Learned]] = defaultdict(list)
        rows = Learned.objects.of(profile).filter(
            conversation_id=self._conversation_id, kind=Observation.kind
        )
        for row in rows.order_by("id"):
            for turn in row.communication_ids[-1:]:
                self._before[turn].append(row)

    def write(self, lesson: Lesson) -> list[Learned]:
        learned = []
        for number, facts in groupby(lesson.facts, key=lambda fact: fact.turns[-1]):
            before = self._list_before(number)
            for fact, row in zip_longest(facts, before):
                if fact is not None:
                    learned.append(self._correct(row, fact) if row else self._add(fact))
        learned += filter(None, starmap(self._withhold, lesson.withheld))
        if lesson.summary:
            learned.append(self._summarise(lesson.summary))
        return Learned.objects.bulk_create(learned)

    def _withhold(self, fact: Fact, verdict: Verdict) -> Learned | None:
        """None for what was withheld, or decided about, when it was read before."""
        mine = Learned.objects.of(self._profile).filter(
            conversation_id=self._conversation_id, digest=digest(fact.text)
        )
        if mine.exists():
            return None
        row = self._note(fact, verdict.outcome, "", verdict.reason)
        row.content = fact.text if verdict.outcome == "quarantined" else ""
        return row

    def _list_before(self, number: int) -> list[Learned]:
        """What was made of earlier states of a turn, in the order of its facts."""
        found = self._before[self._ids[number]]
        newest = max((row.transition for row in found), default=0)
        return [row for row in found if row.transition == newest and row.item_id]

    def _add(self, fact: Fact) -> Learned:
        if same := self._find_same(fact.text):
            if self._conversation_id not in same.conversation_ids:
                ids = [*same.conversation_ids, self._conversation_id]
                self._patch(same.id, conversation_ids=ids)
            return self._note(fact, "same", same.id, "It says so already.")
        item = _build_observation(fact.text, fact.said_at, self._conversation_id)
        return self._create(Observation, OBSERVATIONS_PER_PROFILE, fact, item)

    def _correct(self, before: Learned, fact: Fact) -> Learned:
        item = Observation.objects.of(self._profile).filter(id=before.item_id).first()
        if item is None:
            reason = "Deleted by a person since, which stays."
            return self._note(fact, "dropped", "", reason)
        if item.content == fact.text:
            return self._note(fact, "same", item.id, "Learned before.")
        if before.digest != digest(item.content):
            reason = "Changed by a person since, which stays."
            return self._note(fact, "dropped", item.id, reason)
        if before.outcome == "same":
            return self._add(fact)  # it is another conversation's as well
        self._patch(item.id, content=fact.text, occurred_at=fact.said_at)
        return self._note(fact, "updated", item.id, "What was said was corrected.")

    def _patch(self, observation_id: str, **changes: Any) -> None:
        patch_observation(self._store, self._profile.id, observation_id, changes)

    def _create(
        self, model: Any, limit: int, fact: Fact, item: Mapping[str, Any]
    ) -> Learned:
        try:
            [row] = create_items(
                model, self._store, self._profile.id, [item], limit=limit
            )
        except errors.Invalid as exc:
            reason = f"Not all was learned: {exc.message}"
            diagnose(self._reading.conversation, PROFILE_FULL, reason)
            return self._note(fact, "dropped", "", exc.message, kind=model.kind)
        return self._note(fact, "added", row.id, "", kind=model.kind)

    def _find_same(self, text: str) -> Observation | None:
        entries = IndexEntry.objects.of(self._profile).filter(terms=terms(text))
        ids = list(entries.values_list("item_id", flat=True))
        for row in Observation.objects.of(self._profile).filter(id__in=ids):
            full = len(row.conversation_ids) >= CONVERSATIONS_PER_OBSERVATION
            if not full and is_alike(row.content, text):
                found: Observation = row
                return found
        return None

    def _summarise(self, text: str) -> Learned:
        last = self._reading.communications[-1]
        fact = Fact((last.sequence,), text, last.occurred_at)
        rows = Summary.objects.of(self._profile).filter(
            conversation_id=self._conversation_id, source=SOURCE
        )
        if row := rows.first():
            changed = update_item(row, {"content": text, "occurred_at": fact.said_at})
            outcome = "updated" if changed else "same"
            return self._note(fact, outcome, row.id, "", kind=Summary.kind)
        item = {
            "content": text,
            "source": SOURCE,
            "conversation_id": self._conversation_id,
            "occurred_at": fact.said_at,
        }
        return self._create(Summary, SUMMARIES_PER_PROFILE, fact, item)

    def _note(
        self,
        fact: Fact,
        outcome: str,
        item_id: str,
        reason: str,
        kind: str = Observation.kind,
    ) -> Learned:
        return Learned(
            store_id=self._store.id,
            profile_id=self._profile.id,
            id=new_id("conv_learned"),
            conversation_id=self._conversation_id,
            transition=self._reading.transition.number,
            outcome=outcome,
            kind=kind,
            item_id=item_id,
            reason=reason,
            digest=digest(fact.text),
            communication_ids=[self._ids[number] for number in fact.turns],
            extractor=EXTRACTOR,
            created_at=timezone.now(),
        )


def is_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    embedder = get_embedder()
    if embedder is None:
        return False
    first, second = embedder.embed([one, other])
    return bool(np.dot(first, second) >= ALIKE)
