"""What was learned becomes memory: written by whoever holds the profile."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import groupby, starmap, zip_longest
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.contract.ids import new_id
from console.contract.memory.observation import CONVERSATIONS_PER_OBSERVATION
from console.engine.extractive import Fact
from console.engine.words import terms
from console.service import errors
from console.service.conversations.models import WAITING, Learned, count_free, diagnose
from console.service.conversations.proposals import Slots, may_propose
from console.service.conversations.reading import SOURCE, Lesson, Reading
from console.service.conversations.rules import Origin, Verdict
from console.service.memory.items import create_items, patch_item, update_item
from console.service.memory.models import (
    IndexEntry,
    Observation,
    Profile,
    Store,
    Summary,
)
from console.service.memory.profiles import get_profile, patch_profile
from console.service.memory.stores import lock_store
from console.service.models import digest

PROFILE_FULL = 530102
CONTRADICTED = "contradicted"
REASON_MAX = 256


@transaction.atomic(using="memory")
def decide(store: Store, profile_id: str, learned_id: str, outcome: str) -> None:
    """A person releases what was held back or proposed, or drops it. Raises NotFound,
    Invalid (it does not wait for anybody, or the profile is full)."""
    # In this order: a merge holds the store, then moves what was learned.
    profile = get_profile(lock_store(store), profile_id)
    rows = Learned.objects.of(profile).select_for_update()
    held: Learned | None = rows.filter(id=learned_id).first()
    if held is None:
        raise errors.NotFound("Learned not found.")
    if held.outcome not in WAITING:
        raise errors.Invalid("outcome: was decided before")
    if outcome == "added" and held.kind == "trait":
        traits = {held.item["group"]: {held.item["name"]: held.content}}
        patch_profile(store, profile_id, traits, heard=True)
    elif outcome == "added":
        said_at = datetime.fromisoformat(held.item["occurred_at"])
        item = held.item | {"content": held.content, "occurred_at": said_at}
        [made] = create_items(Observation, store, profile_id, [item])
        held.item_id = made.id
    held.outcome, held.content = outcome, ""
    held.item = held.item if held.kind == "trait" else {}
    held.reason = f"{'Released' if outcome == 'added' else 'Dropped'} by a person."
    # Its profile may have been merged away meanwhile.
    Learned.objects.filter(store_id=store.id, id=held.id).update(
        **{name: getattr(held, name) for name in _DECIDED}
    )


_DECIDED = ("outcome", "content", "item", "item_id", "reason")


class Writer:
    """Writes what was learned about one profile, whose row is held then."""

    def __init__(self, store: Store, reading: Reading, lesson: Lesson) -> None:
        self.profile_id, self.extractor = lesson.profile_id, lesson.extractor
        self._store, self._reading, self._lesson = store, reading, lesson
        self._profile = Profile(store_id=store.id, id=lesson.profile_id)
        self._conversation_id = reading.conversation.id
        self._ids = {n: c.id for n, c in reading.by_sequence.items()}

    @cached_property
    def _before(self) -> dict[str, list[Learned]]:
        """By the turn that each stands on last; read once, for there may be thousands,
        and while the profile is held."""
        found: dict[str, list[Learned]] = defaultdict(list)
        rows = Learned.objects.of(self._profile).filter(
            conversation_id=self._conversation_id, kind=Observation.kind
        )
        for row in rows.order_by("id"):
            for turn in row.communication_ids[-1:]:
                found[turn].append(row)
        return found

    @cached_property
    def _proposed(self) -> set[str]:
        rows = Learned.objects.of(self._profile).filter(kind="trait")
        return set(rows.values_list("digest", flat=True))

    def write(self, turns: range) -> list[Learned]:
        """What these turns teach; with the last ones the summary."""
        lesson, learned = self._lesson, list[Learned]()
        mine = (fact for fact in lesson.facts if fact.turns[-1] in turns)
        for number, facts in groupby(mine, key=lambda fact: fact.turns[-1]):
            before = self._list_before(number)
            for fact, row in zip_longest(facts, before):
                if fact is not None:
                    learned += self._correct(row, fact) if row else self._decide(fact)
        held = (pair for pair in lesson.withheld if pair[0].turns[-1] in turns)
        learned += filter(None, starmap(self._withhold, held))
        learned += self._propose(turns)
        if lesson.summary and self._reading.communications[-1].sequence in turns:
            learned.append(self._summarise(lesson.summary))
        self._drop_surplus([row for row in learned if row.outcome in WAITING])
        return Learned.objects.bulk_create(learned)

    def _drop_surplus(self, waiting: Sequence[Learned]) -> None:
        """What is one more than may wait for a person; learned again it may."""
        free = count_free(self._profile) if waiting else 0
        for row in waiting[max(free, 0) :]:
            row.outcome, row.content, row.item, row.digest = "dropped", "", {}, ""
            row.reason = "As much as may waits for a decision already."
            diagnose(self._reading.conversation, PROFILE_FULL, row.reason)

    def _propose(self, turns: range) -> Iterator[Learned]:
        """What this customer has said anew of themselves; once each, and never again
        after it was dismissed."""
        news = [
            said
            for said in self._reading.list_news(self.profile_id, turns)
            if may_propose(said.text)
        ]
        if not news:
            return
        slots = Slots(self._store, self._profile)
        for said in news:
            origin = Origin(said.author_channel, SOURCE, "customer")
            for found in slots.find(said.text, self._reading.rules, origin):
                fact = Fact((said.sequence,), found.key, said.occurred_at)
                if digest(found.key) not in self._proposed:
                    self._proposed.add(digest(found.key))
                    row = self._note(fact, "proposed", "", "Said so.", kind="trait")
                    row.content = found.value
                    row.item = {"group": found.group, "name": found.name}
                    yield row

    def _withhold(self, fact: Fact, verdict: Verdict) -> Learned | None:
        """None for what was withheld, or decided about, when it was read before."""
        mine = Learned.objects.of(self._profile).filter(
            conversation_id=self._conversation_id, digest=digest(fact.text)
        )
        if mine.exists():
            return None
        row = self._note(fact, verdict.outcome, "", verdict.reason)
        if verdict.outcome == "quarantined":
            item = self._build_observation(fact)
            row.content = item.pop("content")
            row.item = item | {"occurred_at": fact.said_at.isoformat()}
        return row

    def _list_before(self, number: int) -> list[Learned]:
        """What was made of earlier states of a turn, in the order of its facts."""
        found = self._before.get(self._ids[number], [])
        newest = max((row.transition for row in found), default=0)
        return [
            row
            for row in found
            if row.transition == newest and row.item_id and row.outcome != CONTRADICTED
        ]

    def _decide(self, fact: Fact) -> list[Learned]:
        """As the extractor has decided, unless what it was shown is another text now."""
        decision = self._lesson.decisions.get(fact)
        item = self._get_observation(decision.item_id) if decision else None
        if decision is None or item is None or item.content != decision.before:
            return [self._add(fact)]
        why, ids = decision.why, [*item.conversation_ids]
        if self._conversation_id not in ids:
            ids.append(self._conversation_id)
        if len(ids) > CONVERSATIONS_PER_OBSERVATION or decision.action == "add":
            return [self._add(fact, why)]
        told = replace(fact, text=decision.text or item.content)
        if decision.action == "same":
            self._patch(item.id, conversation_ids=ids)
            return [self._note(told, "same", item.id, why)]
        if decision.action == "update":
            changes = {"content": told.text, "occurred_at": fact.said_at}
            self._patch(item.id, conversation_ids=ids, **changes)
            return [self._note(told, "updated", item.id, why)]
        self._patch(item.id, content=told.text)
        return [self._note(told, CONTRADICTED, item.id, why), self._add(fact)]

    def _get_observation(self, id_: str) -> Observation | None:
        found: Observation | None = (
            Observation.objects.of(self._profile).filter(id=id_).first()
        )
        return found

    def _add(self, fact: Fact, why: str = "") -> Learned:
        if same := self._find_same(fact.text):
            if self._conversation_id not in same.conversation_ids:
                ids = [*same.conversation_ids, self._conversation_id]
                self._patch(same.id, conversation_ids=ids)
            return self._note(fact, "same", same.id, "It says so already.")
        item = self._build_observation(fact)
        return self._create(Observation, fact, item, why)

    def _build_observation(self, fact: Fact) -> dict[str, Any]:
        return {
            "content": fact.text,
            "source": f"{SOURCE}{self.extractor}",
            "occurred_at": fact.said_at,
            "conversation_ids": [self._conversation_id],
        }

    def _correct(self, before: Learned, fact: Fact) -> list[Learned]:
        item = self._get_observation(before.item_id)
        if item is None:
            reason = "Deleted by a person since, which stays."
            return [self._note(fact, "dropped", "", reason)]
        if item.content == fact.text:
            return [self._note(fact, "same", item.id, "Learned before.")]
        if before.digest != digest(item.content):
            reason = "Changed by a person since, which stays."
            return [self._note(fact, "dropped", item.id, reason)]
        if before.outcome == "same" or item.conversation_ids != [self._conversation_id]:
            return self._decide(fact)  # it is another conversation's as well
        changes = {"content": fact.text, "occurred_at": fact.said_at}
        reason = "What was said was corrected."
        if before.extractor != self.extractor:
            changes["source"] = f"{SOURCE}{self.extractor}"
            reason = f"Learned before by {before.extractor}."
        self._patch(item.id, **changes)
        return [self._note(fact, "updated", item.id, reason)]

    def _patch(self, observation_id: str, **changes: Any) -> None:
        patch_item(Observation, self._store, self._profile.id, observation_id, changes)

    def _create(
        self, model: Any, fact: Fact, item: Mapping[str, Any], why: str = ""
    ) -> Learned:
        try:
            [row] = create_items(model, self._store, self._profile.id, [item])
        except errors.Invalid as exc:
            reason = f"Not all was learned: {exc.message}"
            diagnose(self._reading.conversation, PROFILE_FULL, reason)
            return self._note(fact, "dropped", "", exc.message, kind=model.kind)
        why = why or self._reading.rules.explain_redaction(fact.text)
        return self._note(fact, "added", row.id, why, kind=model.kind)

    def _find_same(self, text: str) -> Observation | None:
        entries = IndexEntry.objects.of(self._profile).filter(terms=terms(text))
        ids = list(entries.values_list("item_id", flat=True))
        for row in Observation.objects.of(self._profile).filter(id__in=ids):
            full = len(row.conversation_ids) >= CONVERSATIONS_PER_OBSERVATION
            if not full:
                found: Observation = row
                return found
        return None

    def _summarise(self, text: str) -> Learned:
        last = self._reading.communications[-1]
        fact = Fact((last.sequence,), text, last.occurred_at)
        rows = Summary.objects.of(self._profile).filter(
            conversation_id=self._conversation_id, source__startswith=SOURCE
        )
        source = f"{SOURCE}{self.extractor}"
        if row := rows.first():
            changes = {"content": text, "occurred_at": fact.said_at, "source": source}
            changed = update_item(row, changes)
            outcome = "updated" if changed else "same"
            return self._note(fact, outcome, row.id, "", kind=Summary.kind)
        item = {
            "content": text,
            "source": source,
            "conversation_id": self._conversation_id,
            "occurred_at": fact.said_at,
        }
        return self._create(Summary, fact, item)

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
            reason=reason[:REASON_MAX],
            digest=digest(fact.text),
            communication_ids=[self._ids[number] for number in fact.turns],
            extractor=self.extractor,
            created_at=timezone.now(),
        )
