"""Encrypting credentials again after a new key was put first in VAULT_KEYS."""

from collections.abc import Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Model, QuerySet

from console.tenants.models import Tenant
from console.tenants.second_factors import SECRET, get_secret_context
from console.tenants.vault import (
    CredentialTampered,
    VaultLocked,
    decrypt,
    encrypt,
    get_newest_prefix,
)


def list_outdated() -> list[QuerySet[Any]]:
    """Tenants and second factors under an older key. Raises VaultLocked."""
    newest = get_newest_prefix()
    return [
        Tenant.objects.exclude(encrypted_token__startswith=newest),
        *(
            Authenticator.objects.filter(type=type_).exclude(
                **{f"data__{field}__startswith": newest}
            )
            for type_, field in SECRET.items()
        ),
    ]


def count_outdated() -> int:
    return sum(rows.count() for rows in list_outdated())


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
        if isinstance(row, Tenant):
            _reencrypt_token(row)
        else:
            _reencrypt_secret(row)
    except (VaultLocked, CredentialTampered):
        return False
    return True


def _reencrypt_token(tenant: Tenant) -> None:
    token = decrypt(
        tenant.encrypted_token,
        context=tenant.token_context,
        first_context=tenant.first_token_context,
    )
    tenant.encrypted_token = encrypt(token, context=tenant.token_context)
    tenant.save(update_fields=["encrypted_token"])


def _reencrypt_secret(factor: Authenticator) -> None:
    field, context = SECRET[factor.type], get_secret_context(factor.user_id)
    factor.data[field] = encrypt(
        decrypt(factor.data[field], context=context), context=context
    )
    factor.save(update_fields=["data"])
