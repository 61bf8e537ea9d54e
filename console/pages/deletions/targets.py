"""What can be deleted, and the memory's calls for each kind of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.urls import reverse

from console.client.store import StoreClient
from console.contract.ids import OBSERVATION_ID, PROFILE_ID, SUMMARY_ID

TAIL = 6


class Kind(TextChoices):
    OBSERVATION = "observation"
    SUMMARY = "summary"
    PROFILE = "profile"


ID_OF: dict[Kind, re.Pattern[str]] = {
    Kind.OBSERVATION: OBSERVATION_ID,
    Kind.SUMMARY: SUMMARY_ID,
    Kind.PROFILE: PROFILE_ID,
}
FETCH: dict[Kind, Callable[..., object]] = {
    Kind.OBSERVATION: StoreClient.fetch_observation,
    Kind.SUMMARY: StoreClient.fetch_summary,
    Kind.PROFILE: StoreClient.fetch_profile,
}
DELETE: dict[Kind, Callable[..., object]] = {
    Kind.OBSERVATION: StoreClient.delete_observation,
    Kind.SUMMARY: StoreClient.delete_summary,
    Kind.PROFILE: StoreClient.delete_profile,
}


@dataclass(frozen=True, slots=True)
class Target:
    """One thing on one profile; for a profile `object_id` is `profile_id`."""

    kind: Kind
    profile_id: str
    object_id: str

    @property
    def ids(self) -> tuple[str, ...]:
        """What names it within a store."""
        if self.kind is Kind.PROFILE:
            return (self.profile_id,)
        return self.profile_id, self.object_id

    @property
    def is_well_formed(self) -> bool:
        """False for ids that no memory can hold."""
        return bool(
            PROFILE_ID.fullmatch(self.profile_id)
            and ID_OF[self.kind].fullmatch(self.object_id)
        )

    @property
    def tail(self) -> str:
        """What a person types to say that they mean this one."""
        return self.object_id[-TAIL:]

    def confirm_url(self, tenant_slug: str) -> str:
        return reverse(f"deletions:{self.kind.value}", args=[tenant_slug, *self.ids])

    def under(self, profile_id: str) -> "Target":
        """The same thing after its profile was merged into another."""
        object_id = profile_id if self.kind is Kind.PROFILE else self.object_id
        return Target(self.kind, profile_id, object_id)


def read(store: StoreClient, target: Target) -> None:
    """Returns when the memory holds it. Raises MemoryNotFound, MemoryProblem."""
    FETCH[target.kind](store, *target.ids)


def remove(store: StoreClient, target: Target) -> None:
    """Returns when the memory accepted the deletion. Raises MemoryProblem."""
    DELETE[target.kind](store, *target.ids)
