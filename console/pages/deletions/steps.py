"""What becomes of a deletion, one step at a time: by the worker, and by the page that
somebody waits for.

    previewed → awaiting → cooling → executing → verifying → done

A single fact begins with executing, while the person waits. A request is moved by people
(services.py) as far as cooling and by the worker from there on. Each move is committed
with its audit entry, and never from a version that is no longer the present one. The
memory is called outside of transactions: the attempt is committed before, what came of it
afterwards.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django_tasks import task

from console.audit.log import log
from console.client.errors import (
    MemoryBusy,
    MemoryConflict,
    MemoryMoved,
    MemoryNotFound,
    MemoryProblem,
    MemoryUnreachable,
)
from console.client.store import StoreClient
from console.core.errors import DomainError
from console.databases.compaction import enqueue_once, request_compaction
from console.masking.masker import mask_text
from console.pages.deletions.certificates import certify
from console.pages.deletions.inventory import Inventory, take_inventory
from console.pages.deletions.models import Deletion, Target
from console.profiles.context import forget_profile
from console.profiles.models import OnHold, find_hold
from console.profiles.whole import Traces, find_remains, read_whole
from console.segment import outbox
from console.tenants.actor import Actor, Permission, may
from console.tenants.models import Role, Tenant
from console.tenants.vault import get_tenant_guard, open_store

State = Deletion.State
# Longer than any one step takes, so that a deletion in progress is not begun again.
LEASE = timedelta(seconds=90)
# What a replica or the restore of a backup brings back, it has brought back by then.
LOOK_AGAIN_AFTER = timedelta(hours=24)
# Segment deletes within 30 days; later nothing of it is waited for.
SEGMENT_WITHIN = timedelta(days=35)
ASK_AGAIN_AFTER = timedelta(hours=1)
# An approval is given within it, and used within it once the cool-off is over.
APPROVAL_LIFE = timedelta(hours=72)
# A request is verified so often, at least a window apart: that is how long a memory may
# still return what it has deleted, ours and one elsewhere.
ROUNDS, NEAR_WINDOW, FAR_WINDOW = 3, timedelta(seconds=10), timedelta(seconds=120)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=24)
# Paths into what the console keeps, which a task empties after the deletion.
OURS = {"caches", "exports", "sessions"}


# What becomes of a request that has to be confirmed again.
NOT_YET: dict[str, Any] = dict.fromkeys(
    (
        "requested_at", "approved_by", "approved_at", "execute_at", "started_at",
        "finished_at", "verified_at", "returned_at",
    )
)  # fmt: skip


class Overtaken(DomainError, status=409, title="It has moved on"):
    """The deletion has moved since the page was loaded."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known after a call; `words` say why it is not done, `paths` where it was
    looked for."""

    state: State
    words: str = ""
    verified_at: datetime | None = None
    canonical_id: str = ""
    paths: tuple[str, ...] = ("get",)


STILL_ANSWERED = Outcome(
    State.UNKNOWN,
    "The memory still returns it. This can be a short delay: it is looked for again.",
)
CAME_BACK = Outcome(State.RETURNED)
ALREADY_GONE = Outcome(
    State.FAILED, "It had already been deleted: this request removed nothing."
)


def move(
    deletion: Deletion,
    state: State,
    actor: Actor,
    action: str,
    fields: Mapping[str, Any],
    *,
    outcome: str = "done",
) -> None:
    """Raises Overtaken when somebody else has moved it."""
    with transaction.atomic():
        _set(deletion, **{"words": "", "due_at": None, **fields}, state=state)
        if deletion.due_at and deletion.due_at <= timezone.now():
            enqueue_once(advance_deletions)
        if action:
            log_step(deletion, actor, action, outcome=outcome)
        if state == State.DONE:
            deletion.certificate = certify(deletion)
            deletion.save(update_fields=["certificate"])


def _set(deletion: Deletion, **fields: Any) -> None:
    here = Deletion.objects.filter(pk=deletion.pk, version=deletion.version)
    if not here.update(version=F("version") + 1, **fields):
        raise Overtaken("Somebody else was quicker. Nothing was changed by you.")
    deletion.refresh_from_db()


def log_step(
    deletion: Deletion, actor: Actor, action: str, outcome: str = "done"
) -> None:
    """`deleted` is one entry for each item: its page leads to this deletion by that."""
    for target in deletion.targets if action == "deleted" else [deletion.target]:
        log(
            actor,
            f"{target.kind.name}.deleted" if action == "deleted" else action,
            target.kind.name,
            target.object_id,
            about=[deletion.profile_id],
            outcome=outcome,
            reason=deletion.reason,
            closes=True,
            **({} if deletion.more else deletion.counts),
            reason_code=deletion.reason_code,
            deletion=str(deletion.pk),
        )


def count_again(deletion: Deletion, actor: Actor, why: str = "") -> None:
    """Read everything again and start from there: a confirmation or an approval of
    something else is void. Raises MemoryProblem, Overtaken."""
    _keep_inventory(deletion, take_inventory(deletion.targets, actor), actor, why)


def _keep_inventory(
    deletion: Deletion, found: Inventory, actor: Actor, why: str
) -> None:
    target, *more = found.targets
    fields = {
        "words": why,
        "profile_id": target.profile_id,
        "object_id": target.object_id,
        "more": [[each.kind.name, each.object_id] for each in more],
        "inventory": found.digest,
        "counts": found.counts,
        "canonical_id": "",
        "rounds": [],
    }
    move(deletion, State.PREVIEWED, actor, "deletion.voided", NOT_YET | fields)


def is_unchanged(deletion: Deletion, actor: Actor, seen: str) -> bool:
    """Whether the data are what was counted and `seen`; else they are counted again."""
    found = take_inventory(deletion.targets, actor)
    if found.digest == deletion.inventory == seen:
        return True
    change = describe_change(deletion.counts, found.counts)
    why = f"The data changed meanwhile: {change}. Review it and confirm it again."
    _keep_inventory(deletion, found, actor, why)
    return False


def describe_change(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """What is other in numbers: "observations 5 → 6"."""
    changes = [
        f"{name} {before.get(name, 0)} → {after.get(name, 0)}"
        for name in {**before, **after}
        if before.get(name, 0) != after.get(name, 0)
    ]
    return ", ".join(changes) or "the same number of items, with other content"


def enqueue_due() -> None:
    """Called by the worker with each beat."""
    if _list_due(timezone.now()).exists():
        enqueue_once(advance_deletions)


@task()
def advance_deletions() -> int:
    """Every deletion that is due, one step after another; answers how many steps.

    Safe to run twice and to kill at any moment: what is half done is due again when its
    lease is over, and then begins with what came of it.
    """
    steps = 0
    while deletion := _claim():
        actor = Actor(deletion.requested_by, deletion.tenant, name="worker")
        advance(deletion, actor)
        steps += 1
    return steps


def _list_due(now: datetime) -> QuerySet[Deletion]:
    due = Deletion.objects.filter(due_at__lte=now, tenant__removed_at=None)
    return due.order_by("due_at")


def _claim() -> Deletion | None:
    now = timezone.now()
    for pk, version in _list_due(now).values_list("pk", "version"):
        mine = Deletion.objects.filter(pk=pk, version=version, due_at__lte=now)
        if mine.update(version=version + 1, due_at=now + LEASE):
            return Deletion.objects.get(pk=pk)
    return None


def advance(deletion: Deletion, actor: Actor) -> None:
    """One step. A memory that cannot be asked is asked again later."""
    try:
        STEPS[State(deletion.state)](deletion, actor)
    except MemoryProblem as problem:
        _wait(deletion, actor, problem)
    except Overtaken:
        return  # a person or another worker has gone on with it


def expire(deletion: Deletion, actor: Actor) -> None:
    hours = APPROVAL_LIFE // timedelta(hours=1)
    why = f"Not approved and begun within {hours} hours: it has to be confirmed again."
    count_again(deletion, actor, why)


def _begin(deletion: Deletion, actor: Actor) -> None:
    """After the cool-off: still the same data, and still by people who may?"""
    now = timezone.now()
    if deletion.execute_at is None or now >= deletion.execute_at + APPROVAL_LIFE:
        expire(deletion, actor)
    elif name := _find_unfit(deletion):
        why = f"{name} may no longer delete here: it has to be confirmed again."
        count_again(deletion, actor, why)
    elif hold := find_hold(deletion.tenant, deletion.profile_id):
        facts = {"words": OnHold(hold).message, "finished_at": now}
        action = "deletion.refused"
        move(deletion, State.REFUSED, actor, action, facts, outcome="denied")
    elif is_unchanged(deletion, actor, deletion.inventory):
        facts = {"started_at": now, "due_at": now + LEASE}
        # For this task alone: what it is found by is stored nowhere else, but what
        # Segment is asked to delete.
        tenant, traces, user_ids = deletion.tenant, None, list[str]()
        if deletion.target.is_profile:
            whole = read_whole(open_store(tenant), deletion.profile_id)
            traces = Traces.of(whole)
            user_ids = outbox.find_user_ids(tenant, whole["identifiers"])
        with transaction.atomic():
            if traces:
                suppresses = _is_to_be_forgotten(deletion)
                outbox.block(tenant, traces.ids, user_ids, suppresses=suppresses)
            move(deletion, State.EXECUTING, actor, "deletion.started", facts)
        execute(deletion, actor, is_first=True, traces=traces)


def _find_unfit(deletion: Deletion) -> str:
    """Who said yes and could not do so now; "" when all still could."""
    for user in filter(None, (deletion.requested_by, deletion.approved_by)):
        held = user.memberships.filter(tenant=deletion.tenant).first()
        if not (user.is_active and held and may(Role(held.role), Permission.DELETE)):
            return str(user.email)
    return ""


def execute(
    deletion: Deletion,
    actor: Actor,
    *,
    is_first: bool = False,
    traces: Traces | None = None,
) -> None:
    """Raises MemoryProblem where nothing was done and a later try can succeed."""
    store = open_store(deletion.tenant)
    # Who asked to be forgotten is not learned again; ours alone can promise that.
    suppress = {"suppress": True} if _is_to_be_forgotten(deletion) else {}
    for target in deletion.targets:
        outcome = _delete(store, target, is_first=is_first, **suppress)
        if deletion.more:
            _set(deletion, due_at=timezone.now() + LEASE)
            if outcome is ALREADY_GONE:  # of many, somebody may have deleted one
                outcome = Outcome(State.DONE, verified_at=timezone.now())
        if outcome.state != State.DONE:
            break
    if traces and outcome.state == State.DONE:
        outcome = _look_everywhere(deletion, traces, outcome)
    if outcome.canonical_id and deletion.requested_at:
        outbox.settle(deletion.tenant, deletion.profile_id, is_deleted=False)
        why = "The profile was merged into another one meanwhile. Review it again."
        count_again(deletion, actor, why)
    else:
        close(deletion, outcome, actor)


def _look_everywhere(deletion: Deletion, traces: Traces, gone: Outcome) -> Outcome:
    """By all that it could be found by, also what nobody knows any more afterwards. What
    the console derived from it goes a moment later: the rounds look at that."""
    try:
        found = find_remains(deletion.tenant, traces)
    except MemoryProblem as problem:
        return Outcome(State.UNKNOWN, mask_text(problem.message))
    asked = [path for path in found if path not in OURS]
    left = [path for path in asked if found[path]]
    words = f"The memory still finds it by {', '.join(left)}: it is looked for again."
    return (
        Outcome(State.UNKNOWN, words) if left else replace(gone, paths=("get", *asked))
    )


def _is_to_be_forgotten(deletion: Deletion) -> bool:
    asked = deletion.reason_code == Deletion.ReasonCode.CUSTOMER
    is_ours = get_tenant_guard(deletion.tenant) is None
    return deletion.target.is_profile and asked and is_ours


def _delete(
    store: StoreClient, target: Target, *, is_first: bool, **how: bool
) -> Outcome:
    """After an earlier try, which a crash or a timeout may have cut off, see first what
    came of that."""
    if not is_first:
        outcome = verify(store, target, STILL_ANSWERED)
        if outcome is not STILL_ANSWERED:
            return outcome
    try:
        target.kind.delete(store, *target.ids, **how)
    except MemoryProblem as problem:
        if _is_passing(problem):
            raise
        if is_first or not isinstance(problem, MemoryNotFound):
            return get_outcome(problem)
    return verify(store, target, STILL_ANSWERED)


def _is_passing(problem: MemoryProblem) -> bool:
    if isinstance(problem, MemoryUnreachable):
        return not problem.maybe_done
    return isinstance(problem, (MemoryBusy, MemoryConflict))


def verify(store: StoreClient, target: Target, still_found: Outcome) -> Outcome:
    """Only a memory that answers "not found" has proven a deletion."""
    try:
        target.kind.fetch(store, *target.ids)
    except MemoryNotFound:
        return Outcome(State.DONE, verified_at=timezone.now())
    except MemoryProblem as problem:
        words = f"Could not verify the deletion. {mask_text(problem.message)}"
        return Outcome(State.UNKNOWN, words)
    return still_found


def get_outcome(problem: MemoryProblem) -> Outcome:
    """The outcome of a deletion that was not accepted.

    Masked: a memory's message can name an identifier, and the row outlives the profile.
    """
    words = mask_text(problem.message)
    match problem:
        case MemoryMoved():
            return Outcome(State.FAILED, words, canonical_id=problem.canonical_id)
        case MemoryNotFound():
            return ALREADY_GONE
        case MemoryUnreachable(maybe_done=True):
            return Outcome(State.UNKNOWN, words)
        case _:
            return Outcome(State.FAILED, words)


def close(deletion: Deletion, outcome: Outcome, actor: Actor) -> None:
    """Keep the outcome and, when it says something new, its audit entry."""
    now, state = timezone.now(), outcome.state
    facts: dict[str, Any] = {"words": outcome.words, "finished_at": now}
    if state == State.UNKNOWN:
        due_at = None if _is_given_up(deletion) else now + _get_wait(deletion)
        facts |= {"finished_at": None, "due_at": due_at}
    elif state == State.DONE:
        is_request = deletion.requested_at is not None
        after = _get_window(deletion.tenant) if is_request else LOOK_AGAIN_AFTER
        facts |= {"due_at": now + after, "verified_at": outcome.verified_at}
        if is_request:
            state = State.VERIFYING
            facts |= {"finished_at": None, "rounds": [_write_round(now, outcome.paths)]}
    is_news = deletion.state != outcome.state
    action = "deleted" if is_news else ""
    with transaction.atomic():
        if state in {State.DONE, State.VERIFYING}:
            # A memory elsewhere cleans up by itself; what pages derived from it is here.
            request_compaction()
            if deletion.target.is_profile:
                deletion.tenant.recall_cases.erase(deletion.profile_id)
            outbox.drop(deletion.tenant, [x.object_id for x in deletion.targets])
        if state != State.UNKNOWN and deletion.target.is_profile:
            is_deleted = state != State.FAILED or outcome is ALREADY_GONE
            outbox.settle(deletion.tenant, deletion.profile_id, is_deleted=is_deleted)
        facts["canonical_id"] = outcome.canonical_id
        move(deletion, state, actor, action, facts, outcome=outcome.state)


def _verify_round(deletion: Deletion, actor: Actor) -> None:
    """Of a request the last of three ends it; a day later it is looked for once more."""
    store, now = open_store(deletion.tenant), timezone.now()
    found = [verify(store, target, CAME_BACK) for target in deletion.targets]
    paths = {"get": CAME_BACK in found}
    if deletion.target.is_profile and deletion.requested_at:
        paths |= find_remains(deletion.tenant, Traces(ids=[deletion.profile_id]))
    rounds = [*deletion.rounds, _write_round(now, paths)]
    is_over = deletion.state == State.DONE
    facts: dict[str, Any] = {"rounds": rounds, "finished_at": now}
    left = {path for path, is_there in paths.items() if is_there}
    words = f"Found by {', '.join(sorted(left))}."
    if left and left <= OURS and not _is_given_up(deletion):
        forget_profile(deletion.profile_id)
        _set(deletion, words=words, due_at=now + _get_wait(deletion))
    elif left:
        facts = {"returned_at": now, "checked_at": now, "finished_at": now}
        facts["words"] = words
        action = "deletion.returned"
        move(deletion, State.RETURNED, actor, action, facts, outcome="failed")
    elif any(outcome.state == State.UNKNOWN for outcome in found):
        raise MemoryUnreachable("The memory cannot be asked.")
    elif is_over:
        done_at = deletion.finished_at or now
        again = done_at + LOOK_AGAIN_AFTER
        if again <= now < done_at + SEGMENT_WITHIN and _waits_for_segment(deletion):
            again = now + LOOK_AGAIN_AFTER
        facts |= {"finished_at": done_at, "checked_at": now}
        facts["due_at"] = again if now < again else None
        move(deletion, State.DONE, actor, "", facts)
    elif len(rounds) < ROUNDS:
        facts |= {"finished_at": None, "due_at": now + _get_window(deletion.tenant)}
        move(deletion, State.VERIFYING, actor, "", facts)
    else:
        facts["due_at"] = now + LOOK_AGAIN_AFTER
        move(deletion, State.DONE, actor, "deletion.finished", facts)


def _waits_for_segment(deletion: Deletion) -> bool:
    """The certificate is issued again with each look, and says then what became of it."""
    asked = deletion.erasure
    return deletion.target.is_profile and bool(asked and asked.state in asked.OPEN)


def _wait(deletion: Deletion, actor: Actor, problem: MemoryProblem) -> None:
    """What is done stays so until it is seen again."""
    asked = problem.retry_after_s if isinstance(problem, MemoryBusy) else None
    wait = timedelta(seconds=asked) if asked else _get_wait(deletion)
    if deletion.state == State.DONE:
        _set(deletion, due_at=timezone.now() + ASK_AGAIN_AFTER)
    elif _is_passing(problem) and not _is_given_up(deletion):
        _set(deletion, due_at=timezone.now() + min(wait, LONGEST_WAIT))
    else:
        close(deletion, get_outcome(problem), actor)


def _is_given_up(deletion: Deletion) -> bool:
    since = deletion.started_at
    return since is not None and timezone.now() - since > GIVE_UP_AFTER


def _get_wait(deletion: Deletion) -> timedelta:
    """As long as it has taken so far: 10, 20, 40 s …"""
    taken = timezone.now() - (deletion.started_at or deletion.created_at)
    return min(max(taken, FIRST_WAIT), LONGEST_WAIT)


def _get_window(tenant: Tenant) -> timedelta:
    return FAR_WINDOW if get_tenant_guard(tenant) else NEAR_WINDOW


def _write_round(at: datetime, paths: Iterable[str]) -> dict[str, Any]:
    named = list(dict.fromkeys(paths))
    return {"at": at.isoformat(timespec="seconds"), "paths": named}


STEPS: dict[State, Callable[[Deletion, Actor], None]] = {
    State.AWAITING: expire,
    State.COOLING: _begin,
    State.EXECUTING: execute,
    State.UNKNOWN: execute,
    State.VERIFYING: _verify_round,
    State.DONE: _verify_round,
}
