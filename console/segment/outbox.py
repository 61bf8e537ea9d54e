"""What was learned goes to Segment: found, held or sent, and deleted with its customer.

One task a tenant, each minute where there is something to do. It may be killed anywhere
and run twice: an event is found once by its subject, is leased to the run that sends it,
and counts once at Segment by its messageId.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby, islice, takewhile
from operator import attrgetter
from secrets import token_hex
from time import monotonic
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_tasks import task

from console.audit.log import log
from console.audit.models import AuditEntry
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.segment import SegmentProblem, size_of
from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import ITEMS_PER_PAGE, Observation
from console.contract.memory.page import UPDATE
from console.contract.segment import BATCH_BYTES, EVENT_BYTES, external_id
from console.contract.times import to_wire
from console.databases.compaction import enqueue_once
from console.jobs.leases import FIRST_WAIT, TRIES
from console.segment.models import (
    Assistant,
    Erasure,
    Outgoing,
    Talk,
    Watched,
    Workspace,
)
from console.segment.workspaces import TYPES, find_workspace, read_profile
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import get_tenant_guard, open_store

State = Outgoing.State
LEARNED = "Observation learned"
RUN_S, PROFILES, BATCH = 20.0, 100, 200
# Longer than a batch takes; and how late a memory shows what was written before.
LEASE, LATE = timedelta(minutes=5), timedelta(minutes=5)
# Segment knows a messageId for 24 hours.
REPEATABLE = timedelta(hours=23)
KEPT = timedelta(days=30)
LOOK_EVERY = timedelta(days=1)
ASK_FIRST, ASK_LATER = timedelta(minutes=1), timedelta(hours=1)
# What a batch holds beside its events.
FRAME_BYTES = 1024
ENDED = {"FAILED", "INVALID", "NOT_SUPPORTED", "PARTIAL_SUCCESS"}
NO_TOKEN = "It waits for a token of Segment's Public API, in the workspace's settings."  # noqa: S105
NO_USER_ID = "Segment knows no user id of theirs, by which alone it deletes."
TOO_LONG = f": Segment takes {EVENT_BYTES:,} an event."
DELETING = "Its profile is being deleted."
TOO_OLD = (
    "It was tried a day ago and may have arrived: sent again, Segment could count it "
    "twice. Look there, then send or leave it."
)


def start_due() -> None:
    """By the worker, each minute."""
    now = timezone.now()
    old = Outgoing.objects.filter(created_at__lt=now - KEPT)
    old.filter(state__in=[State.HELD, State.FAILED]).delete()
    # Found again, it is known as sent.
    old.filter(state=State.SENT).exclude(sealed="").update(sealed="")
    for workspace in Workspace.objects.filter(tenant__removed_at=None):
        due = {"tenant": workspace.tenant_id, "due_at__lte": now}
        kept: tuple[Any, ...] = (Outgoing, Erasure, Watched)
        if perceives(workspace.tenant_id) or any(
            each.objects.filter(**due).exists() for each in kept
        ):
            enqueue_once(tell_segment, None, str(workspace.pk))
        elif workspace.seen_until:
            # Switched on again, it begins with what is learned then.
            Workspace.objects.filter(pk=workspace.pk).update(seen_until=None, look={})


def perceives(tenant_id: Any) -> bool:
    return Assistant.objects.filter(tenant=tenant_id, perception=True).exists()


@task()
def tell_segment(tenant_id: str) -> None:
    """Safe to run twice and to kill. Raises MemoryProblem."""
    until = monotonic() + RUN_S
    workspace = Workspace.objects.select_related("tenant").get(tenant__pk=tenant_id)
    while send_batch(workspace):
        if monotonic() > until:
            tell_segment.enqueue(tenant_id)
            return
    ask_for_deletions(workspace)
    find_deleted(workspace)
    if perceives(tenant_id):
        look(workspace, until)


# What was learned -------------------------------------------------------------------------


def look(workspace: Workspace, until: float) -> None:
    """At the profiles that were written of since the last look; a memory that cannot tell
    them answers all of its profiles. Goes on where it stopped."""
    now = timezone.now()
    since = workspace.seen_until
    if since is None:
        workspace.seen_until = now
        workspace.save(update_fields=["seen_until"])
        return
    store, at = open_store(workspace.tenant), workspace.look
    at = at or {"began": now.isoformat(), "token": ""}
    query = {"order": UPDATE[1], "since": to_wire(since - LATE)}
    while monotonic() < until:
        page = store.list_activity(page_size=PROFILES, page_token=at["token"], **query)
        for each in page.items:
            with suppress(MemoryNotFound):
                note_learned(workspace, store, each.id, since - LATE)
        at["token"], workspace.look = page.next_token or "", at
        if not page.next_token:
            workspace.look = {}
            workspace.seen_until = datetime.fromisoformat(at["began"])
        workspace.save(update_fields=["look", "seen_until"])
        if not page.next_token:
            return


def note_learned(
    workspace: Workspace, store: StoreClient, profile_id: str, since: datetime
) -> None:
    """A row for each observation, and each trait that a person accepted, since then."""
    found = find_learned(store, profile_id, since)
    subjects = [each.subject for each in found]
    rows = Outgoing.objects.filter(tenant=workspace.tenant_id, subject__in=subjects)
    known, made = {*rows.values_list("subject", flat=True)}, []
    found = [each for each in found if each.subject not in known]
    tried = Talk.objects.select_related("assistant").in_bulk(
        {id_ for each in found for id_ in each.talks}
    )
    for each in found:
        talk = next((tried[id_] for id_ in sorted(each.talks) if id_ in tried), None)
        by = talk.assistant if talk else None
        if not talk or (by and by.perception):
            made.append(_build_row(workspace, profile_id, each, by))
    if made and get_tenant_guard(workspace.tenant):
        watch(workspace.tenant, profile_id, found[0].held)
    with transaction.atomic():
        if not find_erasure(workspace.tenant, profile_id):
            Outgoing.objects.bulk_create(made, ignore_conflicts=True)


class NewEvent(NamedTuple):
    """names  of an Identify, which trait, as `Group.name`; talks: from which
    conversations; held: the customer's identifiers"""

    event: dict[str, Any]
    names: str
    talks: Sequence[str]
    held: Sequence[IdentifierSet] = ()

    @property
    def subject(self) -> str:
        return str(self.event["messageId"])


