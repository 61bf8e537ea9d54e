"""What conversations teach the memory, exactly once. Conversations 12.5.

A transition to INACTIVE or CLOSED waits as PENDING. A worker leases it, reads the
conversation, extracts outside of any transaction, and then writes, some hundred
facts at a time, each time in one transaction: observations, what became of each fact,
which communications were read, and with the last of them DONE. A worker that is killed
leaves all of a transaction or nothing; the transition is leased again, and goes on with
the communications that were not read. Example: a piece of a transcription is corrected
while a worker extracts. Its revision is no longer the one that was read, so nothing is
written and the worker reads once more.

A model is asked in threads, which touch no database. When it does not answer, the
transition is leased again later, and after several tries it is learned from without.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_tasks import task

from console.core.chat import ChatEndpoint, Unanswered, Usage, get_endpoint
from console.core.outgoing import within
from console.databases.compaction import enqueue_once
from console.service.conversations.model_extractor import (
    count_usage,
    extract_by_model,
    has_tokens,
)
from console.service.conversations.models import Conversation, Transition, diagnose
from console.service.conversations.reading import (
    ExtractionInput,
    Lesson,
    Reading,
    extract_sentences,
)
from console.service.conversations.writing import Writer
from console.service.memory.models import Profile, Store

NOTHING = "Nothing was learned:"
STORE_GONE, GIVEN_UP, WITHOUT_MODEL = 530101, 530103, 530104

RUN_S = 20.0
LEASE = timedelta(seconds=90)
TRIES = 5
# For all questions about one conversation: what is left of the lease is for writing.
DEADLINE_S = 45.0
# Tries with the model; after the first it waits so long, four times as long after the
# second.
MODEL_TRIES, WAIT = 3, timedelta(seconds=30)
# Conversations that a model is asked about at once; one store's hold up no other's.
AT_ONCE, AT_ONE_STORE = 8, 2
END = 2**31  # beyond any turn
# Facts in one transaction, which keeps other writers of the profile waiting.
BATCH = 100


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


@dataclass(frozen=True, slots=True)
class Extracted:
    """Lessons, or in words why the model has given none.

    is_passing  whether it may do so later
    """

    lessons: Sequence[Lesson] = ()
    error: str = ""
    is_passing: bool = False
    usage: Usage = field(default_factory=Usage)


@task()
def learn() -> int:
    """Learn from what is PENDING for a while; answers from how many transitions. Safe
    to run twice, and at once."""
    count, until = 0, monotonic() + RUN_S
    endpoint = get_endpoint(settings)
    running: dict[Future[Extracted], Reading] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="learning") as pool:
        while True:
            places = (AT_ONCE if endpoint else 1) - len(running)
            while places and monotonic() <= until:
                leased = lease_next(running.values())
                if leased is None:
                    break
                count, places = count + 1, places - 1
                if reading := read(leased):
                    running[start(pool, reading, endpoint)] = reading
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                reading, extracted = running.pop(future), future.result()
                if extracted.is_passing:
                    until = 0.0  # it would be the same with the next one
                if not finish(reading, extracted) and (
                    again := read(reading.transition)
                ):
                    running[start(pool, again, endpoint)] = again
    restart_learning()
    return count


def learns(row: Conversation) -> bool:
    return settings.MEMORY_EXTRACTOR != "off" and bool(
        row.settings["memoryExtractionEnabled"]
    )


def _list_free(now: datetime) -> Any:
    return Transition.objects.filter(learning=Transition.Learning.PENDING).filter(
        Q(lease_until=None) | Q(lease_until__lt=now)
    )


def lease_next(running: Collection[Reading] = ()) -> Transition | None:
    """The longest waiting one; of a conversation the earliest comes first, as its row
    was recorded first. None of a conversation that is running, nor of a store that has
    all its places."""
    now = timezone.now()
    stores = Counter(each.transition.store_id for each in running)
    full = [store_id for store_id, count in stores.items() if count >= AT_ONE_STORE]
    busy = [each.conversation.id for each in running]
    free = _list_free(now).exclude(store_id__in=full).exclude(conversation_id__in=busy)
    for row in free.order_by("recorded_at", "number")[:20]:
        mine = _list_free(now).filter(pk=row.pk)
        if mine.update(lease_until=now + LEASE, attempts=F("attempts") + 1):
            row.refresh_from_db()
            found: Transition = row
            return found
    return None


def read(leased: Transition) -> Reading | None:
    """None where there is nothing to read; after several vain tries it has FAILED."""
    store = Store.objects.filter(pk=leased.store_id).first()
    if store is None:
        _end(leased, "FAILED", STORE_GONE, f"{NOTHING} The store does not exist.")
        return None
    if leased.attempts > TRIES:
        _end(leased, "FAILED", GIVEN_UP, f"{NOTHING} Given up after several tries.")
        return None
    row = Conversation.objects.filter(pk=leased.conversation.pk).first()
    # Deleted, and the transition with it.
    return Reading(leased, row, store) if row else None


def start(
    pool: Executor, reading: Reading, endpoint: ChatEndpoint | None
) -> Future[Extracted]:
    """Extraction: what needs no model is done at once."""
    if endpoint and has_tokens(reading.transition.store_id):
        talks = reading.build_talks(reconciled=True)
        return pool.submit(ask_model, talks, endpoint)
    talks = reading.build_talks(reconciled=False)
    future = Future[Extracted]()
    error = "Its tokens of this day are used up." if endpoint else ""
    lessons = [extract_sentences(talk) for talk in talks]
    future.set_result(Extracted(lessons, error))
    return future


def ask_model(talks: Sequence[ExtractionInput], endpoint: ChatEndpoint) -> Extracted:
    usage = Usage()
    try:
        with within(DEADLINE_S):
            lessons = [extract_by_model(talk, endpoint, usage) for talk in talks]
    except Unanswered as exc:
        lessons = [extract_sentences(talk) for talk in talks]
        return Extracted(lessons, str(exc), exc.is_passing, usage)
    return Extracted(lessons, usage=usage)


def finish(reading: Reading, extracted: Extracted) -> bool:
    """Write it, or have it tried again; False when it was changed meanwhile."""
    leased = reading.transition
    count_usage(leased.store_id, extracted.usage)
    if extracted.is_passing and leased.attempts < MODEL_TRIES:
        _hold(leased).update(lease_until=timezone.now() + WAIT * leased.attempts**2)
        return True
    lessons = extracted.lessons
    writers = [Writer(reading.store, reading, lesson) for lesson in lessons]
    try:
        for first, last in split(lessons):
            _write(reading, writers, range(first, last + 1), extracted.error)
    except Changed:
        return False
    return True


def _hold(leased: Transition) -> Any:
    """Its row, unless somebody was quicker or has taken it over."""
    return Transition.objects.filter(
        pk=leased.pk, learning=Transition.Learning.PENDING, attempts=leased.attempts
    )


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
    reading: Reading, writers: Sequence[Writer], turns: range, without_model: str
) -> None:
    """All that these turns teach, or nothing. Raises Changed."""
    row, leased = reading.conversation, reading.transition
    # First, and before it is asked what is current: a merge that one of them went into
    # is seen then, and whoever deletes one takes them in this order as well.
    ids = [each.profile_id for each in writers]
    meant = Profile.objects.of(reading.store).filter(id__in=ids)
    present = {each.id for each in meant.select_for_update().order_by("id")}
    held = Conversation.objects.select_for_update().filter(pk=row.pk)
    mine = _hold(leased).select_for_update()
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
    held.update(learned_count=F("learned_count") + added)
    if turns.stop <= END:
        mine.update(lease_until=timezone.now() + LEASE, outcome=outcome)
        return
    error = without_model and f"Learned without the model: {without_model}"
    extractor = next((each.extractor for each in writers), "")
    _end(leased, "DONE", WITHOUT_MODEL, error, extractor=extractor, outcome=outcome)


def _end(leased: Transition, learning: str, code: int, error: str, **more: Any) -> None:
    """error  "" for none; else it is a diagnostic as well"""
    Transition.objects.filter(pk=leased.pk).update(
        learning=learning, lease_until=None, error=error, **more
    )
    if error:
        diagnose(leased.conversation, code, error)
