from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from console.contract.memory.identifier import IDENTIFIER_VALUE_MAX
from console.contract.memory.identity_settings import ID_TYPE_MAX
from console.service.models import (
    ProfileFact,
    ProfileKey,
    ProfileQuerySet,
    ProfileScoped,
)


class ProfilePart(ProfileScoped):
    """What one profile brought into a merge: for MERGE_DAYS it can be parted again.

    id              of the profile as it was
    profile_id      the canonical one, which has a part of its own beside the others
    into            into which one it was merged; "" in the canonical one's own part
    created_at      of the profile
    id_type, value  what joined them; "" where that has been deleted
    items           the ids of what moved
    facts           [[table, columns]]: what it had of what both can have
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    into = models.CharField(max_length=42, blank=True)
    created_at = models.DateTimeField()
    merged_at = models.DateTimeField()
    id_type = models.CharField(max_length=ID_TYPE_MAX, blank=True)
    value = models.CharField(max_length=IDENTIFIER_VALUE_MAX, blank=True)
    items = models.JSONField(default=list)
    facts = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["store_id", "profile_id"], name="part_by_canonical"),
            models.Index(fields=["merged_at"], name="part_by_merge"),
            models.Index(fields=["store_id", "id_type", "value"], name="part_by_value"),
        ]

    def __str__(self) -> str:
        return f"{self.id} in {self.profile_id}"

    def load_facts(self, model: type[ProfileFact]) -> list[Any]:
        name = model._meta.model_name
        return [model.load(columns) for table, columns in self.facts if table == name]


def dump_facts(rows: Iterable[ProfileFact]) -> list[Any]:
    """As `facts` of a part has them."""
    return [[row._meta.model_name, row.dump()] for row in rows]


class MergeSuggestionQuerySet(ProfileQuerySet):
    def of(self, profile: ProfileKey) -> Self:
        """Those that name it on either side."""
        either = Q(profile_id=profile.id) | Q(other_id=profile.id)
        return self.filter(either, store_id=profile.store_id)

    def between(self, one: ProfileKey, other: ProfileKey) -> Self:
        return self.of(one) & self.of(other)


class MergeSuggestion(ProfileScoped):
    """Two profiles that a value would have joined: a person says whether they are one.

    profile_id, other_id  the earlier and the later; it goes with either
    id_type, value        what joins them; "" where that has been deleted
    contradictions        names, with phones or emails; shared: by many profiles
    refused_at            since when nothing joins them by itself; null: undecided
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    other_id = models.CharField(max_length=42)
    id_type = models.CharField(max_length=ID_TYPE_MAX, blank=True)
    value = models.CharField(max_length=IDENTIFIER_VALUE_MAX, blank=True)
    contradictions = models.JSONField(default=list)
    created_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = MergeSuggestionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["store_id", "profile_id"], name="suggestion_by_one"),
            models.Index(fields=["store_id", "other_id"], name="suggestion_by_other"),
            models.Index(
                fields=["store_id", "id_type", "value"], name="suggestion_by_value"
            ),
        ]

    @classmethod
    def move_rows(cls, source: ProfileKey, target: ProfileKey) -> None:
        """What was between the two of them is settled."""
        cls.objects.between(source, target).delete()
        cls._rename(cls.objects.of(source), source, target)

    @classmethod
    def return_rows(
        cls, source: ProfileKey, target: ProfileKey, items: Collection[Any]
    ) -> None:
        cls._rename(cls.objects.of(source).filter(id__in=items), source, target)

    @staticmethod
    def _rename(rows: Any, source: ProfileKey, target: ProfileKey) -> None:
        for side in ("profile_id", "other_id"):
            rows.filter(**{side: source.id}).update(**{side: target.id})
