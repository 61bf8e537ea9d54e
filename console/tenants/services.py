"""Writing memberships and display settings, whether a name is free, and encrypting
credentials again after a new key was put first in VAULT_KEYS."""

import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import call_command
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from console.accounts.models import User
from console.core.errors import DomainError
from console.core.unicode import find_alike, mixes_scripts
from console.databases.encryption import (
    CredentialTampered,
    VaultLocked,
    decrypt,
    encrypt,
    get_newest_prefix,
)
from console.tenants.actor import get_installation_role
from console.tenants.models import Membership, Role, Tenant
from console.tenants.vault import SECRET, get_secret_context


def add_member(user: User, *, tenant: Tenant | None, role: Role) -> Membership:
    """Give a person their one role for a tenant, or for all of them (operators).

    Raises ValidationError.
    """
    membership = Membership(user=user, tenant=tenant, role=role)
    membership.full_clean()
    membership.save(force_insert=True)
    return membership


def keep_own(tenant: Tenant, user: User | None) -> Role | None:
    """What whoever adds the tenant is there: an onboarding engineer gets it as theirs. In
    the transaction that adds it."""
    role = get_installation_role(user) if user else None
    if user and role == Role.ENGINEER:
        add_member(user, tenant=tenant, role=role)
    return role


def save_display_settings(
    tenant: Tenant,
    *,
    masking: Mapping[str, str],
    pinned_groups: Sequence[str],
    needs_ticket: bool = True,
) -> None:
    """Save how values are shown and which groups are pinned; formats: see Tenant."""
    tenant.masking, tenant.pinned_groups = dict(masking), list(pinned_groups)
    tenant.needs_ticket = needs_ticket
    tenant.save(update_fields=["masking", "pinned_groups", "needs_ticket"])


def list_outdated() -> list[QuerySet[Any]]:
    """What is under an older key: every table's tokens, and second factors. Raises
    VaultLocked."""
    newest = get_newest_prefix()
    done = Q(encrypted_token="") | Q(encrypted_token__startswith=newest)
    return [
        *(
            model._base_manager.exclude(done)
            for model in apps.get_models()
            if hasattr(model, "token_context")
        ),
        *(
            Authenticator.objects.filter(type=type_).exclude(
                **{f"data__{field}__startswith": newest}
            )
            for type_, field in SECRET.items()
        ),
    ]


def count_outdated() -> int:
    return sum(rows.count() for rows in list_outdated())


@transaction.atomic(using="memory")
@transaction.atomic
def reencrypt_batch(number: int, *, skipped: Sequence[Model]) -> list[Model]:
    """Encrypt up to `number` again, in one transaction; the rows that failed."""
    batch: list[Model] = []
    for rows in list_outdated():
        others = rows.exclude(pk__in=[r.pk for r in skipped if type(r) is rows.model])
        # Locked: a credential entered at the same moment must not be lost.
        locked = others.order_by("pk").select_for_update()
        batch += locked[: number - len(batch)]
    return [row for row in batch if not _reencrypt(row)]


def _reencrypt(row: Any) -> bool:
    try:
        if hasattr(row, "token_context"):
            context = row.token_context
            token = decrypt(
                row.encrypted_token,
                context=context,
                first_context=getattr(row, "first_token_context", ""),
            )
            row.encrypted_token = encrypt(token, context=context)
            row.save(update_fields=["encrypted_token"])
        else:
            field, context = SECRET[row.type], get_secret_context(row.user_id)
            secret = decrypt(row.data[field], context=context)
            row.data[field] = encrypt(secret, context=context)
            row.save(update_fields=["data"])
    except (VaultLocked, CredentialTampered):
        return False
    return True


class TenantTaken(DomainError, status=409, title="Already in use by another tenant"):
    """Another tenant has this slug or this store."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def check_available(
    *, slug: str, name: str, store_id: str = "", renamed: Tenant | None = None
) -> None:
    """Raises TenantTaken, also for a name or slug that only looks like another's."""
    own = [renamed.pk] if renamed else []
    for field, wanted, tenants in (
        ("slug", slug, Tenant.ever),
        ("name", name, Tenant.objects),
    ):
        others = tenants.exclude(pk__in=own).values_list(field, flat=True)
        if other := find_alike(wanted, others):
            looks = "" if other == wanted else ", which looks the same"
            raise TenantTaken(
                f"Another tenant already has the {field} {other}{looks}. Choose another "
                "one.",
                field=field,
            )
    if mixes_scripts(name):
        raise TenantTaken(
            "A word of this name mixes letters of alphabets that look alike. Write it "
            "in one of them.",
            field="name",
        )
    if store_id and Tenant.objects.filter(store_id=store_id).exists():
        raise TenantTaken(
            "Another tenant already uses this store, and tenants never share one. "
            "Enter the id of this tenant's own store.",
            field="store_id",
        )


def run_in_memory(command: str, *args: str) -> Any:
    """What it prints as JSON: the memory's tables are its own."""
    out = StringIO()
    call_command(command, *filter(None, args), stdout=out)
    return json.loads(out.getvalue())
