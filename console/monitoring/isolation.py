"""The isolation test: markers are planted in tenants' memories, as synthetic customers,
and looked for from every other tenant with that one's credentials.

What is found, or cannot be told, is kept as a result of both, and told at once. Nothing
proves anything that does not find a marker where it is: its own tenant looks first, by
the same ways. So many calls are made:

    to list and to search   each tenant once for GROUP markers, which share a word
    by id and by address    each tenant for PEERS markers, others each night; for all of
                            them where there are no more than PEERS, and where a person
                            has one tenant's marker looked for
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from secrets import token_hex
from time import monotonic, sleep
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from console.audit.log import log
from console.client.errors import MemoryDenied, MemoryNotFound
from console.client.store import StoreClient
from console.contract.memory.observation import NewObservation
from console.contract.memory.profile import PROFILES_PER_PAGE, SearchProfiles
from console.core.errors import DomainError
from console.monitoring import synthetic
from console.monitoring.models import Health, Kind, Made, Result, record
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store

logger = logging.getLogger(__name__)
GROUP, PEERS = 25, 20
SEEN_S, PAUSE_S = 60.0, 0.1
# From the best to the worst.
WORSE = [Health.HOLDS, Health.DOUBTFUL, Health.UNKNOWN, Health.FAILS]


@dataclass
class Marker:
    """made  of synthetic.py; is_seen: by its own tenant"""

    tenant: Tenant
    store: StoreClient
    made: Made
    is_seen: bool = False

    @property
    def id(self) -> str:
        return self.made.profile


@dataclass
class IsolationOutcome:
    """Of one tenant, as the one planted in or the one looked from.

    found    ways by which a marker was found; where: in or of whom, as ids of tenants
    unknown  why something cannot be told
    """

    found: set[str] = field(default_factory=set)
    where: set[str] = field(default_factory=set)
    unknown: str = ""
    asked: int = 0

    @property
    def state(self) -> Health:
        if self.found or self.unknown:
            return Health.FAILS if self.found else Health.UNKNOWN
        return Health.HOLDS if self.asked else Health.DOUBTFUL

    @property
    def words(self) -> str:
        if self.found:
            ways = ", ".join(sorted(self.found))
            return f"What one tenant remembers is found from another one by {ways}."
        if self.unknown:
            return f"It cannot be told: {self.unknown}"
        return "" if self.asked else "There is no other tenant to look from."


def run_isolation(tenants: Sequence[Tenant], turn: int | None = None) -> "Round":
    """Of these tenants, looked for from all others. What it planted is always removed.

    turn  of the night, which says whose markers are asked for by id; None: all
    """
    test = Round(turn)
    try:
        test.plant(tenants)
        test.wait()
        for looker in Tenant.objects.order_by("pk"):
            test.look_from(looker)
    finally:
        test.remove()
    return test


class Round:
    def __init__(self, turn: int | None) -> None:
        self.turn, self.calls, self.began = turn, 0, monotonic()
        self.word = f"isolation{token_hex(4)}"
        self.markers: list[Marker] = []
        self.outcomes = defaultdict[UUID, IsolationOutcome](IsolationOutcome)
        self.order = {pk: at for at, pk in enumerate(_list_ids())}

    @property
    def seconds(self) -> float:
        return round(monotonic() - self.began, 1)

    def plant(self, tenants: Sequence[Tenant]) -> None:
        for tenant in tenants:
            made = synthetic.note(tenant, "isolation")
            try:
                store = open_store(tenant)
                made.profile = synthetic.create_profile(store, made, self.word)
                made.save()
                self.markers.append(Marker(tenant, store, made))
            except DomainError as problem:
                self.outcomes[tenant.pk].unknown = problem.message
                Made.objects.filter(pk=made.pk).update(free_at=timezone.now())
            self.calls += 2

    def wait(self) -> None:
        """Until each is found where it is, by all ways by which others look for it."""
        until = monotonic() + SEEN_S
        missed: dict[UUID, str] = {}
        for marker in self.markers:
            is_written = False
            while not marker.is_seen:
                try:
                    is_written = is_written or self._write(marker)
                    missing = {
                        way
                        for way, ask in self._list_ways(marker.store, [marker])
                        if is_written and not self._ask(ask)
                    }
                    marker.is_seen = is_written and not missing
                    missed[marker.tenant.pk] = ", ".join(sorted(missing))
                except DomainError as problem:
                    missed[marker.tenant.pk] = problem.message
                if monotonic() > until:
                    break
                if not marker.is_seen:
                    sleep(PAUSE_S)
            if not marker.is_seen:
                words = (
                    f"its own tenant misses the marker ({missed[marker.tenant.pk]})."
                )
                self.outcomes[marker.tenant.pk].unknown = words

    def _write(self, marker: Marker) -> bool:
        """Its text, as soon as the profile is there."""
        try:
            marker.store.fetch_profile(marker.id)
        except MemoryNotFound:
            return False
        fact = NewObservation(
            content=f"A marker, {self.word}.",
            source=synthetic.SOURCE,
            occurred_at=timezone.now(),
        )
        marker.store.create_observations(marker.id, [fact])
        self.calls += 2
        return True

    def look_from(self, looker: Tenant) -> None:
        others = [x for x in self.markers if x.tenant != looker and x.is_seen]
        if not others:
            return
        mine = {x.id for x in self.markers if x.tenant == looker}
        try:
            store = open_store(looker)
            ways = list(self._list_ways(store, others, mine, looker))
        except DomainError as problem:  # the vault keeps the credentials
            self._note(looker, others, unknown=problem.message)
            return
        for each in others:
            self.outcomes[each.tenant.pk].asked += 1
        self.outcomes[looker.pk].asked += len(others)
        for way, ask in ways:
            try:
                if ids := self._ask(ask):
                    found = [x for x in others if x.id in ids] or others
                    self._note(looker, found, way=way)
            except DomainError as problem:
                self._note(looker, others, unknown=problem.message)
                return

    def _note(
        self,
        looker: Tenant,
        markers: Sequence[Marker],
        way: str = "",
        unknown: str = "",
    ) -> None:
        pairs = [(looker, x.tenant) for x in markers]
        for one, other in [*pairs, *(pair[::-1] for pair in pairs)]:
            outcome = self.outcomes[one.pk]
            outcome.found |= {way} - {""}
            outcome.where.add(str(other.pk))
            outcome.unknown = outcome.unknown or unknown
            if way:
                slugs = {"one": one.slug, "other": other.slug, "way": way}
                logger.error("isolation: %(one)s finds %(other)s by %(way)s", slugs)

    def _ask(self, ask: Callable[[], set[str]]) -> set[str]:
        """Ids of markers that are found."""
        self.calls += 1
        try:
            return ask()
        except MemoryNotFound:
            return set()

    def _list_ways(
        self,
        store: StoreClient,
        markers: Sequence[Marker],
        mine: Collection[str] = (),
        looker: Tenant | None = None,
    ) -> Iterator[tuple[str, Callable[[], set[str]]]]:
        """Of one store; without a looker: its own tenant's."""
        ids = {each.id for each in markers}

        def search() -> set[str]:
            result = store.search(SearchProfiles(query=self.word))
            if result is None:  # it has no search
                return set() if looker else ids
            return set(result.profiles) - {*mine}

        page_size = PROFILES_PER_PAGE
        yield "list", lambda: ids & set(store.list_profiles(page_size=page_size).items)
        yield "search", search
        for each in markers:
            if looker is None or self._is_turn(looker, each.tenant):
                yield "id", partial(_get, store, each.id)
                yield "lookup", partial(_look_up, store, each.made)
                yield "recall", partial(_recall, store, each.id, self.word)
                if looker and _are_apart(looker, each.tenant):
                    there = open_account(looker).store(each.store.store_id)
                    yield "credentials", partial(_refuse, there, each.id)

    def _is_turn(self, looker: Tenant, planted: Tenant) -> bool:
        apart = (self.order.get(looker.pk, 0) - self.order.get(planted.pk, 0)) - 1
        count = max(1, len(self.order) - 1)
        turn = self.turn
        return turn is None or (apart % len(self.order) - turn * PEERS) % count < PEERS

    def remove(self) -> None:
        """The worker sees to it once more: it may be a while until each is gone."""
        for marker in self.markers:
            Made.objects.filter(pk=marker.made.pk).update(free_at=timezone.now())
            synthetic.clean(marker.tenant)
            self.calls += 3


