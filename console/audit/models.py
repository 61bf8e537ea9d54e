"""The audit log: append-only entries, what they may say, and how they are chained.

An entry's bytes are a JSON array in a fixed order, ASCII, of strings and integers
only, so that any language can recompute them. Quoting keeps fields apart: "ab", "c"
never reads as "a", "bc".
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from django.db import models
from django.utils.dateparse import parse_datetime

from console.tenants.models import Tenant

# Of what is written now. Entries of version 1 name no profile.
VERSION = 2
GENESIS = "0" * 64
# From here on a look is one at many.
BULK_ROWS = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one entry states. Field order is the order in the hashed array."""

    seq: int
    at: datetime  # UTC, whole milliseconds
    actor_id: str
    actor: str
    role: str
    tenant: str
    action: str
    object_type: str
    object_id: str
    outcome: str
    details: Mapping[str, int | str]
    reason_digest: str
    request_id: str
    profile_id: str = ""
    seal_key: str = ""


def encode_facts(facts: Facts, version: int = VERSION) -> bytes:
    """The bytes that are hashed, for this entry alone."""
    stated = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    # One that was put there afterwards is hashed, and so found.
    if version == 1 and not facts.profile_id:
        del stated["profile_id"]
    # Hashed too: a seal by a key that nobody has cannot be put on afterwards.
    if not facts.seal_key:
        del stated["seal_key"]
    stated["at"] = (facts.at - EPOCH) // timedelta(milliseconds=1)
    stated["details"] = [[name, facts.details[name]] for name in sorted(facts.details)]
    array = [f"memory-console/audit/{version}", *stated.values()]
    return json.dumps(array, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def hash_entry(prev: str, facts: Facts, version: int = VERSION) -> str:
    """SHA-256 over the hash before (32 bytes) and this entry, as 64 hex digits."""
    encoded = encode_facts(facts, version)
    return hashlib.sha256(bytes.fromhex(prev) + encoded).hexdigest()


def digest_reason(salt: str, text: str) -> str:
    """What the chain keeps of a reason: enough to prove a text, none of its words."""
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


class ActionKind(StrEnum):
    """What sort of action it is. Of a tenant an operator reads the CONFIG entries alone."""

    CHANGE = "change"
    READ = "read"
    AUTH = "auth"
    CONFIG = "config"
    SYSTEM = "system"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class AuditAction:
    name: str
    text: str
    kind: ActionKind


class UnknownAction(ValueError):
    """A programming error: the action is not registered."""


def _read(file: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name(file).read_text("utf-8"))


ACTIONS = {
    name: AuditAction(name, text, ActionKind(kind))
    for kind, actions in _read("actions.toml").items()
    for name, text in actions.items()
}


# By kind, the actions of each who writes them: commands, addresses.
WRITERS = {
    kind: {name: logs for logs, names in table.items() for name in names.split()}
    for kind, table in _read("writers.toml").items()
}


def get_action(name: str) -> AuditAction:
    """The registered action of this name. Raises UnknownAction."""
    try:
        return ACTIONS[name]
    except KeyError:
        raise UnknownAction(f"{name!r} is not a registered audit action.") from None


def read_actions(logs: str) -> frozenset[str]:
    """The actions that a view or an operation declares; none for "none: " and why.
    Raises UnknownAction."""
    names = [] if logs.startswith("none: ") else logs.split()
    return frozenset(get_action(name).name for name in names)


def list_action_names(kind: ActionKind) -> list[str]:
    return [action.name for action in ACTIONS.values() if action.kind is kind]


class IsBulk(models.Func):
    """Whether the details count so many rows. Written out, as in the index of these: a
    database finds it for nothing else, as for a parameter."""

    output_field = models.BooleanField()
    template = f"JSON_EXTRACT(%(expressions)s, '$.count') >= {BULK_ROWS}"

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        template = f"(%(expressions)s -> 'count') >= '{BULK_ROWS}'::jsonb"
        return self.as_sql(compiler, connection, template=template, **kwargs)


class IsProgramWrite(models.Func):
    """Written out as well: of most entries of a busy log it is true."""

    output_field = models.BooleanField()
    template = "%(expressions)s = 'program.wrote'"

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        # The plus keeps it from an index of the action alone, of all tenants.
        return self.as_sql(compiler, connection, template=f"+{self.template}", **kwargs)


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def of(self, tenant: Tenant) -> Self:
        return self.filter(tenant=tenant.slug)


class AuditEntry(models.Model):
    """One action, by whom, on what, with which outcome. Triggers refuse any change.

    seq            1, 2, 3 … without a gap, given by console.audit.log
    at             UTC, whole milliseconds
    actor          the person's email address at that time; "" for nobody or a command
    tenant         its slug at that time; "" when the action belongs to no tenant.
                   Plain text, as actor_id is: an entry outlives what it names
    object_id      an opaque id of ours or of the memory's, never an identifier
    profile_id     whose data it is about, as the address or the memory named them; ""
                   when it is about no customer, about several, and in version 1
    details        counts and names only; integers and short strings
    reason_digest  commitment to AuditReason's text; "" without a reason
    version        of the hashed array: 1 or 2, see encode_facts
    prev, hash     hash_entry
    seal, seal_key  HMAC of the hash and the id of its key; "" in version 1

    No unique constraint beside the key: INSERT OR REPLACE could act through one.
    """

    class Outcome(models.TextChoices):
        ALLOWED = "allowed"
        DENIED = "denied"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown", "Not confirmed"

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.CharField(max_length=64)
    actor = models.CharField(max_length=254)
    role = models.CharField(max_length=16)
    tenant = models.CharField(max_length=64)
    action = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=128)
    outcome = models.CharField(max_length=16, choices=Outcome)
    details = models.JSONField()
    reason_digest = models.CharField(max_length=64)
    request_id = models.CharField(max_length=64)
    version = models.SmallIntegerField(default=VERSION)
    profile_id = models.CharField(max_length=128, default="")
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    seal = models.CharField(max_length=64, default="")
    seal_key = models.CharField(max_length=32, default="")

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "seq"], name="audit_tenant_seq"),
            models.Index(fields=["tenant", "object_id"], name="audit_tenant_object"),
            models.Index(
                fields=["tenant", "profile_id", "seq"], name="audit_tenant_profile"
            ),
            models.Index(fields=["tenant", "actor", "seq"], name="audit_tenant_actor"),
            models.Index(fields=["action", "seq"], name="audit_action"),
            models.Index(
                fields=["seq"], name="audit_bulk", condition=models.Q(IsBulk("details"))
            ),
            models.Index(fields=["outcome", "seq"], name="audit_outcome"),
            models.Index(
                fields=["tenant", "seq"],
                name="audit_people",
                condition=~models.Q(IsProgramWrite("action")),
            ),
            models.Index(
                fields=["tenant", "seq"],
                name="audit_programs",
                condition=models.Q(IsProgramWrite("action")),
            ),
        ]

    @property
    def facts(self) -> Facts:
        return Facts(
            **{name: getattr(self, name) for name in Facts.__dataclass_fields__}
        )

    @property
    def expected_hash(self) -> str:
        """What `hash` has to be if nobody has touched this row."""
        return hash_entry(self.prev, self.facts, self.version)

    @property
    def is_intact(self) -> bool:
        try:
            return self.hash == self.expected_hash
        # A database's owner can put there what no entry holds.
        except (TypeError, ValueError, LookupError):
            return False

    @property
    def definition(self) -> AuditAction:
        """Its action; one that is no longer registered describes itself by its name."""
        return ACTIONS.get(self.action) or AuditAction(
            self.action, self.action, ActionKind.SYSTEM
        )


