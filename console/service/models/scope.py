"""The one rule of this schema: every key starts with the store.

So PostgreSQL can partition or shard by it without a change, and a lookup that
forgets the store finds nothing to join on. Nothing but the store is a foreign key:
rows below a profile are written and removed under a lock on its row.

What goes with a store or a profile, and what moves when profiles are merged, follows
from the base class: whatever derives from one of these two is found by find_models.
"""

from typing import Any, Protocol, Self

from django.apps import apps
from django.db import models

from console.service.router import APP


class StoreKey(Protocol):
    @property
    def id(self) -> str: ...


class ProfileKey(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def store_id(self) -> str: ...


def find_models(base: type) -> list[Any]:
    """Every table of the service below a base class, whichever product declares it."""
    tables = apps.get_app_config(APP).get_models()
    return [model for model in tables if issubclass(model, base)]


class StoreQuerySet(models.QuerySet[Any]):
    def of(self, store: StoreKey) -> Self:
        return self.filter(store_id=store.id)


class StoreScoped(models.Model):
    """A row that belongs to one store and is deleted with it."""

    store_id = models.CharField(max_length=42)

    objects = StoreQuerySet.as_manager()

    class Meta:
        abstract = True


class ProfileQuerySet(models.QuerySet[Any]):
    def of(self, profile: ProfileKey) -> Self:
        return self.filter(store_id=profile.store_id, profile_id=profile.id)


class ProfileScoped(models.Model):
    """A row that belongs to one profile of one store and is deleted with either."""

    store_id = models.CharField(max_length=42)
    profile_id = models.CharField(max_length=42)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def move_rows(cls, source: ProfileKey, target: ProfileKey) -> None:
        """In a merge, `source` ends and its rows become those of `target`.

        A table in which rows of the two can clash says here which of them stays.
        """
        cls.objects.of(source).update(profile_id=target.id)
