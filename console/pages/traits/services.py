"""Correcting one trait of a profile, without overwriting somebody else's change."""

import json

from django.utils.crypto import constant_time_compare, salted_hmac

from console.audit.log import log_change
from console.client.errors import MemoryRefused
from console.client.store import StoreClient
from console.contract.memory.trait import TraitValue
from console.core.errors import DomainError
from console.profiles.trait_row import TraitRow
from console.tenants.vault import open_store
from console.web.render import ConsoleRequest

_SALT = "console.pages.traits.services"
# Of what the audit log takes as an object's id.
_SUBJECT_MAX = 128


class TraitChanged(DomainError):
    """Somebody changed the trait after the person had looked at it."""

    status = 409
    title = "Changed in the meantime"


def get_digest(value: TraitValue | None) -> str:
    """A keyed digest; those of 1, 1.0, true and "1" differ."""
    return salted_hmac(_SALT, json.dumps(value), algorithm="sha256").hexdigest()[:32]


def get_version(profile_id: str, row: TraitRow) -> str:
    """A digest of the state that a form was made from.

    The value is part of it: a memory gives times in whole seconds.
    """
    at = row.set_at.isoformat() if row.set_at else "unset"
    state = [profile_id, row.group, row.name, at, get_digest(row.value)]
    return get_digest(json.dumps(state))


def get_awaited_digest(profile_id: str, row: TraitRow, value: TraitValue | None) -> str:
    """A digest of one trait's value; it matches no other trait and no other profile."""
    return get_digest(json.dumps([profile_id, row.group, row.name, get_digest(value)]))


def check_unchanged(profile_id: str, row: TraitRow, seen: str) -> None:
    """`row` as it was just read. Raises TraitChanged."""
    if not constant_time_compare(get_version(profile_id, row), seen):
        raise TraitChanged(
            "Somebody changed this trait after you opened it. Nothing was saved. Check "
            "the current value; what you typed is still here."
        )


def find_other_holders(
    store: StoreClient, profile_id: str, id_type: str, value: TraitValue
) -> list[str]:
    """Other profiles with this identifier: writing it may merge them.

    None as well where the memory refuses it as one: the write will say so.
    """
    try:
        # A number becomes an identifier by its digits.
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
        "trait",
        row.anchor[:_SUBJECT_MAX],
        reason=reason,
        profile=profile_id,
        cleared=int(value is None),
    ):
        open_store(request.tenant).patch_profile(
            profile_id, {row.group: {row.name: value}}
        )
