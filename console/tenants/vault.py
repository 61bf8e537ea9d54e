"""What opens with what is encrypted: second factors, and the memories of tenants."""

from collections.abc import Callable
from contextlib import suppress

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings

from console.accounts.models import User
from console.client.account import AccountClient, connect
from console.client.errors import MemoryNotFound
from console.client.network import EMBEDDED, Guard, get_guard
from console.client.store import StoreClient
from console.databases.encryption import Context, decrypt, encrypt
from console.tenants.models import Tenant

# The field of Authenticator.data that is encrypted. A passkey's holds no secret.
SECRET = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


def get_secret_context(user_id: int) -> Context:
    """What a person's secrets are bound to: in another person's row they do not open."""
    return ("mfa.authenticator", str(user_id), "data")


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Encrypts the secrets of whoever asks, or is about to sign in.

    Raises VaultLocked and CredentialTampered, which a page says in words.
    """

    def encrypt(self, text: str) -> str:
        return encrypt(text, context=self._get_context())

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, context=self._get_context())

    def generate_authenticator_name(self, user: User, type: str) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": self.get_totp_issuer()}

    def _get_context(self) -> Context:
        request = context.request
        user = request.user
        if not user.is_authenticated:
            user = request._login_stage.login.user
        return get_secret_context(user.pk)


def open_account(tenant: Tenant, dialect: str = "") -> AccountClient:
    """The account that owns the tenant's store, in the tenant's own dialect or another.
    Raises VaultLocked, CredentialTampered."""
    return connect(
        get_address(tenant),
        username=tenant.account_sid,
        secret=read_token(tenant),
        dialect=dialect or tenant.dialect,
        guard=get_tenant_guard(tenant),
    )


def find_dialect(
    ask: Callable[[AccountClient], object], address: str, *, username: str, secret: str
) -> str:
    """The newest in which the account has what it is asked for; "" if none. Raises
    MemoryProblem, BadAddress."""
    for dialect in Tenant.Dialect.values:
        account = connect(address, username=username, secret=secret, dialect=dialect)
        with suppress(MemoryNotFound):
            ask(account)
            return dialect
    return ""


def read_token(tenant: Tenant) -> str:
    """Of its account. Raises VaultLocked, CredentialTampered."""
    return decrypt(
        tenant.encrypted_token,
        context=tenant.token_context,
        first_context=tenant.first_token_context,
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
