from django.db import models

from console.contract.memory.trait_group import (
    TRAIT_GROUP_DESCRIPTION_MAX,
    TRAIT_GROUP_NAME_MAX,
)
from console.service.models import StoreScoped, check_length, check_positive


class TraitGroup(StoreScoped):
    """A named set of traits and their types. Contract 10.3.

    traits     {name: the contract's TraitDefinition}, at most 95
    protected  built in: it and its promoted traits cannot be deleted
    """

    pk = models.CompositePrimaryKey("store_id", "display_name")
    display_name = models.CharField(max_length=TRAIT_GROUP_NAME_MAX)
    description = models.CharField(max_length=TRAIT_GROUP_DESCRIPTION_MAX, blank=True)
    traits = models.JSONField(default=dict)
    protected = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            check_length(
                "trait_group_name_1_to_64", "display_name", 1, TRAIT_GROUP_NAME_MAX
            ),
            check_length(
                "trait_group_description_to_1024",
                "description",
                0,
                TRAIT_GROUP_DESCRIPTION_MAX,
            ),
            check_positive("trait_group_version_from_1", "version"),
        ]

    def __str__(self) -> str:
        return self.display_name
