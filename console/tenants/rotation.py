"""Encrypting credentials again after a new key was put first in VAULT_KEYS."""

from collections.abc import Sequence

from django.db import transaction

from console.tenants.models import Tenant, TenantQuerySet
from console.tenants.vault import (
    CredentialTampered,
    VaultLocked,
    decrypt,
    encrypt,
    get_newest_key,
)


def list_outdated() -> TenantQuerySet:
    """Tenants whose credential is under an older key. Raises VaultLocked."""
    key_id, _ = get_newest_key()
    return Tenant.objects.exclude(encrypted_token__startswith=f"{key_id}:")


@transaction.atomic
def reencrypt_batch(number: int, *, skipped: Sequence[str]) -> list[str]:
    """Encrypt up to `number` again, in one transaction; slugs of those that failed."""
    # Locked: a credential entered at the same moment must not be lost.
    batch = list_outdated().exclude(slug__in=skipped).order_by("slug")
    locked = []
    for tenant in batch.select_for_update()[:number]:
        context = tenant.token_context
        try:
            token = decrypt(tenant.encrypted_token, context=context)
        except (VaultLocked, CredentialTampered):
            locked.append(tenant.slug)
        else:
            tenant.encrypted_token = encrypt(token, context=context)
            tenant.save(update_fields=["encrypted_token"])
    return locked
