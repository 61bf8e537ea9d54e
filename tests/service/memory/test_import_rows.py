"""What a CSV file means. Contract 11.7 and 17, 41."""

import json
from io import BytesIO

import pytest

from console.contract.memory import csv_dialect
from console.service.memory import import_rows
from console.service.memory.models import Identifier, ImportChunk, Profile
from tests.service.csv_files import many, read_file, upload_file, values


@pytest.fixture
def load(api, store):
    """Uploads a file and has it read; answers the import and its operation."""

    def run(content: str | bytes, **columns: str) -> tuple[dict, dict]:
        return read_file(api, store, upload_file(api, store, content, **columns))

    return run


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffMail,First\na@b.com,Ada\n",
        "Mail,First\na@b.com,Ada",
        "Mail,First\r\na@b.com,Ada\r\n",
        "Mail,First\ra@b.com,Ada\r",
        '"Mail","First"\n"a@b.com","Ada"\n',
        "First,Mail\nAda,a@b.com\n",
        "x,Mail,x,First\n1,a@b.com,2,Ada\n",
        "\n\nMail,First\n\n\na@b.com,Ada\n\n",
        '\ufeff"Mail",First\na@b.com,Ada\n',
    ],
)
def test_csv_is_read_in_every_form_of_the_dialect(load, content):
    shown, _ = load(content)

    assert (shown["status"], shown["summary"]["errors"]) == ("COMPLETED", 0)
    assert values("firstName") == ["Ada"]
    assert Identifier.objects.get().value == "a@b.com"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"a, b"', "a, b"),
        ('"say ""hi"""', 'say "hi"'),
        ('"two\nlines"', "two\nlines"),
        ('"two\r\nlines"', "two\r\nlines"),
        ("Żółw 😀", "Żółw 😀"),
        (" spaced ", "spaced"),
        ("\u3000太郎\u00a0", "太郎"),
        ("42", "42"),
        ("null", "null"),
        ("a\u2028b\x85c", "a\u2028b\x85c"),
    ],
)
def test_csv_cell_is_its_text(load, cell, value):
    load(f"Mail,First\na@b.com,{cell}\nb@b.com,Bob\n")

    assert values("firstName") == [value, "Bob"]


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("NUMBER", "42", 42),
        ("NUMBER", "-4.5", -4.5),
        ("NUMBER", " 7 ", 7),
        ("BOOLEAN", "true", True),
        ("BOOLEAN", "FALSE", False),
        ("ARRAY", '"[""a"", 1, true]"', ["a", 1, True]),
        ("ARRAY", "[]", []),
    ],
)
def test_csv_value_is_of_the_traits_type(load, declare, kind, cell, value):
    declare("Account", tier={"dataType": kind})

    shown, _ = load(
        f"Mail,Tier\na@b.com,{cell}\n", Mail="Contact.email", Tier="Account.tier"
    )

    assert shown["summary"]["errors"] == 0
    assert json.dumps(values("tier")) == json.dumps([value])


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("NUMBER", "many"),
        ("NUMBER", '"1.234,5"'),
        ("NUMBER", "NaN"),
        ("NUMBER", "true"),
        ("NUMBER", "9" * 400),
        ("BOOLEAN", "yes"),
        ("BOOLEAN", "1"),
        ("ARRAY", "a"),
        ("ARRAY", '"{""a"": 1}"'),
        ("ARRAY", "[[1]]"),
        ("ARRAY", "[" * 9000),
        ("ARRAY", '"[""\\u0000""]"'),
        ("STRING", "a\x00b"),
        ("STRING", "s" * 1025),
    ],
)
def test_csv_cell_that_is_not_valid_is_named_and_its_row_stored_without_it(
    load, declare, kind, cell
):
    declare("Account", tier={"dataType": kind})
    content = f"Mail,Tier\na@b.com,\nb@b.com,{cell}\nc@b.com,\n"

    shown, operation = load(content, Mail="Contact.email", Tier="Account.tier")

    assert (shown["status"], operation["status"]) == ("COMPLETED", "COMPLETED")
    assert shown["summary"] == {"errors": 1, "warnings": 1}
    assert values("email") == ["a@b.com", "b@b.com", "c@b.com"]
    assert not values("tier")
    [refusal] = operation["refusals"]
    assert (refusal["item"], refusal["field"], refusal["stored"]) == (3, "Tier", True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x@b.com", "1 cells, but 2 in the header"),
        ("x@b.com,X,more", "3 cells, but 2 in the header"),
        (",Nobody", "traits: at least one trait that is an identifier is required"),
        ("  ,X", "traits: at least one trait that is an identifier is required"),
    ],
)
def test_csv_row_without_an_identifier_or_of_another_width_is_refused(
    load, row, reason
):
    shown, operation = load(f"Mail,First\na@b.com,Ada\n\n{row}\n")

    assert shown["summary"] == {"errors": 1, "warnings": 0}
    assert shown["rows"] == {"read": 2, "stored": 1, "refused": 1}
    assert values("firstName") == ["Ada"]
    assert operation["refusedCount"] == 1
    [refusal] = operation["refusals"]
    assert (refusal["item"], refusal["field"], refusal["stored"]) == (4, "", False)
    assert refusal["reason"].startswith(reason)


