"""Sealing credentials again after a new key was put first in VAULT_KEYS."""

from collections.abc import Sequence

from django.db import transaction

from console.tenants.models import Tenant, TenantQuerySet
from console.tenants.vault import SealBroken, VaultLocked, newest_key, open_sealed, seal


def waiting() -> TenantQuerySet:
    """Tenants whose credential is under an older key. Raises VaultLocked."""
    key_id, _ = newest_key()
    return Tenant.objects.exclude(sealed_token__startswith=f"{key_id}:")


@transaction.atomic
def reseal_some(number: int, *, passing_over: Sequence[str]) -> list[str]:
    """Seal up to `number` again, in one transaction; slugs of those that did not open."""
    # Locked: a credential entered at the same moment must not be lost.
    batch = waiting().exclude(slug__in=passing_over).order_by("slug")
    locked = []
    for tenant in batch.select_for_update()[:number]:
        context = tenant.token_context
        try:
            token = open_sealed(tenant.sealed_token, context=context)
        except (VaultLocked, SealBroken):
            locked.append(tenant.slug)
        else:
            tenant.sealed_token = seal(token, context=context)
            tenant.save(update_fields=["sealed_token"])
    return locked
