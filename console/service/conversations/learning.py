"""What conversations teach the memory, exactly once. Conversations 12.5.

A transition to INACTIVE or CLOSED waits as PENDING. A worker leases it, reads the
conversation, extracts outside of any transaction, and then writes, some two hundred
facts at a time, each time in one transaction: observations, what became of each fact,
which communications were read, and with the last of them DONE. A worker that is killed
leaves all of a transaction or nothing; the transition is leased again, and goes on with
the communications that were not read. Example: a piece of a transcription is corrected
while a worker extracts. Its revision is no longer the one that was read, so nothing is
written and the worker reads once more.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_tasks import task

from console.contract.ids import new_id
from console.databases.compaction import enqueue_once
from console.service import errors
from console.service.conversations.models import Conversation, Diagnostic, Transition
from console.service.conversations.reading import (
    Lesson,
    Reading,
    extract_sentences,
    list_said,
)
from console.service.conversations.writing import Writer
from console.service.memory.models import Profile, Store

STORE_GONE, GIVEN_UP = 530101, 530103

RUN_S = 20.0
LEASE = timedelta(seconds=60)
TRIES = 5
END = 2**31  # beyond any turn
# Facts in one transaction, which keeps other writers of the profile waiting.
BATCH = 200


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
    list_said(row).update(learned_revision=0)
    Transition.objects.filter(
        store_id=row.store_id, conversation_id=row.id, number=row.last_transition
    ).update(
        learning=Transition.Learning.PENDING, lease_until=None, attempts=0, outcome={}
    )
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
        lessons = [extract_sentences(talk) for talk in reading.build_talks()]
        writers = [Writer(store, reading, lesson) for lesson in lessons]
        with suppress(Changed):
            for first, last in split(lessons):
                _write(store, reading, writers, range(first, last + 1))
            return


def split(lessons: Sequence[Lesson]) -> Iterator[tuple[int, int]]:
    """The first and last numbers of turns of which one transaction writes; the last one
    reaches to the end."""
    facts = [fact for lesson in lessons for fact in lesson.facts]
    turns = sorted(fact.turns[-1] for fact in facts)
    first = 1
    for last in turns[BATCH - 1 : -1 : BATCH]:
        if last >= first:
            yield first, last
            first = last + 1
    yield first, END


@transaction.atomic(using="memory")
def _write(
    store: Store, reading: Reading, writers: Sequence[Writer], turns: range
) -> None:
    """All that these turns teach, or nothing. Raises Changed."""
    row, leased = reading.conversation, reading.transition
    # First, and before it is asked what is current: a merge that one of them went into
    # is seen then, and whoever deletes one takes them in this order as well.
    meant = Profile.objects.of(store).filter(id__in=[x.profile_id for x in writers])
    present = {each.id for each in meant.select_for_update().order_by("id")}
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
    if not (held.first() and (lease := mine.first())):
        return  # deleted meanwhile, or done by somebody who was quicker
    if not reading.is_current():
        raise Changed
    outcome = Counter(lease.outcome)
    for writer in writers:
        if writer.profile_id in present:
            outcome.update(learned.outcome for learned in writer.write(turns))
    if writers:
        reading.note_learned(turns)
    added = outcome["added"] - lease.outcome.get("added", 0)
    Conversation.objects.filter(store_id=row.store_id, id=row.id).update(
        learned_count=F("learned_count") + added
    )
    if turns.stop > END:
        extractor = next((writer.extractor for writer in writers), "")
        _end(leased, Transition.Learning.DONE, extractor=extractor, outcome=outcome)
    else:
        mine.update(lease_until=timezone.now() + LEASE, outcome=outcome)


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