def find_learned(
    store: StoreClient, profile_id: str, since: datetime, conversation_id: str = ""
) -> list[NewEvent]:
    """As Segment would be told. Raises MemoryProblem."""
    found = [
        NewEvent(
            {
                "type": "track",
                "event": LEARNED,
                "messageId": each.id,
                "timestamp": each.occurred_at.isoformat(),
                "properties": {"content": each.content, "source": each.source},
            },
            LEARNED,
            each.conversation_ids,
        )
        for each in takewhile(
            lambda each: each.created_at >= since,
            all_pages(
                store.list_observations, profile_id, conversation_id=conversation_id
            ),
        )
        if not each.retracted_at
    ]
    found += [
        each
        for each in _find_accepted(store, profile_id, since)
        if not conversation_id or conversation_id in each.talks
    ]
    held = store.list_identifiers(profile_id) if found else ()
    who = _identify(profile_id, held)
    return [each._replace(event=each.event | who, held=held) for each in found]


def _find_accepted(
    store: StoreClient, profile_id: str, since: datetime
) -> Iterator[NewEvent]:
    """None of a memory that proposes nothing."""
    with suppress(MemoryNotFound):
        added = store.conversations.list_provenance(profile_id, outcome="added").items
        proposals = [each for each in added if each.kind == "trait"]
        if not proposals:
            return
        traits = all_pages(store.list_traits, profile_id)
        now = {(each.trait_group, each.name): each for each in traits}
        for each in proposals:
            group, name = each.item["group"], each.item["name"]
            trait = now.get((group, name))
            if trait and trait.timestamp and trait.timestamp >= since:
                event = {
                    "type": "identify",
                    "messageId": each.id,
                    "timestamp": trait.timestamp.isoformat(),
                    "traits": {name: trait.value},
                }
                yield NewEvent(event, f"{group}.{name}", [each.conversation_id])


