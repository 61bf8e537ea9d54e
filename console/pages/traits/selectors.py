"""On how many of a store's newest profiles each trait is set, counted in steps.

Between two steps the count waits in the cache, under the tenant's own id: ids of
profiles and a bit for each of them, never a value.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.profiles.context import derived
from console.profiles.schema import SchemaRow
from console.tenants.models import Tenant
from console.web.budget import Budget, start_budget

SAMPLE_SIZE = 50
# One step of a page: long enough to get on, short enough not to be felt.
STEP_S = 0.2
CACHED_S = 600
UNSET_SHOWN = 5
_CACHE_KEY = "trait-fill-rate-1"


@dataclass(frozen=True, slots=True)
class FillRate:
    """One trait is set on `count` of `total` profiles; a few ids where it is not."""

    count: int
    total: int
    unset_count: int
    unset_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileSample:
    """The newest profiles, and what of them has been read.

    tried_count  how many of the ids, from the first, were asked for
    read         bit n: profile n was read; the others were gone by then
    filled       the same bits for each trait, by group and name
    is_stuck     the memory failed on the way; what was counted stays
    """

    ids: tuple[str, ...]
    began_at: datetime
    tried_count: int = 0
    read: int = 0
    filled: dict[tuple[str, str], int] = field(default_factory=dict)
    is_stuck: bool = False

    @property
    def is_complete(self) -> bool:
        return self.tried_count >= len(self.ids)

    @property
    def goes_on(self) -> bool:
        return not (self.is_complete or self.is_stuck)

    @property
    def size(self) -> int:
        """How many profiles were read."""
        return self.read.bit_count()

    def get_fill_rate(self, group: str, name: str) -> FillRate:
        filled = self.filled.get((group, name), 0)
        unset = self.read & ~filled
        unset_ids = [id_ for n, id_ in enumerate(self.ids) if unset >> n & 1]
        return FillRate(
            count=filled.bit_count(),
            total=self.size,
            unset_count=len(unset_ids),
            unset_ids=tuple(unset_ids[:UNSET_SHOWN]),
        )

    def count_undeclared(
        self, group: str, declared: Container[str]
    ) -> list[tuple[str, int]]:
        """Traits of the group that its schema does not have, and on how many."""
        return [
            (name, bits.bit_count())
            for (trait_group, name), bits in sorted(self.filled.items())
            if trait_group == group and name not in declared
        ]


def add_fill_rates(
    rows: Iterable[SchemaRow], sample: ProfileSample | None
) -> list[tuple[SchemaRow, FillRate | None]]:
    """Each trait with its fill rate, as far as there is one."""
    return [
        (row, sample.get_fill_rate(row.group, row.name) if sample else None)
        for row in rows
    ]


def get_sample(tenant: Tenant) -> ProfileSample | None:
    """The count as far as it got in the last ten minutes."""
    sample: ProfileSample | None = derived.get(_build_cache_key(tenant))
    return sample


def forget_sample(tenant: Tenant) -> None:
    derived.delete(_build_cache_key(tenant))


def count_step(store: StoreClient, tenant: Tenant) -> ProfileSample:
    """Goes on with the tenant's count; the first step begins it.

    Raises MemoryProblem when not even the newest ids can be read.
    """
    sample = get_sample(tenant)
    if sample is None:
        page = store.list_profiles(page_size=SAMPLE_SIZE)
        sample = ProfileSample(page.items[:SAMPLE_SIZE], timezone.now())
    if not sample.is_complete:
        sample = _read_profiles(store, sample, start_budget(STEP_S))
        derived.set(_build_cache_key(tenant), sample, CACHED_S)
    return sample


def _read_profiles(
    store: StoreClient, sample: ProfileSample, budget: Budget
) -> ProfileSample:
    """At least one profile, however slow the memory is."""
    tried, read, filled = sample.tried_count, sample.read, dict(sample.filled)
    is_stuck = False
    while tried < len(sample.ids):
        bit = 1 << tried
        try:
            traits = store.fetch_profile(sample.ids[tried]).traits
        except MemoryNotFound:
            traits, bit = {}, 0
        except MemoryProblem:
            is_stuck = True
            break
        for group, members in traits.items():
            for name in members:
                filled[group, name] = filled.get((group, name), 0) | bit
        read |= bit
        tried += 1
        budget.spend_step()
        if budget.is_spent():
            break
    return replace(
        sample, tried_count=tried, read=read, filled=filled, is_stuck=is_stuck
    )


def _build_cache_key(tenant: Tenant) -> str:
    return f"{_CACHE_KEY}-{tenant.pk}"