PHONES = {
    "email": "Contact.email",
    "firstName": "Contact.firstName",
    "phone": "Contact.phone",
}


def test_csv_names_the_cell_that_it_leaves_out_and_passes_over_empty_rows(load):
    content = "email,firstName,phone\na@x.example,Ada,n/a\nb@x.example,Bo,\n,,\n"

    shown, operation = load(content, **PHONES)

    assert shown["summary"] == {"errors": 1, "warnings": 1}
    assert shown["rows"] == {"read": 2, "stored": 2, "refused": 0}
    assert values("firstName") == ["Ada", "Bo"]
    assert operation["refusals"] == [
        {
            "item": 2,
            "field": "phone",
            "reason": "a placeholder, which names nobody; kept as a trait, not as an"
            " identifier",
            "stored": True,
        }
    ]
    assert values("phone") == ["n/a"]
    assert not Identifier.objects.filter(id_type="phone").exists()


def test_csv_names_the_cell_that_is_somebody_elses(load):
    rows = ["desk@x.example,Ada,+12025550161", "desk@x.example,Bob,+12025550162"]

    shown, operation = load("\n".join(["email,firstName,phone", *rows]), **PHONES)

    assert shown["rows"] == {"read": 2, "stored": 2, "refused": 0}
    assert shown["summary"] == {"errors": 1, "warnings": 1}
    [refusal] = operation["refusals"]
    assert (refusal["item"], refusal["field"]) == (3, "email")
    assert refusal["reason"].startswith("held by a profile with another name and phone")
    assert Profile.objects.count() == 2


def test_csv_phone_as_a_spreadsheet_writes_it_is_read_as_lookup_does(load):
    load("email,firstName,phone\na@x.example,Ada,3125550123.0\n", **PHONES)

    assert Identifier.objects.get(id_type="phone").value == "+13125550123"


@pytest.mark.parametrize(
    "content",
    [
        "Mail;First\na@b.com;Ada\n",
        "Mail\tFirst\na@b.com\tAda\n",
        '"Mail";"First"\n"a@b.com";"Ada"\n',
        " Mail , First\u00a0\na@b.com,Ada\n",
        "Mail,First,\na@b.com,Ada,\n",
        "Mail,First\na@b.com,Ada,,\n",
        "Mail;First\n;\na@b.com;Ada\n",
        "sep=;\r\nMail;First\r\na@b.com;Ada\r\n",
        '\ufeff"sep=\t"\nMail\tFirst\na@b.com\tAda\n',
    ],
)
def test_csv_is_read_as_spreadsheets_write_it(load, content):
    load(content)

    assert values("firstName") == ["Ada"]
    assert Identifier.objects.get().value == "a@b.com"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_csv_is_read_in_each_unicode_encoding(load, encoding):
    shown, _ = load(f"Mail,First\na@b.com,Zoë{'x' * 9}\n".encode(encoding))

    assert shown["summary"] == {"errors": 0, "warnings": 0}
    assert values("firstName") == ["Zoëxxxxxxxxx"]


