"""The one rule of this schema: every key starts with the store.

So PostgreSQL can partition or shard by it without a change, and a lookup that
forgets the store finds nothing to join on. Nothing but the store is a foreign key:
rows below a profile are written and removed under a lock on its row.
"""

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from console.service.memory.models.profile import Profile
    from console.service.memory.models.store import Store


class StoreQuerySet(models.QuerySet[Any]):
    def of(self, store: "Store") -> Self:
        return self.filter(store_id=store.id)


class StoreScoped(models.Model):
    """A row that belongs to one store."""

    store_id = models.CharField(max_length=42)

    objects = StoreQuerySet.as_manager()

    class Meta:
        abstract = True


class ProfileQuerySet(models.QuerySet[Any]):
    def of(self, profile: "Profile") -> Self:
        return self.filter(store_id=profile.store_id, profile_id=profile.id)


class ProfileScoped(models.Model):
    """A row that belongs to one profile of one store."""

    store_id = models.CharField(max_length=42)
    profile_id = models.CharField(max_length=42)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        abstract = True
