"""Checks an exported part of an audit log: python3 verify_bundle.py FOLDER [--key HEX]

FOLDER is the unpacked bundle. Needs Python 3.9 alone. Exits 0 when sound, 1 when broken.

manifest.json      signed; has the SHA-256 of the two files below
entries.jsonl      of each entry its hashes and what it states, if the exporter may read it
checkpoints.jsonl  signed: how many entries there were, and the newest one's hash

Whose signature it is, the files cannot say: pass as --key the key that stands on the
console's page Audit, Proof, or in a receipt of yours.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

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


def check_entries(lines: Iterable[str], first: int, heads: dict[int, str]) -> int:
    """How many can be read. heads: the hash that checkpoints have of an entry's number."""
    readable, before = 0, None
    for seq, line in enumerate(lines, first):
        entry = json.loads(line)
        if entry["seq"] != seq:
            raise ValueError(f"entry {seq} is missing")
        if before not in (None, entry["prev"]):
            raise ValueError(f"entry {seq} does not follow the one before it")
        if "stated" in entry:
            stated = json.dumps(entry["stated"], separators=(",", ":")).encode()
            digest = hashlib.sha256(bytes.fromhex(entry["prev"]) + stated)
            if digest.hexdigest() != entry["hash"] or entry["stated"][1] != seq:
                raise ValueError(f"entry {seq} was changed")
            readable += 1
        before = entry["hash"]
        if heads.pop(seq, before) != before:
            raise ValueError(f"a checkpoint has another hash of entry {seq}")
    if heads:
        raise ValueError(f"a checkpoint counts {max(heads)} entries")
    return readable


def check_bundle(folder: Path, key: str = "") -> str:
    """What it proves, in words. Raises ValueError, KeyError, OSError."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    check_signature(manifest, "manifest.json")
    if key and manifest["key"] != key:
        raise ValueError("it is signed by the key " + manifest["key"])
    for name, digest in manifest["files"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise ValueError(name + " was changed after it was signed")
    heads: dict[int, str] = {}
    previous = None
    for line in (folder / "checkpoints.jsonl").read_text("utf-8").splitlines():
        checkpoint = json.loads(line)
        size = checkpoint["size"]
        check_signature(checkpoint, f"the checkpoint at {size}")
        if checkpoint["log"] != manifest["log"]:
            raise ValueError(f"the checkpoint at {size} is of another log")
        if previous not in (None, checkpoint["previous"]):
            raise ValueError(f"a checkpoint before {size} is missing")
        previous = hashlib.sha256(encode(checkpoint)).hexdigest()
        heads[size] = checkpoint["head"]
    count = len(heads)
    with (folder / "entries.jsonl").open(encoding="utf-8") as lines:
        readable = check_entries(lines, manifest["first"], heads)
    return (
        f"{manifest['month']} of {manifest['tenant']}: {readable} entries can be read, "
        f"{count} checkpoints; signed by the key {manifest['key']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Check a bundle.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", default="", help="the public key, 64 hex digits")
    asked = parser.parse_args()
    try:
        sys.stdout.write(f"Sound: {check_bundle(asked.folder, asked.key)}\n")
    except (ValueError, KeyError, TypeError, OSError) as why:
        sys.exit(f"BROKEN: {why}")


if __name__ == "__main__":
    main()
