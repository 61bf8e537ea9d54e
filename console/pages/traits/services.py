"""Correcting one trait of a profile, without overwriting somebody else's change."""

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from console.audit.log import log_change
from console.client.errors import MemoryNotFound, MemoryProblem, MemoryRefused
from console.client.store import StoreClient
from console.contract.memory.trait import TraitValue
from console.core.errors import DomainError
from console.masking.masker import mask_text
from console.profiles.context import derived
from console.profiles.schema import SchemaRow
from console.profiles.traits import TraitRow
from console.tenants.models import Tenant
from console.web.budget import Budget, start_budget
from console.web.render import ConsoleRequest

_SALT = "console.pages.traits.services"
# Of what the audit log takes as an object's id.
_SUBJECT_MAX = 128


class TraitChanged(DomainError, status=409, title="Changed in the meantime"):
    """Somebody changed the trait after the person had looked at it."""


def get_digest(value: TraitValue | None) -> str:
    """A keyed digest; those of 1, 1.0, true and "1" differ."""
    return salted_hmac(_SALT, json.dumps(value), algorithm="sha256").hexdigest()[:32]


def get_version(profile_id: str, row: TraitRow) -> str:
    """A digest of the state that a form was made from.

    The value is part of it: a memory gives times in whole seconds.
    """
    at = row.set_at.isoformat() if row.set_at else "unset"
    state = [profile_id, row.group, row.name, at, get_digest(row.value)]
    return get_digest(json.dumps(state))


def get_awaited_digest(profile_id: str, row: TraitRow, value: TraitValue | None) -> str:
    """A digest of one trait's value; it matches no other trait and no other profile."""
    return get_digest(json.dumps([profile_id, row.group, row.name, get_digest(value)]))


def check_unchanged(profile_id: str, row: TraitRow, seen: str) -> None:
    """`row` as it was just read. Raises TraitChanged."""
    if not constant_time_compare(get_version(profile_id, row), seen):
        raise TraitChanged(
            "Somebody changed this trait after you opened it. Nothing was saved. Check "
            "the current value; what you typed is still here."
        )


def find_other_holders(
    store: StoreClient, profile_id: str, id_type: str, value: TraitValue
) -> list[str]:
    """Other profiles with this identifier: writing it may merge them.

    None as well where the memory refuses it as one: the write will say so.
    """
    try:
        # A number becomes an identifier by its digits.
        found = store.lookup(id_type, str(value))
    except MemoryRefused as refusal:
        if refusal.http_status in {400, 404}:
            return []
        raise
    return [holder for holder in found.profiles if holder != profile_id]


def correct_trait(
    request: ConsoleRequest,
    profile_id: str,
    row: TraitRow,
    value: TraitValue | None,
    *,
    reason: str,
) -> list[str]:
    """Write one trait; None clears it. Audited before and after, without the value.
    Answers why the profile is not found by it, where it should be.

    Raises MemoryProblem, AuditUnavailable.
    """
    with log_change(
        request.actor,
        "trait.corrected",
        "trait",
        row.anchor[:_SUBJECT_MAX],
        reason=reason,
        about=[profile_id],
        cleared=int(value is None),
    ):
        told = request.store.patch_profile(profile_id, {row.group: {row.name: value}})
        # The memory's own words can name an identifier.
        return [mask_text(each.reason) for each in told]


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
