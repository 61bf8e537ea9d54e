"""From a tenant to the memory that knows their customers."""

from django.conf import settings

from console.client.account import AccountClient, connect
from console.client.guard import Guard, get_guard
from console.client.network import EMBEDDED
from console.client.store import StoreClient
from console.tenants.models import Tenant
from console.tenants.vault import decrypt


def open_account(tenant: Tenant) -> AccountClient:
    """The account that owns the tenant's store. Raises VaultLocked, CredentialTampered."""
    return connect(
        get_address(tenant),
        username=tenant.account_sid,
        secret=decrypt(
            tenant.encrypted_token,
            context=tenant.token_context,
            first_context=tenant.first_token_context,
        ),
        dialect=tenant.dialect,
        guard=get_tenant_guard(tenant),
    )


def open_store(tenant: Tenant) -> StoreClient:
    """The tenant's own store and no other. Raises VaultLocked, CredentialTampered."""
    return open_account(tenant).store(tenant.store_id)


def get_address(tenant: Tenant) -> str:
    return tenant.address or settings.MEMORY_URL


def get_tenant_guard(tenant: Tenant) -> Guard | None:
    """What bounds the tenant's calls in this process; None for the embedded memory,
    which answers in the caller's own thread."""
    over_network = get_address(tenant) != EMBEDDED
    return get_guard(f"tenant {tenant.pk}") if over_network else None
