"""Credentials at rest: AES-256-GCM, each bound to what it is for; and the memories that a
tenant's credentials open.

An encrypted text is `v2:keyid:base64(nonce + ciphertext)`. settings.VAULT_KEYS holds
the keys by their id, newest first: the first encrypts, any decrypts. Version, key id and
context are authenticated with it: the text opens nowhere else.
"""

import json
import os
from base64 import b64decode, b64encode

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from console.accounts.models import User
from console.client.account import AccountClient, connect
from console.client.network import EMBEDDED, Guard, get_guard
from console.client.store import StoreClient
from console.core.errors import DomainError
from console.tenants.models import Tenant

NONCE_BYTES = 12
VERSION = "v2"
# Table, row, column and whatever else must not change while the text stays.
Context = tuple[str, ...]


class VaultLocked(DomainError):
    """The key that encrypted this is not among the ones we were started with."""

    status = 503
    title = "The vault is locked"


class CredentialTampered(DomainError):
    """The text was changed, or moved here from another row or field."""

    status = 503
    title = "A stored credential cannot be trusted"


def encrypt(text: str, *, context: Context) -> str:
    """`text` under the newest key; only the same `context` decrypts it."""
    key_id, key = get_newest_key()
    nonce = os.urandom(NONCE_BYTES)
    bound = _bind(key_id, context)
    ciphertext = AESGCM(key).encrypt(nonce, text.encode(), bound)
    return f"{VERSION}:{key_id}:{b64encode(nonce + ciphertext).decode()}"


def decrypt(blob: str, *, context: Context, first_context: str = "") -> str:
    """The text in `blob`. Raises VaultLocked, CredentialTampered.

    first_context  what a text without a version was bound to, where there are such
    """
    head, _, body = blob.rpartition(":")
    version, _, key_id = head.rpartition(":")
    key = settings.VAULT_KEYS.get(key_id)
    if key is None:
        raise VaultLocked(
            "This credential was encrypted with a key that the console does not have. "
            "An operator adds that key to VAULT_KEYS."
        )
    bound = _bind(key_id, context) if version == VERSION else first_context.encode()
    try:
        raw = b64decode(body, validate=True)
        nonce, ciphertext = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, ciphertext, bound).decode()
    except (InvalidTag, ValueError) as exc:
        raise CredentialTampered(
            "This credential was changed or moved outside the console, so it was not "
            "used. An operator replaces it."
        ) from exc


def _bind(key_id: str, context: Context) -> bytes:
    # JSON: ("ab", "c") and ("a", "bc") must not be one.
    return json.dumps([VERSION, key_id, *context]).encode()


def get_newest_prefix() -> str:
    """What every text begins with that need not be encrypted again. Raises VaultLocked."""
    return f"{VERSION}:{get_newest_key()[0]}:"


def get_newest_key() -> tuple[str, bytes]:
    """Id and bytes of the key that encrypts. Raises VaultLocked when there is none."""
    for key_id, key in settings.VAULT_KEYS.items():
        return key_id, key
    raise VaultLocked("There is no key to encrypt with: an operator sets VAULT_KEYS.")


# The field of Authenticator.data that is encrypted. A passkey's holds no secret.
SECRET = {
    Authenticator.Type.TOTP: "secret",
    Authenticator.Type.RECOVERY_CODES: "seed",
}


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