def _identify(profile_id: str, held: Iterable[IdentifierSet]) -> dict[str, Any]:
    """By the user id, else by the profile's own, which nobody else has there; phone
    numbers in digits alone, as Segment's samples have them."""
    values = {
        TYPES[each.id_type]: each.values[-1]
        for each in held
        if each.id_type in TYPES and each.values
    }
    user_id = values.pop("user_id", "")
    others = [external_id(type_, v.lstrip("+")) for type_, v in values.items()]
    who = {"userId": user_id} if user_id else {"anonymousId": profile_id}
    return who | ({"context": {"externalIds": others}} if others else {})


def _build_row(
    workspace: Workspace, profile_id: str, each: NewEvent, assistant: Assistant | None
) -> Outgoing:
    row = Outgoing(
        tenant_id=workspace.tenant_id,
        profile_id=profile_id,
        subject=each.subject,
        kind=each.event["type"],
        names=each.names[:200],
        assistant=assistant,
    )
    row.content = each.event
    if (size := size_of(each.event)) > EVENT_BYTES:
        row.state = State.FAILED
        row.words = f"{size:,} bytes{TOO_LONG}"
    elif workspace.sends and assistant is None:
        row.state, row.due_at = State.DUE, timezone.now()
    return row


# Sending ----------------------------------------------------------------------------------


def release(tenant: Tenant, rows: QuerySet[Outgoing]) -> int:
    """Send what is held or has failed; how many. In a transaction."""
    wanted = rows.filter(tenant=tenant, state__in=[State.HELD, State.FAILED])
    # What is too long stays so.
    wanted = wanted.exclude(words__contains=TOO_LONG)
    count = wanted.update(
        state=State.DUE, due_at=timezone.now(), tries=0, first_at=None, words=""
    )
    if count:
        enqueue_once(tell_segment, None, str(tenant.pk))
    return count


def send_batch(workspace: Workspace) -> bool:
    """Of what is due the oldest; whether there was any. After a MemoryProblem, which it
    raises, the lease ends some minutes later."""
    tenant, now = workspace.tenant, timezone.now()
    due = Outgoing.objects.filter(tenant=tenant, state=State.DUE)
    # As their index has them.
    ids = due.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)
    lease = token_hex(16)
    free = due.filter(pk__in=list(ids[:BATCH]), due_at__lte=now)
    if not free.update(lease=lease, due_at=now + LEASE):
        return False
    # By the index of leases, not through all that is due.
    mine = Outgoing.objects.filter(lease=lease, state=State.DUE)
    mine.filter(first_at__lt=now - REPEATABLE).update(
        state=State.FAILED, due_at=None, lease="", words=TOO_OLD
    )
    events = _take(workspace, mine)
    if events:
        try:
            workspace.open().send([*events.values()], timezone.now().isoformat())
        except SegmentProblem as problem:
            _put_off(mine, problem)
            return True
        with transaction.atomic():
            done = {"state": State.SENT, "sent_at": timezone.now(), "words": ""}
            count = mine.filter(pk__in=events).update(**done, due_at=None, lease="")
            actor = Actor(None, tenant, name="worker")
            log(actor, "outgoing.sent", "store", tenant.store_id, count=count)
    return True


