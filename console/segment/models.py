"""A tenant's Segment workspace."""

import json
from functools import cached_property
from typing import Any

from django.core.validators import RegexValidator
from django.db import models

from console.client.segment import SegmentClient
from console.contract.base import whole
from console.contract.segment import REGIONS, SPACE
from console.databases.vault import decrypt, encrypt
from console.tenants.models import Tenant

SECRETS = ("token", "write_key")


class Workspace(models.Model):
    """name      a label for people
    space        whose profiles are read
    encrypted_token  the profile access token and the write key of a source, as JSON
    personalization  whether pages and prompts show what it knows of a customer
    probe        the last event that was sent to see it arrive: `value`, `sent_at`
              (epoch seconds), and `arrived_s` after how long it could be read, once it was
    is_proven    somebody was once found in this space, so that it is the token's
    """

    tenant = models.OneToOneField(
        Tenant, models.CASCADE, primary_key=True, related_name="workspace"
    )
    name = models.CharField(max_length=80)
    space = models.CharField(max_length=64, validators=[RegexValidator(whole(SPACE))])
    region = models.CharField(
        max_length=2, choices=[(each, each) for each in REGIONS], default="US"
    )
    encrypted_token = models.TextField()
    personalization = models.BooleanField(default=True)
    probe = models.JSONField(default=dict)
    is_proven = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name

    @property
    def token_context(self) -> tuple[str, ...]:
        return ("segment.workspace", str(self.tenant_id), "encrypted_token")

    @cached_property
    def secrets(self) -> dict[str, Any]:
        """Raises VaultLocked, CredentialTampered."""
        if not self.encrypted_token:
            return {}
        opened: dict[str, Any] = json.loads(
            decrypt(self.encrypted_token, context=self.token_context)
        )
        return opened

    def seal(self, secrets: dict[str, Any]) -> None:
        text = json.dumps(secrets)
        self.encrypted_token = encrypt(text, context=self.token_context)
        self.secrets = secrets

    def open(self, region: str = "") -> SegmentClient:
        region = region or self.region
        return SegmentClient(region, space=self.space, **self.secrets)
