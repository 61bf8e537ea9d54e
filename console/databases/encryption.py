"""Credentials at rest: AES-256-GCM, each bound to what it is for.

An encrypted text is `v2:keyid:base64(nonce + ciphertext)`. Version, key id and context
are authenticated with it: the text opens nowhere else.
"""

import json
import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from console.core.errors import DomainError

NONCE_BYTES = 12
VERSION = "v2"
# Table, row, column and whatever else must not change while the text stays.
Context = tuple[str, ...]


class VaultLocked(DomainError, status=503, title="The vault is locked"):
    """The key that encrypted this is not among the ones we were started with."""


class CredentialTampered(DomainError):
    """The text was changed, or moved here from another row or field."""

    status = 503
    title = "A stored credential cannot be trusted"


def encrypt(text: str, *, context: Context) -> str:
    """`text` under the newest key; only the same `context` decrypts it. Raises
    VaultLocked."""
    key_id, key = _get_newest_key()
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
    return f"{VERSION}:{_get_newest_key()[0]}:"


def _get_newest_key() -> tuple[str, bytes]:
    """The first of VAULT_KEYS encrypts, any of them decrypts."""
    for key_id, key in settings.VAULT_KEYS.items():
        return key_id, key
    raise VaultLocked("There is no key to encrypt with: an operator sets VAULT_KEYS.")
