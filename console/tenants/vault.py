"""Credentials at rest: AES-256-GCM, each bound to its row and field.

An encrypted text is `keyid:base64(nonce + ciphertext)`. settings.VAULT_KEYS lists
keys as `id:base64 of 32 bytes`, newest first: the first encrypts, any decrypts.
"""

import binascii
import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from console.core.errors import DomainError

KEY_BYTES = 32
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
    key = load_keys().get(key_id)
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
    for key_id, key in load_keys().items():
        return key_id, key
    raise VaultLocked("There is no key to encrypt with: an operator sets VAULT_KEYS.")


def load_keys() -> dict[str, bytes]:
    """Every key by its id, newest first. Raises ImproperlyConfigured."""
    return dict(_parse_key(entry) for entry in settings.VAULT_KEYS)


def _parse_key(entry: str) -> tuple[str, bytes]:
    key_id, _, body = entry.strip().partition(":")
    try:
        key = b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key_id or len(key) != KEY_BYTES:
        # Never the entry itself: it may be most of a key.
        raise ImproperlyConfigured(
            "VAULT_KEYS holds an entry that is not `id:base64 of 32 bytes`."
        )
    return key_id, key
