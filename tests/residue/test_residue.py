"""Nothing is left of what was deleted: the short form of `make residue`."""

import base64
import os

from tests.residue.__main__ import run_on_files, run_on_server
from tests.residue.markers import Net, make_phone, make_word

SERVER = os.environ.get("DATABASE_URL", "").removesuffix("/postgres")
PROFILES = 3


def test_deletion_leaves_no_byte_in_any_file():
    on_server = SERVER.startswith("postgres")

    failed = run_on_server(PROFILES, SERVER) if on_server else run_on_files(PROFILES)

    assert not failed


def test_net_finds_every_form_of_a_marker():
    word, phone = make_word("name"), make_phone(4711)
    other = make_word("name")
    forms = [
        word.encode(),
        word.upper().encode(),
        word[::-1].encode(),
        word.encode("utf-16-le"),
        base64.b64encode(f"x{word}yz".encode()),
        base64.b64encode(f"xx{word}y".encode()),
        base64.b64encode(f"xxx{word}".encode()),
        phone[::-1].encode(),
        b"+1 (212) 735-0311",
    ]

    net = Net([word, phone])

    assert [net.count(b"before " + form + b" after") for form in forms] == [1] * 9
    assert net.count(other.encode()) == 0