@pytest.mark.parametrize(
    ("name", "encoding", "said"),
    [
        ("Zoë “Z” €", "cp1252", "Windows-1252"),
        ("Renée O’Brien", "cp1252", "Windows-1252"),
        ("太郎", "cp932", "Shift-JIS"),
        ("高橋 ﾊﾅｺ", "cp932", "Shift-JIS"),
        ("さくら", "cp932", "Shift-JIS"),
    ],
)
def test_csv_in_a_national_encoding_is_read_with_a_warning(load, name, encoding, said):
    shown, operation = load(f"Mail,First\na@b.com,{name}\n".encode(encoding))

    assert shown["summary"] == {"errors": 0, "warnings": 1}
    assert values("firstName") == [name]
    assert said in operation["refusals"][0]["reason"]


def test_csv_rows_are_numbered_without_excels_separator_line(load):
    _, operation = load("sep=;\nMail;First\nn/a;Ada\n")

    assert [refusal["item"] for refusal in operation["refusals"]] == [2]


@pytest.mark.parametrize("size", [1, 3, csv_dialect.PIECE_BYTES])
def test_read_as_utf8_takes_pieces_that_are_cut_anywhere(size, monkeypatch):
    monkeypatch.setattr(import_rows, "PIECE_BYTES", size)
    text = many(30) + "😀"

    for encoding in ("utf-8", "utf-16", "utf-16-le"):
        file = BytesIO(text.encode(encoding))
        pieces = list(import_rows.read_as_utf8(file, encoding))
        assert b"".join(pieces).decode() == text
        assert {len(piece) for piece in pieces[:-1]} <= {size}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Mail,First\na@b.com,Жанна\n".encode("cp1251"), "Row 2: not valid UTF-8"),
        ("Mail,First\na@b.com,陈晓明\n".encode("gbk"), "Row 2: not valid UTF-8"),
        ("Mail,First\na@b.com,高橋\n".encode("euc-jp"), "Row 2: not valid UTF-8"),
        (b"Mail,First\nb@b.com,\xc3\xab\nc@b.com,\xeb\n", "Row 3: not valid UTF-8"),
        (b"Mail|First\na@b.com|Ada\n", "separated by commas, semicolons or tabs"),
        (b"\n\r\n\n", "Header: missing"),
        (b"a@b.com,Ada\nb@b.com,Bob\n", "Column Mail: missing"),
        (b"Mail,First,Mail\na@b.com,Ada,c@b.com\n", "Column Mail: duplicate"),
        (b"mail,First\na@b.com,Ada\n", "other capital letters"),
        (b"Mail;First;Mail\na@b.com;Ada;c@b.com\n", "Column Mail: duplicate"),
        (b'Mail,First\na@b.com,Ada\nb@b.com,"Bob\nc@b.com,Eve\n', "CSV"),
        (b'Mail,First\na@b.com,"A"da\n', "CSV"),
        (b"Mail,First\na@b.com,Ada\nb@b.com," + b"x" * 140_000, "CSV"),
        (b"Mail,First\na@b.com,Ada\n" + b"x," * 700_000, "at most 1048576 bytes"),
        (b"Mail,First\na@b.com,Ada\n" + b'"\n",' * 300_000, "at most 1048576 bytes"),
    ],
)
def test_csv_file_that_is_not_valid_changes_nothing(load, content, words):
    shown, operation = load(content)

    assert shown["status"] == operation["status"] == "FAILED"
    assert words in operation["error"]["detail"]
    assert not {"a@b.com", "Ada"} & set(operation["error"]["detail"].split())
    assert not Profile.objects.exists()
    assert not ImportChunk.objects.exists()


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_row_reader_takes_pieces_that_are_cut_anywhere(size):
    content = ("\ufeff" + many(30)).encode()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]

    rows = list(import_rows.RowReader(pieces))

    assert rows == list(import_rows.RowReader([content]))
    assert rows[2] == ["1@b.com", "Nr\r\n1 ä"]
    assert len(rows) == 31


def test_row_reader_goes_on_at_the_position_of_the_last_row():
    content = ("\ufeff" + many(30)).encode()
    whole = list(import_rows.RowReader([content]))
    rows = import_rows.RowReader([content])

    for number in range(1, len(whole) + 1):
        next(rows)
        rest = import_rows.RowReader([content[rows.position :]], rows.position, number)
        assert list(rest) == whole[number:]
