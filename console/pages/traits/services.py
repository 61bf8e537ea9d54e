"""Changing one trait of a profile by hand, without running over somebody else's change."""

import json

from django.utils.crypto import constant_time_compare, salted_hmac

from console.audit.log import log_change
from console.client.errors import MemoryRefused
from console.client.store import StoreClient
from console.client.values import TraitValue
from console.core.errors import DomainError
from console.profiles.trait_row import TraitRow
from console.tenants.memory import open_store
from console.web.request import ConsoleRequest

_SALT = "console.pages.traits.services"
# Of what the audit log takes as an object's id.
_SUBJECT_MAX = 128


class TraitChanged(DomainError):
    """Somebody changed the trait after the person had looked at it."""

    status = 409
    title = "Changed meanwhile"


def digest_of(value: TraitValue | None) -> str:
    """A keyed digest: tells 1, 1.0, true and "1" apart, and nothing of the value."""
    return salted_hmac(_SALT, json.dumps(value), algorithm="sha256").hexdigest()[:32]


def seen_token(profile_id: str, row: TraitRow) -> str:
    """Stands for the state of a trait that a form was made from.

    With the value, for a memory gives moments in whole seconds.
    """
    at = row.set_at.isoformat() if row.set_at else "unset"
    told = [profile_id, row.group, row.name, at, digest_of(row.value)]
    return digest_of(json.dumps(told))


def awaited_token(profile_id: str, row: TraitRow, value: TraitValue | None) -> str:
    """Stands for a value of this one trait: asked of another it tells nothing."""
    return digest_of(json.dumps([profile_id, row.group, row.name, digest_of(value)]))


def check_unchanged(profile_id: str, row: TraitRow, seen: str) -> None:
    """`row` as it was just read. Raises TraitChanged."""
    if not constant_time_compare(seen_token(profile_id, row), seen):
        raise TraitChanged(
            "Somebody changed this trait after you had opened it. Nothing was written: "
            "look again. What you typed is still here."
        )


def holders_of(
    store: StoreClient, profile_id: str, id_type: str, value: TraitValue
) -> list[str]:
    """Other profiles that hold this identifier, so that writing it may merge them.

    None as well where the memory cannot read it as one: the write will say so.
    """
    try:
        # A number that feeds an identifier does so by its digits.
        found = store.lookup(id_type, str(value))
    except MemoryRefused as refusal:
        if refusal.http_status in {400, 404}:
            return []
        raise
    return [holder for holder in found.profiles if holder != profile_id]


def correct_trait(
    request: ConsoleRequest,
    profile_id: str,
    row: TraitRow,
    value: TraitValue | None,
    *,
    reason: str,
) -> None:
    """Write one trait; None clears it. Audited before and after, without the value.

    Raises MemoryProblem, AuditUnavailable.
    """
    with log_change(
        request.actor,
        "trait.corrected",
        object_type="trait",
        object_id=row.anchor[:_SUBJECT_MAX],
        reason=reason,
        profile=profile_id,
        cleared=int(value is None),
    ):
        open_store(request.tenant).patch_profile(
            profile_id, {row.group: {row.name: value}}
        )
