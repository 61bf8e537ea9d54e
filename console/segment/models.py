"""A tenant's Segment workspace, its assistants, and what goes out to Segment."""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from console.client.segment import SegmentClient
from console.contract.base import whole
from console.contract.segment import REGIONS, SPACE
from console.databases.encryption import decrypt, encrypt
from console.tenants.models import Tenant

SECRETS = ("token", "write_key", "public_token")
# Its marks: console/profiles/prompt.py.
PROMPT = "You are a support agent.\n{memory}\n{conversation}\nAgent:"


class Workspace(models.Model):
    """name      a label for people
    space        whose profiles are read
    encrypted_token  the profile access token, the write key of a source and, to have a
              customer deleted, a token of the Public API, as JSON
    personalization  whether pages and prompts show what it knows of a customer
    sends     what was learned goes out at once; else it is held until a person sends it
    seen_until  what the memory had learned before was looked at (outbox.py); while that
              is done `look`: the page's token, and when it began
    probe        the last event that was sent to see it arrive: `value`, `sent_at`
              (epoch seconds), and `arrived_s` after how long it could be read, once it was
    is_proven    somebody was once found in this space, so that it is the token's
    types     of identifiers that Segment has shown in it, and since when
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
    sends = models.BooleanField(default=False)
    seen_until = models.DateTimeField(null=True)
    look = models.JSONField(default=dict)
    probe = models.JSONField(default=dict)
    is_proven = models.BooleanField(default=False)
    types = models.JSONField(default=dict, db_default={})
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

    @property
    def is_emulated(self) -> bool:
        return bool(settings.SEGMENT_URL)

    def open(self, region: str = "") -> SegmentClient:
        region = region or self.region
        return SegmentClient(region, space=self.space, **self.secrets)


class Assistant(models.Model):
    """What answers a tenant's customers elsewhere, as far as a prompt of it is built here.

    personalization  it is given what Segment knows
    perception       what is learned from its conversations goes to Segment
    uses_memory      it is given what the tenant's store remembers
    knowledge_bases  ids; none: all of the tenant's
    least_score      what Recall is less sure of is left out
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="assistants")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=400, blank=True)
    personalization = models.BooleanField(default=True)
    perception = models.BooleanField(default=False)
    uses_memory = models.BooleanField(default=True)
    knowledge_bases = models.JSONField(default=list)
    observations_limit = models.PositiveSmallIntegerField(default=5)
    summaries_limit = models.PositiveSmallIntegerField(default=2)
    least_score = models.FloatField(default=0.0)
    prompt = models.TextField(default=PROMPT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"], name="assistant_named_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Talk(models.Model):
    """A conversation that was only tried; None: as no assistant. What is learned from it
    goes to Segment when a person sends it, and if the assistant perceives.

    made_up  the customer's profile; "": of a real one
    """

    conversation_id = models.CharField(primary_key=True, max_length=64)
    made_up = models.CharField(max_length=64, db_index=True, db_default="")
    assistant = models.ForeignKey(
        Assistant, models.CASCADE, null=True, related_name="talks"
    )

    def __str__(self) -> str:
        return self.conversation_id

    @classmethod
    def list_made_up(cls, profile_ids: Iterable[str]) -> set[str]:
        found = cls.objects.filter(made_up__in=list(profile_ids))
        return set(found.values_list("made_up", flat=True))


class Sealed(models.Model):
    """A row that holds customers' data: encrypted, bound to its tenant and its subject."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    profile_id = models.CharField(max_length=64)
    sealed = models.TextField(blank=True)
    words = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    @property
    def context(self) -> tuple[str, ...]:
        return (self._meta.label_lower, str(self.tenant_id), self.profile_id)

    @property
    def content(self) -> Any:
        """None once it is gone. Raises VaultLocked, CredentialTampered."""
        if not self.sealed:
            return None
        return json.loads(decrypt(self.sealed, context=self.context))

    @content.setter
    def content(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False)
        self.sealed = encrypt(text, context=self.context)


class Outgoing(Sealed):
    """One event for Segment; its content is the event as it is sent.

    subject   what was learned: an observation's id, or that of an accepted proposal; it
              is the `messageId` too, by which Segment counts it once
    assistant from whose conversation it is, where that is known
    names     of an Identify, which traits; else the event's name
    lease     of the run that is sending it, until due_at
    first_at  when it was first tried: later than a day Segment may count it twice
    """

    class State(models.TextChoices):
        HELD = "held"
        DUE = "due", "waiting"
        SENT = "sent"
        FAILED = "failed"

    subject = models.CharField(max_length=64)
    kind = models.CharField(max_length=8)
    names = models.CharField(max_length=200)
    assistant = models.ForeignKey(Assistant, models.SET_NULL, null=True)
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True, db_index=True)
    first_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subject"], name="outgoing_once_a_subject"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile_id"], name="outgoing_of_a_profile"),
            models.Index(fields=["tenant", "state", "due_at"], name="outgoing_due"),
        ]

    def __str__(self) -> str:
        return self.subject


class Erasure(Sealed):
    """A deleted profile, of which nothing is sent any more; its content are the user ids
    that Segment is asked to delete, until it has.

    suppresses  new events of them are refused there, too
    request_id  Segment's
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting to be requested"
        REQUESTED = "requested"
        FINISHED = "finished"
        FAILED = "failed"
        NOTHING = "nothing", "nothing to ask"

    OPEN = (State.WAITING, State.REQUESTED)

    suppresses = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    request_id = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile_id"], name="erasure_once_a_profile"
            )
        ]

    def __str__(self) -> str:
        return f"deletion of {self.profile_id} at Segment"


class Watched(Sealed):
    """A profile that others may delete, and of which Segment is to be told then; its
    content are the identifiers that it has, values by type.

    store_id    where it is
    asked_at    when a program began to delete it in the built-in memory
    gone_at     since when a hosted memory does not have it
    suppresses  as of Erasure
    """

    store_id = models.CharField(max_length=42)
    suppresses = models.BooleanField(default=False)
    asked_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile_id"], name="watched_once_a_profile"
            )
        ]

    def __str__(self) -> str:
        return self.profile_id
