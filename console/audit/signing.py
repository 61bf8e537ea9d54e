"""What holding the database is not enough to forge: `sign` and `verify` for a JSON
document, such as a checkpoint or a certificate, and `seal` for an entry of the log.

Both keys, one for Ed25519 and one for HMAC, come out of each of AUDIT_KEYS. Example:
`sign({"kind": "receipt", "size": 7})` answers the same with two members more, "key" (the
public one) and "signature", over the ASCII bytes of
`{"key":"1f…","kind":"receipt","size":7}`: members sorted, no blanks. Any language can
check them, as long as numbers are integers.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from console.core.errors import DomainError

KEY_ID_CHARS = 16


class SignatureRefused(DomainError, status=422, title="The signature does not fit"):
    """The document was changed, or is none that was signed."""


class SignerUnknown(DomainError, status=422, title="Signed by another installation"):
    """Signed, and unchanged since, by a key that this installation does not have."""


@dataclass(frozen=True, slots=True)
class Key:
    """public  of the signatures, 64 hex digits; its first 16 name the key
    secret  of the seals
    """

    public: str
    signer: Ed25519PrivateKey
    secret: bytes

    @property
    def id(self) -> str:
        return self.public[:KEY_ID_CHARS]


def sign(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with "key" and "signature", under the newest key."""
    key = get_newest_key()
    stated = {**document, "key": key.public}
    return {**stated, "signature": key.signer.sign(encode_document(stated)).hex()}


def verify(document: Mapping[str, Any]) -> None:
    """Raises SignatureRefused, SignerUnknown."""
    try:
        stated = {
            name: value for name, value in document.items() if name != "signature"
        }
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["key"]))
        public.verify(bytes.fromhex(document["signature"]), encode_document(stated))
    # Whatever a file may hold instead: no object, no such member, no text, no hex digits.
    except (AttributeError, KeyError, TypeError, ValueError, InvalidSignature) as exc:
        raise SignatureRefused(
            "This document was changed after it was signed, or is none that was."
        ) from exc
    if document["key"] not in {key.public for key in _list_keys()}:
        raise SignerUnknown(
            "The signature fits its own key, which is none of this installation's. If "
            "it is an older one, an operator adds it to AUDIT_KEYS."
        )


def encode_document(document: Mapping[str, Any]) -> bytes:
    """The bytes that are signed."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def digest_document(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(encode_document(document)).hexdigest()


def seal(entry_hash: str, key: Key) -> str:
    """Of an entry and, by its hash, of every entry before it: 64 hex digits."""
    message = f"memory-console/seal/1 {entry_hash}".encode()
    return hmac.digest(key.secret, message, hashlib.sha256).hex()


def get_newest_key() -> Key:
    return _list_keys()[0]


def find_key(key_id: str) -> Key | None:
    return next((key for key in _list_keys() if key.id == key_id), None)


def _list_keys() -> list[Key]:
    """Newest first. Those of the vault sealed the log while AUDIT_KEYS was not set."""
    roots = [*settings.AUDIT_KEYS.values(), *settings.VAULT_KEYS.values()]
    return [_derive(root) for root in roots]


@lru_cache
def _derive(root: bytes) -> Key:
    signer = Ed25519PrivateKey.from_private_bytes(_stretch(root, b"sign"))
    public = signer.public_key().public_bytes_raw().hex()
    return Key(public, signer, _stretch(root, b"seal"))


def _stretch(root: bytes, purpose: bytes) -> bytes:
    info = b"memory-console/audit/" + purpose
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(root)
