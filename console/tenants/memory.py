"""From a tenant to the memory that knows their customers."""

from django.conf import settings

from console.client.account import AccountClient, connect
from console.client.store import StoreClient
from console.tenants.models import Tenant
from console.tenants.vault import decrypt


def open_account(tenant: Tenant) -> AccountClient:
    """The account that owns the tenant's store. Raises VaultLocked, CredentialTampered."""
    return connect(
        tenant.address or settings.MEMORY_URL,
        username=tenant.account_sid,
        secret=decrypt(tenant.encrypted_token, context=tenant.token_context),
        dialect=tenant.dialect,
    )


def open_store(tenant: Tenant) -> StoreClient:
    """The tenant's own store and no other. Raises VaultLocked, CredentialTampered."""
    return open_account(tenant).store(tenant.store_id)
