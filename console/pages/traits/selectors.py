"""On how many of a store's newest profiles each trait is set, counted in steps.

Between two steps the count waits in the cache, under the tenant's own id: ids of
profiles and a bit for each of them, never a value.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.profiles.schema import SchemaRow
from console.tenants.models import Tenant
from console.web.budget import Budget, start_budget

SAMPLE = 50
# One step of a page: long enough to get on, short enough not to be felt.
STEP_S = 0.2
KEPT_S = 600
UNSET_SHOWN = 5
_KEY = "trait-coverage-1"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One trait: set on `count` of `of` profiles; at most five ids where it is not."""

    count: int
    of: int
    unset_on: tuple[str, ...]

    @property
    def unset_count(self) -> int:
        return self.of - self.count


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest profiles, and what of them has been read.

    tried  how many of the ids, from the first, were asked for
    read   bit n: profile n answered; the others were gone meanwhile
    has    the same bits for each trait, by group and name
    is_stuck  the memory failed on the way; what was counted stands
    """

    ids: tuple[str, ...]
    began_at: datetime
    tried: int = 0
    read: int = 0
    has: dict[tuple[str, str], int] = field(default_factory=dict)
    is_stuck: bool = False

    @property
    def is_complete(self) -> bool:
        return self.tried >= len(self.ids)

    @property
    def is_going_on(self) -> bool:
        return not (self.is_complete or self.is_stuck)

    @property
    def size(self) -> int:
        """How many profiles were read."""
        return self.read.bit_count()

    def coverage(self, group: str, name: str) -> Coverage:
        has = self.has.get((group, name), 0)
        lacks = self.read & ~has
        unset = [id_ for n, id_ in enumerate(self.ids) if lacks >> n & 1]
        return Coverage(has.bit_count(), self.size, tuple(unset[:UNSET_SHOWN]))

    def strangers(self, group: str, known: Container[str]) -> list[tuple[str, int]]:
        """Traits of the group that its schema does not know, and on how many."""
        return [
            (name, bits.bit_count())
            for (of, name), bits in sorted(self.has.items())
            if of == group and name not in known
        ]


def covered(
    rows: Iterable[SchemaRow], sample: Sample | None
) -> list[tuple[SchemaRow, Coverage | None]]:
    """Each trait with its count, as far as there is one."""
    return [
        (row, sample.coverage(row.group, row.name) if sample else None) for row in rows
    ]


def kept_sample(tenant: Tenant) -> Sample | None:
    """The count as far as it came in the last ten minutes."""
    sample: Sample | None = cache.get(_key(tenant))
    return sample


def forget_sample(tenant: Tenant) -> None:
    cache.delete(_key(tenant))


def next_step(store: StoreClient, tenant: Tenant) -> Sample:
    """Goes on with the tenant's count for STEP_S; the first step begins it.

    Raises MemoryProblem when not even the newest ids can be had.
    """
    sample = kept_sample(tenant) or _begun(store)
    if not sample.is_complete:
        sample = _go_on(store, replace(sample, is_stuck=False), start_budget(STEP_S))
        cache.set(_key(tenant), sample, KEPT_S)
    return sample


def _begun(store: StoreClient) -> Sample:
    page = store.list_profiles(page_size=SAMPLE)
    return Sample(page.items[:SAMPLE], timezone.now())


def _go_on(store: StoreClient, sample: Sample, budget: Budget) -> Sample:
    """At least one profile, however slow the memory is."""
    tried, read, has, stuck = sample.tried, sample.read, dict(sample.has), False
    while tried < len(sample.ids):
        bit = 1 << tried
        try:
            for trait in _traits_of(store, sample.ids[tried]):
                has[trait] = has.get(trait, 0) | bit
            read |= bit
        except MemoryNotFound:
            pass
        except MemoryProblem:
            stuck = True
            break
        tried += 1
        budget.spend_step()
        if budget.is_spent():
            break
    return replace(sample, tried=tried, read=read, has=has, is_stuck=stuck)


def _traits_of(store: StoreClient, profile_id: str) -> list[tuple[str, str]]:
    traits = store.fetch_profile(profile_id).traits
    return [(group, name) for group, members in traits.items() for name in members]


def _key(tenant: Tenant) -> str:
    return f"{_KEY}-{tenant.pk}"
