"""Credentials at rest: AES-256-GCM, each bound to its row and field.

An encrypted text is `keyid:base64(nonce + ciphertext)`. settings.VAULT_KEYS holds
the keys by their id, newest first: the first encrypts, any decrypts.
"""

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from console.core.errors import DomainError

NONCE_BYTES = 12


class VaultLocked(DomainError):
    """The key that encrypted this is not among the ones we were started with."""

    status = 503
    title = "The vault is locked"


class CredentialTampered(DomainError):
    """The text was changed, or moved here from another row or field."""

    status = 503
    title = "A stored credential cannot be trusted"


def encrypt(text: str, *, context: str) -> str:
    """`text` under the newest key; only the same `context` decrypts it."""
    key_id, key = get_newest_key()
    nonce = os.urandom(NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, text.encode(), context.encode())
    return f"{key_id}:{b64encode(nonce + ciphertext).decode()}"


def decrypt(blob: str, *, context: str) -> str:
    """The text in `blob`. Raises VaultLocked, CredentialTampered."""
    key_id, _, body = blob.partition(":")
    key = settings.VAULT_KEYS.get(key_id)
    if key is None:
        raise VaultLocked(
            "This credential was encrypted with a key that the console does not have. "
            "An operator adds that key to VAULT_KEYS."
        )
    try:
        raw = b64decode(body, validate=True)
        nonce, ciphertext = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, ciphertext, context.encode()).decode()
    except (InvalidTag, ValueError) as exc:
        raise CredentialTampered(
            "This credential was changed or moved outside the console, so it was not "
            "used. An operator enters it again."
        ) from exc


def get_newest_key() -> tuple[str, bytes]:
    """Id and bytes of the key that encrypts. Raises VaultLocked when there is none."""
    for key_id, key in settings.VAULT_KEYS.items():
        return key_id, key
    raise VaultLocked("There is no key to encrypt with: an operator sets VAULT_KEYS.")
