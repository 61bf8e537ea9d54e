"""What can be deleted: one item of a tenant's memory."""

from dataclasses import dataclass

from django.urls import reverse

from console.contract.ids import PROFILE_ID
from console.profiles.items import PROFILE, ItemKind

TAIL = 6


@dataclass(frozen=True, slots=True)
class Target:
    """One item on one profile; for a profile `object_id` is `profile_id`."""

    kind: ItemKind
    profile_id: str
    object_id: str

    @property
    def is_profile(self) -> bool:
        return self.kind is PROFILE

    @property
    def ids(self) -> tuple[str, ...]:
        """What names it within a store."""
        if self.is_profile:
            return (self.profile_id,)
        return self.profile_id, self.object_id

    @property
    def is_well_formed(self) -> bool:
        """False for ids that no memory can hold."""
        return bool(
            PROFILE_ID.fullmatch(self.profile_id)
            and self.kind.id_pattern.fullmatch(self.object_id)
        )

    @property
    def tail(self) -> str:
        """What a person types to say that they mean this one."""
        return self.object_id[-TAIL:]

    def confirm_url(self, tenant_slug: str) -> str:
        return reverse(f"deletions:{self.kind.name}", args=[tenant_slug, *self.ids])

    def move_to(self, profile_id: str) -> "Target":
        """The same item after its profile was merged into another."""
        object_id = profile_id if self.is_profile else self.object_id
        return Target(self.kind, profile_id, object_id)