def _take(workspace: Workspace, mine: QuerySet[Outgoing]) -> dict[int, Any]:
    """The events to be sent now, by row: not of what the memory no longer has, which goes,
    nor of a profile that is being deleted, and no more than a batch takes."""
    store = open_store(workspace.tenant)
    for profile_id, rows in groupby(
        mine.order_by("profile_id"), attrgetter("profile_id")
    ):
        there = find_there(store, profile_id, kept := [*rows])
        mine.filter(pk__in={x.pk for x in kept} - {x.pk for x in there}).delete()
    with transaction.atomic():
        tenant = {"tenant": workspace.tenant}
        erased = Erasure.objects.filter(**tenant).values("profile_id")
        mine.filter(profile_id__in=erased).update(
            state=State.HELD, lease="", due_at=None, words=DELETING
        )
        events, room = {}, BATCH_BYTES - FRAME_BYTES
        for row in mine.order_by("id"):
            event = row.content
            room -= size_of(event) + 2
            if room < 0:
                break
            events[row.pk] = event
        mine.exclude(pk__in=events).update(lease="", due_at=timezone.now())
        mine.update(tries=F("tries") + 1, first_at=Coalesce("first_at", timezone.now()))
    return events


def find_there(
    store: StoreClient, profile_id: str, rows: Sequence[Outgoing]
) -> list[Outgoing]:
    """Those of a profile's that the memory still has and holds for true. It is asked for
    the newest first, most of which are meant, and for no more pages than there are rows."""
    wanted = {row.subject for row in rows if row.kind == "track"}
    listed, found = all_pages(store.list_observations, profile_id), list[Observation]()
    try:
        if not wanted:
            store.fetch_profile(profile_id)
        for each in islice(listed, ITEMS_PER_PAGE * len(wanted)):
            if each.id in wanted:
                wanted.remove(each.id)
                found.append(each)
            if not wanted:
                break
    except MemoryNotFound:
        return []
    for id_ in wanted:
        with suppress(MemoryNotFound):
            found.append(store.fetch_observation(profile_id, id_))
    true = {each.id for each in found if not each.retracted_at}
    return [row for row in rows if row.kind == "identify" or row.subject in true]


def _put_off(mine: QuerySet[Outgoing], problem: SegmentProblem) -> None:
    """Ten seconds, four times as long after each further try, or as Segment asks."""
    for tries in mine.values_list("tries", flat=True).distinct():
        rows = mine.filter(tries=tries)
        words = problem.message[:300]
        if not problem.may_repeat or tries >= TRIES:
            rows.update(state=State.FAILED, due_at=None, lease="", words=words)
            continue
        asked = timedelta(seconds=problem.retry_after_s or 0)
        wait = max(FIRST_WAIT * 4 ** (tries - 1), asked)
        rows.update(due_at=timezone.now() + wait, lease="", words=words)


# Deletions --------------------------------------------------------------------------------


def find_user_ids(tenant: Tenant, held: Sequence[IdentifierSet]) -> list[str]:
    """A customer's own, and those that Segment has beside another identifier."""
    there = list[str]()
    if workspace := find_workspace(tenant):
        with suppress(SegmentProblem):
            there = _find_user_ids_there(workspace, held)
    return sorted({*_list_user_ids(held), *there})


def _list_user_ids(held: Sequence[IdentifierSet]) -> list[str]:
    of_type = [each for each in held if TYPES.get(each.id_type) == "user_id"]
    return [value for each in of_type for value in each.values]


def _find_user_ids_there(
    workspace: Workspace, held: Sequence[IdentifierSet]
) -> list[str]:
    """Raises SegmentProblem."""
    found = read_profile(workspace, held)
    there = found.external_ids if found else ()
    return [each.id for each in there if each.type == "user_id"]


def block(
    tenant: Tenant, ids: Sequence[str], user_ids: Sequence[str], *, suppresses: bool
) -> None:
    """From the begin of a profile's deletion on nothing of it is sent. In the transaction
    of that.

    ids  the profile's, then those merged into it
    """
    if not Workspace.objects.filter(tenant=tenant).exists():
        return
    erasure = Erasure(tenant=tenant, profile_id=ids[0], suppresses=suppresses)
    erasure.content = {"ids": [*ids], "user_ids": [*user_ids]}
    Erasure.objects.filter(tenant=tenant, profile_id=ids[0]).delete()
    erasure.save()