class AuditReason(models.Model):
    """The reason of an entry, apart from the chain so that it can be erased.

    text  1 to 200 characters, one line
    salt  128 random bits in hex: without it a short text could be guessed
    """

    # Without a constraint in the database, so that it never blocks an entry.
    entry = models.OneToOneField(
        AuditEntry,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="reason",
    )
    salt = models.CharField(max_length=32)
    text = models.CharField(max_length=200)


class AuditHead(models.Model):
    """The one row that writers lock: the newest entry's number and hash."""

    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        constraints = [
            models.CheckConstraint(name="audit_one_head", condition=models.Q(id=1))
        ]


class AuditTaken(models.Model):
    """One row: {id: request id} of the last changes by programs that were taken
    (log_programs)."""

    rows = models.JSONField(default=dict)


class AuditCheckpoint(models.Model):
    """What the log was at a moment, signed. A copy of it elsewhere is a receipt: nothing
    up to there can then be changed unseen.

    size      how many entries there were
    document  {"kind", "log" (the first entry's hash), "size", "head" (the newest one's),
              "at" (UTC), "previous" (digest_document of the checkpoint before, or ""),
              "key", "signature"}
    """

    size = models.BigIntegerField(primary_key=True)
    document = models.JSONField()

    @property
    def at(self) -> datetime | None:
        return parse_datetime(self.document.get("at", ""))


def count_entries() -> int:
    """Number of the newest entry: there is no gap before it."""
    return AuditHead.objects.values_list("seq", flat=True).first() or 0