def _get(store: StoreClient, id_: str) -> set[str]:
    store.fetch_profile(id_)
    return {id_}


def _look_up(store: StoreClient, made: Made) -> set[str]:
    return {made.profile} if synthetic.find_profiles(store, made) else set()


def _recall(store: StoreClient, id_: str, word: str) -> set[str]:
    return {id_} if store.recall(id_, query=word).observations else set()


def _refuse(store: StoreClient, id_: str) -> set[str]:
    """In another account's store its credentials may be denied, as well they should."""
    try:
        return _get(store, id_)
    except MemoryDenied:
        return set()


def _list_ids() -> list[UUID]:
    return list(Tenant.objects.order_by("pk").values_list("pk", flat=True))


def _are_apart(one: Tenant, other: Tenant) -> bool:
    """Two accounts of one memory: neither's credentials open the other's store."""
    return one.address == other.address and one.account_sid != other.account_sid


def keep(
    test: Round, tenants: Sequence[Tenant], since: datetime, actor: Actor
) -> list[Result]:
    """Results of those who were planted in, and of who was found or cannot tell. A worse
    one since then stands."""
    kept = []
    planted = {each.pk for each in tenants}
    others = Tenant.objects.filter(pk__in=test.outcomes.keys() - planted)
    for tenant in [*tenants, *others]:
        outcome = test.outcomes[tenant.pk]
        is_planted = tenant.pk in planted
        with transaction.atomic():
            state, words = outcome.state, outcome.words
            before = tenant.results.filter(kind=Kind.ISOLATION, at__gte=since)
            last = before.filter(is_latest=True).first()
            if last and WORSE.index(Health(last.state)) >= WORSE.index(state):
                state, words = Health(last.state), last.facts["words"]
            elif not is_planted and state in {Health.HOLDS, Health.DOUBTFUL}:
                continue
            if last and not is_planted and last.state == state:
                continue
            facts = {
                "asked": outcome.asked,
                "found": sorted(outcome.found),
                "where": sorted(outcome.where),
                "planted": is_planted,
                "calls": test.calls,
                "seconds": test.seconds,
            }
            result = record(tenant, Kind.ISOLATION, state, words=words, **facts)
            kept.append(result)
            ended = {Health.FAILS: "failed", Health.UNKNOWN: "unknown"}.get(
                state, "done"
            )
            who = Actor(actor.user, tenant, actor.role, name=actor.name)
            log(who, "isolation.tested", tenant, outcome=ended, asked=outcome.asked)
    return kept


def run_and_keep(tenant: Tenant, actor: Actor) -> Result:
    """Of this tenant, from all others, now."""
    now = timezone.now()
    keep(run_isolation([tenant]), [tenant], now, actor)
    return tenant.results.get(kind=Kind.ISOLATION, is_latest=True)


def is_under_way(tenant: Tenant) -> bool:
    tasks = DBTaskResult.objects.filter(
        task_path=isolate.module_path,
        status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING],
    )
    return any(str(tenant.pk) in each.args_kwargs["args"][0] for each in tasks)


@task()
def isolate(tenant_ids: list[str], since: str, turn: int | None = None) -> None:
    """Safe to run twice: who has a result since then is not planted in again."""
    begin = datetime.fromisoformat(since)
    done = Result.objects.filter(
        kind=Kind.ISOLATION, at__gte=begin, facts__planted=True
    )
    left = Tenant.objects.filter(pk__in=tenant_ids)
    tenants = list(left.exclude(pk__in=done.values("tenant")))
    if tenants:
        keep(run_isolation(tenants, turn), tenants, begin, Actor(None, name="worker"))