def drop(tenant: Tenant, subjects: Sequence[str]) -> None:
    """Of what was deleted by itself."""
    Outgoing.objects.filter(tenant=tenant, subject__in=subjects).delete()


def drop_logged(tenant: Tenant, subjects: Sequence[str]) -> set[str]:
    """Those that programs have deleted in the built-in memory, as the audit log says."""
    logged = AuditEntry.objects.filter(action="observation.deleted", outcome="done")
    this = {"tenant__in": [tenant.slug, ""], "object_id__in": subjects}
    gone = {*logged.filter(**this).values_list("object_id", flat=True)}
    if gone:
        drop(tenant, [*gone])
    return gone


def find_erasure(tenant: Tenant, profile_id: str) -> Erasure | None:
    return Erasure.objects.filter(tenant=tenant, profile_id=profile_id).first()


def count_erasures(tenant: Tenant) -> list[tuple[str, int]]:
    """By state, in words."""
    asked = Erasure.objects.filter(tenant=tenant)
    counts = dict(asked.values_list("state").annotate(Count("pk")).order_by())
    return [(each.label, counts[each]) for each in Erasure.State if each in counts]


def settle(tenant: Tenant, profile_id: str, *, is_deleted: bool) -> None:
    """It is deleted: Segment is asked to do so too, when nothing of it can still be on its
    way. Or it is not, after all. In the transaction of that."""
    found = Erasure.objects.filter(tenant=tenant, profile_id=profile_id)
    if not is_deleted:
        found.filter(state=Erasure.State.WAITING).delete()
        return
    Watched.objects.filter(tenant=tenant, profile_id=profile_id).delete()
    for erasure in found.filter(state=Erasure.State.WAITING, due_at=None):
        ids, user_ids = erasure.content["ids"], erasure.content["user_ids"]
        rows = Outgoing.objects.filter(tenant=tenant, profile_id__in=ids)
        wait = LEASE if rows.exclude(lease="").exists() else timedelta()
        rows.delete()
        erasure.due_at = timezone.now() + wait
        if not user_ids:
            _end(erasure, Erasure.State.NOTHING, NO_USER_ID)
        erasure.save()


def ask_for_deletions(workspace: Workspace) -> None:
    now = timezone.now()
    due = Erasure.objects.filter(tenant=workspace.tenant, due_at__lte=now)
    for erasure in due:
        age = now - erasure.created_at
        erasure.due_at = now + min(max(age, ASK_FIRST), ASK_LATER)
        try:
            _ask_for_deletion(workspace, erasure)
        except SegmentProblem as problem:
            erasure.words = problem.message[:300]
        erasure.save()


def _ask_for_deletion(workspace: Workspace, erasure: Erasure) -> None:
    client, states = workspace.open(), Erasure.State
    if not client.public_token:
        erasure.words = NO_TOKEN
    elif not erasure.request_id:
        ids = erasure.content["user_ids"]
        erasure.request_id = client.request_deletion(ids, suppress=erasure.suppresses)
        erasure.state, erasure.words = states.REQUESTED, ""
    else:
        status = client.fetch_deletion(erasure.request_id)
        if status == "FINISHED":
            _end(erasure, states.FINISHED, "")
        elif status in ENDED:
            _end(erasure, states.FAILED, f"Segment ended it as {status}.")


def _end(erasure: Erasure, state: Erasure.State, words: str) -> None:
    erasure.state, erasure.words, erasure.sealed = state, words, ""
    erasure.due_at, erasure.finished_at = None, timezone.now()


# Deletions that no page has made ----------------------------------------------------------


def note_deletion(tenant: Tenant, profile_id: str, *, suppresses: bool) -> None:
    """Before a program deletes it: afterwards nobody knows by what to find it at Segment.
    Raises MemoryProblem."""
    if find_workspace(tenant):
        now, held = timezone.now(), open_store(tenant).list_identifiers(profile_id)
        more = {"asked_at": now, "due_at": now, "suppresses": suppresses}
        watch(tenant, profile_id, held, **more)


