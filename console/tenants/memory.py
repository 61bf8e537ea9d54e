"""From a tenant to the memory that knows their customers."""

from django.conf import settings

from console.client.account import AccountClient, connect
from console.client.store import StoreClient
from console.tenants.models import Tenant
from console.tenants.vault import open_sealed


def account_of(tenant: Tenant) -> AccountClient:
    """The account that owns the tenant's store. Raises VaultLocked, SealBroken."""
    return connect(
        tenant.address or settings.MEMORY_URL,
        username=tenant.account_sid,
        secret=open_sealed(tenant.sealed_token, context=tenant.token_context),
        dialect=tenant.dialect,
    )


def store_of(tenant: Tenant) -> StoreClient:
    """The tenant's own store and no other. Raises VaultLocked, SealBroken."""
    return account_of(tenant).store(tenant.store_id)
