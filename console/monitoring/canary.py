"""The canary: everything that a memory is for, done once with a synthetic customer.

A run is a row's `run`, and goes on step by step: `STEPS` in their order, each looked at
until it is done or has taken too long. What comes of a step is kept before the next one
begins, so that a run whose worker died goes on, and one that nobody goes on with is
cleaned up by the next. What a step cannot do in this memory is not asked.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from time import monotonic, sleep
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from console.audit.log import log
from console.client.errors import MemoryNotFound, MemoryRefused
from console.client.store import StoreClient
from console.contract.conversations.communication import (
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.conversation import (
    CreateConversation,
    CreateParticipant,
    InlineConfiguration,
    PatchConversation,
    SentAddress,
)
from console.contract.memory.observation import NewObservation
from console.core.errors import DomainError
from console.databases.compaction import enqueue_once
from console.monitoring import checks, synthetic
from console.monitoring.models import (
    Health,
    Kind,
    Made,
    Result,
    Watch,
    get_watch,
    record,
)
from console.monitoring.nightly import get_night
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

Step = checks.State
KNOWN = "Prefers the test pattern in blue over the one in green."
SAID = (
    "My parcel 4521 from Lisbon came broken on Friday.",
    "I always want parcels left with the neighbour at number 12.",
)
ANSWER = "Noted, thank you."
# Seconds that a step may take: a memory learns in the background.
LONGEST_S, LEARNS_S = 60.0, 300.0
# Longer than two looks of a living run are apart.
STALE = timedelta(minutes=3)
# The worker does other things between looks: what is waited for may be one of them.
LOOK_S, PAUSE_S, AGAIN = 3.0, 0.05, timedelta(seconds=1)
CHARTED = 30


class NotAsked(Exception):
    """This memory cannot do it."""


class Fails(Exception):
    """It was done, and not as it should be."""


class CanaryBusy(DomainError, status=409, title="A canary is under way"):
    pass


class CanaryOvertaken(Exception):
    """Another one has been started since."""


class Canary:
    """One run, by what it has made and what is kept of it:

    mark     of what it has made
    steps    what came of each so far: `state`, `ms`, `words`
    since    when the present one began; written: when the observation was sent
    waits    what the present one waits for
    maybe    whether a write got no answer
    """

    def __init__(self, watch: Watch, store: StoreClient) -> None:
        self.watch, self.store, self.run = watch, store, watch.run
        self.made = Made.objects.get(mark=watch.run["mark"])
        self.talks = store.conversations

    def keep(self, **facts: Any) -> None:
        """Raises CanaryOvertaken."""
        self.run.update(facts)
        mine = Watch.objects.filter(pk=self.watch.pk, run__mark=self.run["mark"])
        if not mine.update(run=self.run, beat_at=timezone.now()):
            raise CanaryOvertaken

    # Each answers whether it is done, and is safe to run again.

    def do_profile(self) -> bool:
        if not self.made.profile:
            self.made.profile = synthetic.create_profile(self.store, self.made)
            self.made.save()
        with suppress(MemoryNotFound):
            self.store.fetch_profile(self.made.profile)
            found = synthetic.find_profiles(self.store, self.made)
            return self.made.profile in found
        return False

    def do_observation(self) -> bool:
        is_new = "written" not in self.run
        self.keep(written=self.run.get("written") or timezone.now().isoformat())
        if is_new or not self._lists():
            facts = [
                NewObservation(
                    content=KNOWN, source=synthetic.SOURCE, occurred_at=timezone.now()
                )
            ]
            self.store.create_observations(self.made.profile, facts)
        return True

    def _lists(self) -> bool:
        page = self.store.list_observations(self.made.profile)
        return any(each.content == KNOWN for each in page.items)

    def do_listed(self) -> bool:
        return self._lists()

    def do_recalled(self) -> bool:
        answer = self.store.recall(self.made.profile, query=KNOWN)
        return any(each.content == KNOWN for each in answer.observations)

    def do_opened(self) -> bool:
        try:
            linked = self.talks.list_configurations().items
        except MemoryNotFound:
            raise NotAsked("This memory has no conversations.") from None
        if linked:
            # As the tenant's own begin, but nobody is told of it.
            inline = InlineConfiguration(status_callbacks=[])
        else:
            inline = InlineConfiguration(
                memory_store_id=self.store.store_id,
                conversation_grouping_type="GROUP_BY_PROFILE",
                memory_extraction_enabled=True,
            )
        found = synthetic.find_conversation(self.store, self.made)
        made = found or self.talks.create_conversation(
            CreateConversation(
                configuration_id=linked[0].id if linked else "",
                configuration=inline,
                name="Synthetic",
                metadata={"synthetic": self.made.mark},
                participants=[
                    CreateParticipant(
                        type="CUSTOMER",
                        profile_id=self.made.profile,
                        addresses=[self._address(self._customer)],
                    ),
                    CreateParticipant(
                        type="AI_AGENT", addresses=[self._address(self._agent)]
                    ),
                ],
            )
        )
        self.made.conversation = made.id
        self.made.save()
        return True

    @property
    def _customer(self) -> str:
        return synthetic.get_address(self.made)

    @property
    def _agent(self) -> str:
        return f"agent-{self._customer}"

    def _address(self, address: str) -> SentAddress:
        return SentAddress(channel="EMAIL", address=address)

    def do_said(self) -> bool:
        sides = self._customer, self._agent
        turns = [*((sides, text) for text in SAID), (sides[::-1], ANSWER)]
        page = self.talks.list_communications(self.made.conversation)
        for (author, to), text in turns[len(page.items) :]:
            self.talks.create_communication(
                self.made.conversation,
                CreateCommunication(
                    author=SentParty(address=author, channel="EMAIL"),
                    content=TextContent(text=text),
                    recipients=[SentParty(address=to, channel="EMAIL")],
                ),
            )
        return True

    def do_closed(self) -> bool:
        id_ = self.made.conversation
        if self.talks.fetch_conversation(id_).status == "CLOSED":
            return True
        self.talks.patch_conversation(id_, PatchConversation(status="CLOSED"))
        return self.talks.fetch_conversation(id_).status == "CLOSED"

    def do_learned(self) -> bool:
        talk_id, profile_id = self.made.conversation, self.made.profile
        talk = self.talks.fetch_conversation(talk_id)
        settings, learning = talk.configuration, "?"
        with suppress(MemoryNotFound):
            learning = self.talks.list_transitions(talk_id).items[-1].learning
        if not (learning and settings and settings.memory_extraction_enabled):
            raise NotAsked("Nothing is learned from conversations: extraction is off.")
        for list_page in (self.store.list_observations, self.store.list_summaries):
            page = list_page(profile_id, conversation_id=talk_id)
            if any(talk_id in each.conversations for each in page.items):
                return True
        if learning not in {"?", "PENDING"}:
            raise Fails("It was read, and nothing was learned from it.")
        return False

    def do_deleted(self) -> bool:
        synthetic.remove(self.store, self.made)
        return True

    def do_gone(self) -> bool:
        id_, paths = self.made.profile, set[str]()
        asked: dict[str, Callable[[], Any]] = {
            "get": partial(self.store.fetch_profile, id_),
            "list": lambda: id_ in self.store.list_profiles(page_size=100).items,
            "lookup": partial(synthetic.find_profiles, self.store, self.made),
            "Recall": lambda: self.store.recall(id_, query=KNOWN).observations,
        }
        if talk_id := self.made.conversation:
            asked["conversation"] = partial(self.talks.fetch_conversation, talk_id)
        for path, ask in asked.items() if id_ else ():
            with suppress(MemoryNotFound):
                if ask():
                    paths.add(path)
        self.run["waits"] = f"Still found by {', '.join(sorted(paths))}."
        return not paths


# What is done, and what is said of it; TALKS: those that need a conversation.
STEPS = {
    "profile": "A profile is written, and found by its id and by its address",
    "observation": "An observation is written",
    "listed": "The observation is listed",
    "recalled": "Recall gives it",
    "opened": "A conversation is opened",
    "said": "Both sides say something",
    "closed": "The conversation is closed",
    "learned": "Something is learned from it",
    "deleted": "All of it is deleted",
    "gone": "Nothing is found any more by get, list, lookup and Recall",
}
TALKS = {"said", "closed", "learned"}
CLEANING = {"deleted", "gone"}
# Measured from the write, not from the step before.
FROM_WRITE = {"listed", "recalled"}


def start(tenant: Tenant, actor: Actor) -> Watch:
    """Raises CanaryBusy while one goes on."""
    now = timezone.now()
    with transaction.atomic():
        watch = _hold(tenant)
        if watch.run:
            if watch.beat_at and watch.beat_at > now - STALE:
                raise CanaryBusy("One has begun and is not over. Look at what it does.")
            words = "It broke off: the worker that ran it is gone."
            _end(watch, actor, Health.UNKNOWN, words, is_clean=False)
        mark = synthetic.note(tenant, "canary").mark
        watch.run = {"mark": mark, "steps": {}, "by": actor.name, "maybe": False}
        watch.beat_at = now
        watch.save(update_fields=["run", "beat_at"])
        log(actor, "canary.run", tenant, outcome="allowed")
    return watch


def _hold(tenant: Tenant) -> Watch:
    """In a transaction: its row, for this alone."""
    watch = get_watch(tenant)
    return Watch.objects.select_for_update().get(pk=watch.pk)


def advance(watch: Watch, actor: Actor, look_s: float = LOOK_S) -> bool:
    """Goes on for a while; whether it is over. Raises CanaryOvertaken."""
    try:
        canary = Canary(watch, open_store(watch.tenant))
        if not watch.run["steps"]:
            synthetic.clean(watch.tenant)
    except DomainError as problem:  # the vault keeps the credentials
        _finish(watch, actor, problem.message)
        return True
    until = monotonic() + look_s
    for name in STEPS:
        if name in watch.run["steps"]:
            continue
        while not _look(canary, name):
            # It is the worker that learns.
            if monotonic() > until or name == "learned":
                return False
            sleep(PAUSE_S)
    _finish(watch, actor)
    return True


def _look(canary: Canary, name: str) -> bool:
    """Whether the step is over, however it ended."""
    run, now = canary.run, timezone.now()
    if "since" not in run:
        canary.keep(since=now.isoformat(), waits="")
    ended = _try_step(canary, name)
    since = run.get("written") if name in FROM_WRITE else ""
    began = datetime.fromisoformat(since or run["since"])
    ms = max(0, round((timezone.now() - began).total_seconds() * 1000))
    longest = LEARNS_S if name == "learned" else LONGEST_S
    if ended is None and ms > longest * 1000:
        ended = Step.FAIL, f"Not within {longest:.0f} seconds. {run['waits']}".rstrip()
    if ended is None:
        canary.keep()
        return False
    state, words = ended
    run.pop("since")
    steps = run["steps"] | {name: {"state": state, "ms": ms, "words": words}}
    canary.keep(steps=steps)
    return True


def _try_step(canary: Canary, name: str) -> tuple[Step, str] | None:
    """How it ended; None: not yet."""
    steps = canary.run["steps"]
    broken = {Step.FAIL, Step.UNKNOWN} & {x["state"] for x in steps.values()}
    if broken and name not in CLEANING:
        return Step.SKIPPED, ""
    if name in TALKS and not canary.made.conversation:
        return Step.SKIPPED, ""
    try:
        is_done: bool = getattr(canary, f"do_{name}")()
    except NotAsked as why:
        return Step.SKIPPED, str(why)
    except Fails as why:
        return Step.FAIL, str(why)
    except MemoryRefused as problem:
        return Step.FAIL, problem.message
    except DomainError as problem:
        canary.run["maybe"] |= getattr(problem, "maybe_done", False)
        return Step.UNKNOWN, problem.message
    return (Step.OK, "") if is_done else None


def _finish(watch: Watch, actor: Actor, words: str = "") -> None:
    steps = watch.run["steps"]
    bad = {name: x for name, x in steps.items() if x["state"] in {"fail", "unknown"}}
    state = Health.UNKNOWN if bad or words else Health.HOLDS
    if any(each["state"] == Step.FAIL for each in bad.values()):
        state = Health.FAILS
    for name, each in list(bad.items())[:1]:
        words = f"{STEPS[name]}: {each['words']}"
    with transaction.atomic():
        held = _hold(watch.tenant)
        if held.run.get("mark") != watch.run["mark"]:
            raise CanaryOvertaken
        # What was never seen can come yet.
        done = {name for name, each in steps.items() if each["state"] == Step.OK}
        is_clean = {"profile", "gone"} <= done and not watch.run["maybe"]
        _end(held, actor, state, words, is_clean=is_clean)


def _end(
    watch: Watch, actor: Actor, state: Health, words: str, *, is_clean: bool
) -> None:
    """In a transaction that holds it."""
    run, watch.run = watch.run, {}
    watch.save(update_fields=["run"])
    mine = Made.objects.filter(mark=run["mark"])
    if is_clean:
        mine.delete()
    else:
        mine.update(free_at=timezone.now())
    facts = {"words": words, "steps": run["steps"], "by": run["by"]}
    record(watch.tenant, Kind.CANARY, state, **facts)
    outcome = {Health.HOLDS: "done", Health.FAILS: "failed"}.get(state, "unknown")
    on = ("tenant", str(watch.tenant_id))
    log(actor, "canary.run", *on, outcome=outcome, closes=True, steps=len(run["steps"]))


def start_due() -> None:
    """By the worker, each minute."""
    now = timezone.now()
    due = Watch.objects.filter(due_at__lte=now, tenant__removed_at=None)
    for watch in due.select_related("tenant"):
        hours = watch.every_hours
        next_at = get_night(now) if hours == 24 else now + timedelta(hours=hours)
        with transaction.atomic(), suppress(CanaryBusy):
            mine = Watch.objects.filter(pk=watch.pk, due_at=watch.due_at)
            if mine.update(due_at=next_at):
                start_task(watch.tenant, Actor(None, watch.tenant, name="worker"))


def start_task(tenant: Tenant, actor: Actor) -> None:
    """In one transaction with its task. Raises CanaryBusy."""
    with transaction.atomic():
        watch = start(tenant, actor)
        run_canary.enqueue(str(watch.pk), watch.run["mark"])


@task()
def run_canary(watch_id: str, mark: str) -> None:
    """Safe to run twice, and to kill: it goes on where it was."""
    mine = Watch.objects.filter(run__mark=mark, tenant__removed_at=None)
    watch = mine.select_related("tenant").filter(pk=watch_id).first()
    if watch is None:
        return
    with suppress(CanaryOvertaken):
        if not advance(watch, Actor(None, watch.tenant, name="worker")):
            enqueue_once(run_canary, timezone.now() + AGAIN, watch_id, mark)


def list_runs(tenant: Tenant) -> list[Result]:
    """The last ones, the oldest first."""
    rows = tenant.results.filter(kind=Kind.CANARY).order_by("-at", "-pk")
    return list(rows[:CHARTED])[::-1]