def watch(
    tenant: Tenant, profile_id: str, held: Iterable[IdentifierSet], **more: Any
) -> None:
    """Adds to what is known of it."""
    this: dict[str, Any] = {"tenant": tenant, "profile_id": profile_id}
    row = Watched.objects.filter(**this).first() or Watched(**this)
    known = row.content or {}
    for each in held:
        before = [v for v in known.get(each.id_type, ()) if v not in each.values]
        known[each.id_type] = [*before, *each.values]
    row.content = known
    given = {"due_at": timezone.now() + LOOK_EVERY, "gone_at": None} | more
    given |= {"sealed": row.sealed, "store_id": tenant.store_id}
    Watched.objects.update_or_create(**this, defaults=given)


def find_deleted(workspace: Workspace) -> None:
    """What others have deleted: in the built-in memory by its audit log, in a hosted one by
    what is found there no more. Raises MemoryProblem."""
    tenant, now = workspace.tenant, timezone.now()
    due = Watched.objects.filter(tenant=tenant, due_at__lte=now).order_by("due_at")
    # What was noted of another store says nothing of this one.
    due.exclude(store_id=tenant.store_id).delete()
    for row in due.filter(asked_at__isnull=False)[:PROFILES]:
        if _is_logged(row):
            _erase(workspace, row)
        elif row.asked_at and row.asked_at < now - LOOK_EVERY:
            row.delete()  # refused, or never carried out
        else:
            _put_back(row, ASK_FIRST)
    looked = due.filter(asked_at=None)[:PROFILES]
    store = open_store(tenant)
    # A store that has nobody at all is more likely another one.
    if looked and store.list_profiles(page_size=1).items:
        for row in looked:
            _look_for(workspace, store, row)


def _is_logged(row: Watched) -> bool:
    """Of several tenants of a store the log names none."""
    deleted = AuditEntry.objects.filter(action="profile.deleted", outcome="done")
    this = {"tenant__in": [row.tenant.slug, ""], "object_id": row.profile_id}
    asked_at = (row.asked_at or timezone.now()) - LATE
    return deleted.filter(**this, at__gte=asked_at).exists()


def _look_for(workspace: Workspace, store: StoreClient, row: Watched) -> None:
    """Gone is what a day later is gone, too."""
    is_gone, gone_at = False, row.gone_at
    row.gone_at = None
    try:
        found = store.fetch_profile(row.profile_id)
    except MemoryNotFound:
        is_gone, row.gone_at = True, gone_at or timezone.now()
    if is_gone and gone_at:
        _erase(workspace, row)
    elif is_gone or found.id == row.profile_id:
        _put_back(row, LOOK_EVERY)
    else:  # merged: the customer is still one
        watch(workspace.tenant, found.id, _list_held(row))
        row.delete()


def _put_back(row: Watched, wait: timedelta) -> None:
    row.due_at = timezone.now() + wait
    row.save()


def _list_held(row: Watched) -> list[IdentifierSet]:
    held = row.content.items()
    return [IdentifierSet(id_type=type_, values=tuple(v)) for type_, v in held]


def _erase(workspace: Workspace, row: Watched) -> None:
    held, there = _list_held(row), list[str]()
    try:
        there = _find_user_ids_there(workspace, held)
    except SegmentProblem as problem:
        if problem.may_repeat:
            _put_back(row, ASK_FIRST)
            return
    user_ids = sorted({*_list_user_ids(held), *there})
    tenant, id_ = workspace.tenant, row.profile_id
    with transaction.atomic():
        asked = Erasure.objects.filter(tenant=tenant, profile_id=id_, finished_at=None)
        if not asked.exists():
            block(tenant, [id_], user_ids, suppresses=row.suppresses)
        settle(tenant, id_, is_deleted=True)
