"""The arithmetic of the chain: what an entry's hash covers, and how to check it.

An entry's bytes are a JSON array in a fixed order, ASCII, of strings and integers
only, so that any language can recompute them. Quoting keeps fields apart: "ab", "c"
never reads as "a", "bc". No Django here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DOMAIN = "memory-console/audit/1"
GENESIS = "0" * 64
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


def encode_facts(facts: Facts) -> bytes:
    """The bytes that are hashed, for this entry alone."""
    array = [
        DOMAIN,
        facts.seq,
        (facts.at - EPOCH) // timedelta(milliseconds=1),
        facts.actor_id,
        facts.actor,
        facts.role,
        facts.tenant,
        facts.action,
        facts.object_type,
        facts.object_id,
        facts.outcome,
        [[name, facts.details[name]] for name in sorted(facts.details)],
        facts.reason_digest,
        facts.request_id,
    ]
    return json.dumps(array, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def hash_entry(prev: str, facts: Facts) -> str:
    """SHA-256 over the hash before (32 bytes) and this entry, as 64 hex digits."""
    return hashlib.sha256(bytes.fromhex(prev) + encode_facts(facts)).hexdigest()


def digest_reason(salt: str, text: str) -> str:
    """What the chain keeps of a reason: enough to prove a text, none of its words."""
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()
