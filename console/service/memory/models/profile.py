from collections.abc import Collection
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from console.contract.memory.identifier import IDENTIFIER_VALUE_MAX
from console.contract.memory.identity_settings import ID_TYPE_MAX, ID_TYPE_MIN
from console.contract.memory.trait_group import TRAIT_GROUP_NAME_MAX, TRAIT_NAME_MAX
from console.contract.naming import NAME_TRAITS
from console.service.models import ProfileFact, ProfileScoped, StoreScoped, check_length


class Profile(StoreScoped):
    """One customer in one store. Contract 11.1."""

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["store_id", "created_at", "id"], name="profile_by_creation"
            )
        ]


class MergedProfile(ProfileScoped):
    """An id that a profile had before it was merged into another. Contract 7.

    id          the former id
    profile_id  the canonical one: of the profile that it is now, always one that exists
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    profile_id = models.CharField(max_length=42, db_column="canonical_id")
    merged_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["store_id", "profile_id"], name="merged_profile_by_canonical"
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} is {self.profile_id}"


class Trait(ProfileFact):
    """One known thing about a customer. Contract 11.1 and 11.2.

    value       string, number, boolean or a flat list of these
    updated_at  when the value was set or last became another one
    """

    pk = models.CompositePrimaryKey("store_id", "profile_id", "trait_group", "name")
    trait_group = models.CharField(max_length=TRAIT_GROUP_NAME_MAX)
    name = models.CharField(max_length=TRAIT_NAME_MAX)
    value = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            check_length("trait_name_1_to_64", "name", 1, TRAIT_NAME_MAX),
            check_length(
                "trait_group_of_trait_1_to_64", "trait_group", 1, TRAIT_GROUP_NAME_MAX
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trait_group}.{self.name}"

    @classmethod
    def read_names(
        cls, store_id: str, profile_ids: Collection[str]
    ) -> dict[str, dict[str, str]]:
        names: dict[str, dict[str, str]] = {}
        rows = cls.objects.filter(store_id=store_id, profile_id__in=profile_ids)
        for id_, name, value in rows.filter(
            trait_group="Contact", name__in=NAME_TRAITS
        ).values_list("profile_id", "name", "value"):
            names.setdefault(id_, {})[name] = str(value)
        return names

    @property
    def since(self) -> datetime:
        return self.updated_at

    @property
    def label(self) -> str:
        return str(self)

    def outranks(self, other: Self) -> bool:
        return self.since > other.since


class Identifier(ProfileFact):
    """One value by which a customer is found, normalised. Contract 11.3.

    exclusive  the type's settings forbid a second holder (enforceUnique)
    """

    pk = models.CompositePrimaryKey("store_id", "id_type", "value", "profile_id")
    id_type = models.CharField(max_length=ID_TYPE_MAX)
    value = models.CharField(max_length=IDENTIFIER_VALUE_MAX)
    exclusive = models.BooleanField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Two writers who create the same person at once: one of them loses here.
            models.UniqueConstraint(
                fields=["store_id", "id_type", "value"],
                condition=Q(exclusive=True),
                name="identifier_has_one_holder",
            ),
            check_length("identifier_value_1_to_255", "value", 1, IDENTIFIER_VALUE_MAX),
            check_length(
                "identifier_type_2_to_30", "id_type", ID_TYPE_MIN, ID_TYPE_MAX
            ),
        ]
        indexes = [
            models.Index(
                fields=["store_id", "profile_id", "id_type", "added_at"],
                name="identifier_by_profile",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id_type} of {self.profile_id}"

    @property
    def since(self) -> datetime:
        return self.added_at

    @property
    def label(self) -> str:
        return self.id_type

    def outranks(self, other: Self) -> bool:
        return self.since < other.since
