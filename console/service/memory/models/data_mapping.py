from django.db import models

from console.contract.memory.data_mapping import (
    DATA_MAPPING_DESCRIPTION_MAX,
    DATA_MAPPING_NAME_MAX,
)
from console.service.models import StoreScoped, check_length, check_positive


class DataMapping(StoreScoped):
    """How columns of a source become traits. Contract 10.4.

    mapping_to    the contract's target: {type: TRAITS, mappings: [...]}
    mapping_from  the contract's source, fixed at creation
    source_type   mapping_from's type: INGRESS, DATASET_CLOUDAPP, DATASET_WAREHOUSE
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=46)
    display_name = models.CharField(max_length=DATA_MAPPING_NAME_MAX)
    description = models.CharField(max_length=DATA_MAPPING_DESCRIPTION_MAX, blank=True)
    is_enabled = models.BooleanField(default=True)
    source_type = models.CharField(max_length=17)
    mapping_from = models.JSONField()
    mapping_to = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store_id", "display_name"], name="data_mapping_name_in_store"
            ),
            check_length(
                "data_mapping_name_1_to_64", "display_name", 1, DATA_MAPPING_NAME_MAX
            ),
            check_length(
                "data_mapping_description_to_512",
                "description",
                0,
                DATA_MAPPING_DESCRIPTION_MAX,
            ),
            check_positive("data_mapping_version_from_1", "version"),
        ]
        indexes = [
            models.Index(
                fields=["store_id", "created_at", "id"], name="data_mapping_by_creation"
            )
        ]
