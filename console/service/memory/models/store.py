from typing import Any

from django.db import models

from console.contract.memory.store import STORE_DESCRIPTION_MAX, STORE_NAME_MAX
from console.service.models import Account, check_length, check_positive


class Store(models.Model):
    """One memory: everything below carries its id as the first part of the key.

    display_name  1 to 64 letters, digits and hyphens, unique in the account
    friendly_name  what clients of the older dialect call it (16.2)
    version       1, and one more with each successful change (ETag)
    Contract 10.1.
    """

    class Status(models.TextChoices):
        QUEUED = "QUEUED"
        PROVISIONING = "PROVISIONING"
        ACTIVE = "ACTIVE"
        FAILED = "FAILED"

    id = models.CharField(primary_key=True, max_length=42)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    display_name = models.CharField(max_length=STORE_NAME_MAX)
    description = models.CharField(max_length=STORE_DESCRIPTION_MAX, blank=True)
    friendly_name = models.CharField(max_length=STORE_DESCRIPTION_MAX, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "display_name"], name="store_name_in_account"
            ),
            check_length("store_name_1_to_64", "display_name", 1, STORE_NAME_MAX),
            check_length(
                "store_description_to_128", "description", 0, STORE_DESCRIPTION_MAX
            ),
            check_positive("store_version_from_1", "version"),
        ]

    def __str__(self) -> str:
        return self.id


class IdentitySettings(models.Model):
    """How one store tells people apart. Contract 10.2.

    identifier_configs  list of the contract's IdentifierConfig objects
    matching_rules      identifier types in the order in which they are tried
    phone_region        ISO 3166 code of the country whose national numbers are read;
                        empty: the contract's
    merge_brake         which merges wait for a person: on, shared, off
    whatsapp_is_phone   a WhatsApp number is kept as a phone too, and so names who has it
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, primary_key=True)
    identifier_configs = models.JSONField()
    matching_rules = models.JSONField()
    phone_region = models.CharField(max_length=2, blank=True, db_default="")
    merge_brake = models.CharField(max_length=6, db_default="on", default="on")
    whatsapp_is_phone = models.BooleanField(db_default=False, default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            check_positive("identity_settings_version_from_1", "version"),
        ]

    def __str__(self) -> str:
        return self.store_id

    def get_config(self, id_type: str) -> dict[str, Any] | None:
        """The settings of one identifier type; None when this store has none."""
        for config in self.identifier_configs:
            if config["idType"] == id_type:
                return dict(config)
        return None


class Tombstone(models.Model):
    """That something was deleted, without what it was. It outlives its store, and a
    restore of an older memory takes it over.

    digest      keyed, of its kind and ids (console/service/memory/tombstones.py)
    key_id      of the MEMORY_DIGEST_KEY that made the digest
    deleted_at  UTC; the last time, for what can come again
    """

    digest = models.CharField(primary_key=True, max_length=64)
    key_id = models.CharField(max_length=8)
    deleted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest
