"""Files as chunks."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from console.service.knowledge import parsing
from console.service.knowledge.parsing import CHUNK_MAX, Unreadable, cut, parse
from tests.service.knowledge.conftest import make_pdf

ENCRYPTED = (
    b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<"
    + b"28" * 32
    + b">/U<"
    + b"29" * 32
    + b">>>/ID[<01><01>]"
)


def make_zip() -> bytes:
    """Of 10,000,000 bytes, 10,000 remain: nothing here unpacks them."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as file:
        file.writestr("a.txt", bytes(10_000_000))
    return packed.getvalue()


def contents(*parsed) -> list[str]:
    return [piece.content for document in parse(*parsed) for piece in document.pieces]


def test_cut_ends_pieces_with_sentences():
    text = " ".join(f"Sentence number {number} says a little." for number in range(90))

    pieces = [piece.content for piece in cut(text)]

    assert all(len(piece) <= CHUNK_MAX for piece in pieces)
    assert all(piece.endswith("little.") for piece in pieces)
    assert " ".join(pieces) == text


def test_parse_pdf_page_by_page():
    pages = parse(make_pdf("Air the tent.", "", "Oil the zip."), "application/pdf", "t")

    assert [(page.number, page.pieces[0].content) for page in pages] == [
        (1, "Air the tent."),
        (3, "Oil the zip."),
    ]


def test_parse_questions_and_answers_row_by_row():
    table = b"Answer;Question\nThirty days.;How long can I return it?\n"

    [document] = parse(table, "text/csv", "faq.csv")

    [piece] = document.pieces
    assert piece.content == "How long can I return it?\nThirty days."
    assert piece.question == "How long can I return it?"


def test_parse_long_answers_in_parts_each_with_its_question():
    table = "question,answer\nWhat is covered?," + "Seams and zips. " * 100

    [document] = parse(table.encode(), "text/csv", "faq.csv")

    assert len(document.pieces) > 1
    assert all(p.content.startswith("What is covered?\n") for p in document.pieces)
    assert all(len(piece.content) <= CHUNK_MAX for piece in document.pieces)


def test_parse_other_tables_with_the_names_of_their_columns():
    table = b"size\tfits\nM\t170 to 178 cm\n"

    assert contents(table, "text/tab-separated-values", "sizes.tsv") == [
        "size: M\nfits: 170 to 178 cm"
    ]


def test_parse_markdown_by_its_sections():
    sections = [f"## Part {n}\n\n" + "Some words of it. " * 30 for n in range(3)]

    found = contents("\n\n".join(sections).encode(), "text/markdown", "care.md")

    assert [each[:9] for each in found] == ["## Part 0", "## Part 1", "## Part 2"]


@pytest.mark.parametrize(
    ("content", "mime_type", "why"),
    [
        (make_pdf("Secret.", trailer=ENCRYPTED), "application/pdf", "is encrypted"),
        (make_pdf("", ""), "application/pdf", "may be scanned"),
        (b"<html>no pdf</html>", "application/pdf", "is damaged, or no PDF"),
        (b"%PDF-1.4\ntrunc", "application/pdf", "is damaged, or no PDF"),
        (b"", "application/pdf", "is damaged, or no PDF"),
        (make_zip(), "application/pdf", "is damaged, or no PDF"),
        (make_zip(), "text/plain", "is no text"),
        (make_zip(), "text/csv", "is no text"),
        (b"", "text/plain", "has no text"),
        (b"  \n ", "text/markdown", "has no text"),
        (bytes(range(256)) * 4, "text/plain", "is no text"),
        (b"1,2\n3,4\n", "text/csv", "must name the columns"),
        (b"size,size\nM,L\n", "text/csv", "must name the columns"),
        (b"size,fits\n", "text/csv", "has no text"),
        (b'size,fits\n"M,1\n', "text/csv", "cannot be read"),
    ],
)
def test_parse_says_why_a_file_cannot_be_read(content, mime_type, why):
    with pytest.raises(Unreadable, match=why):
        parse(content, mime_type, "file")


def test_parse_refuses_more_chunks_than_a_base_holds(monkeypatch):
    monkeypatch.setattr(parsing, "CHUNKS_PER_BASE", 2)
    rows = b"question,answer\nWhen?,Today.\nWhere?,Here.\n"

    assert len(parse(rows, "text/csv", "Answers")[0].pieces) == 2
    with pytest.raises(Unreadable, match="at most 2 chunks; the file has 3"):
        parse(rows + b"Why?,Because.\n", "text/csv", "Answers")
