"""Checks an exported month of an audit log: python3 verify_bundle.py FILE [--key HEX]

Needs Python 3.9 alone. Exits 0 when the file is sound, 1 when it is broken. Its lines are

- checkpoints, signed: how many entries there were, and the newest one's hash
- entries: their hashes, and what they state if whoever exported them may read it
- last the manifest, signed, with the SHA-256 of all lines before it

Whose signature it is, the file cannot say: pass as --key the key that stands on the
console's page Audit, Proof, or in a receipt of yours.
"""

import argparse
import hashlib
import json
import sys
from typing import Any, BinaryIO

Document = dict[str, Any]
Point = tuple[int, int, int, int]

# Ed25519 (RFC 8032), checking alone. Points are X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def read_point(raw: bytes) -> Point:
    """Raises ValueError."""
    y, odd = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(raw) != 32 or y >= P or (x * x - square) % P or (x == 0 and odd):
        raise ValueError("no point of the curve")
    x = P - x if x % 2 != odd else x
    return x, y, 1, x * y % P


BASE = read_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Raises ValueError."""
    commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(commitment + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left = multiply(scalar, BASE)
    right = add(read_point(commitment), multiply(challenge, read_point(public)))
    is_same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    return is_same and scalar < ORDER and len(signature) == 64


def encode(document: Document) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def check_signature(document: Document, name: str) -> None:
    stated = {field: document[field] for field in document if field != "signature"}
    public, signature = map(bytes.fromhex, (document["key"], document["signature"]))
    if not is_signed(public, signature, encode(stated)):
        raise ValueError(name + " was changed after it was signed")


class Reader:
    """Takes the lines in order. Raises ValueError, KeyError at one that does not fit."""

    def __init__(self) -> None:
        self.heads: dict[int, str] = {}  # of checkpoints: an entry's number and hash
        self.seq = self.readable = 0
        self.before = self.checkpoint = self.log = ""

    def take_checkpoint(self, line: Document) -> None:
        size = line["size"]
        check_signature(line, f"the checkpoint at {size}")
        if self.checkpoint not in ("", line["previous"]):
            raise ValueError(f"a checkpoint before {size} is missing")
        if self.log not in ("", line["log"]):
            raise ValueError(f"the checkpoint at {size} is of another log")
        self.checkpoint = hashlib.sha256(encode(line)).hexdigest()
        self.heads[size], self.log = line["head"], line["log"]

    def take_entry(self, line: Document) -> None:
        seq, prev = line["seq"], line["prev"]
        if self.before and (seq, prev) != (self.seq + 1, self.before):
            raise ValueError(f"entry {seq} does not follow the one before it")
        if "stated" in line:
            stated = json.dumps(line["stated"], separators=(",", ":")).encode()
            digest = hashlib.sha256(bytes.fromhex(prev) + stated).hexdigest()
            if digest != line["hash"] or line["stated"][1] != seq:
                raise ValueError(f"entry {seq} was changed")
            self.readable += 1
        self.seq, self.before = seq, line["hash"]
        if self.heads.get(seq, self.before) != self.before:
            raise ValueError(f"a checkpoint has another hash of entry {seq}")


def check_bundle(file: BinaryIO, key: str = "") -> str:
    """What it proves, in words. Raises ValueError, KeyError, TypeError."""
    reader, digest, line = Reader(), hashlib.sha256(), b""
    for following in file:
        if line:
            digest.update(line)
            taken = json.loads(line)
            (reader.take_entry if "seq" in taken else reader.take_checkpoint)(taken)
        line = following
    manifest = json.loads(line)
    check_signature(manifest, "the manifest")
    if manifest["sha256"] != digest.hexdigest():
        raise ValueError("it was changed after it was signed")
    if key and manifest["key"] != key:
        raise ValueError(f"it is signed by the key {manifest['key']}")
    return (
        f"{manifest['month']} of {manifest['tenant']}: {reader.readable} entries can be "
        f"read, {len(reader.heads)} checkpoints; signed by the key {manifest['key']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Check a bundle.")
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--key", default="", help="the public key, 64 hex digits")
    asked = parser.parse_args()
    try:
        sys.stdout.write(f"Sound: {check_bundle(asked.file, asked.key)}\n")
    except (ValueError, KeyError, TypeError) as why:
        sys.exit(f"BROKEN: {why}")


if __name__ == "__main__":
    main()
