"""Files and web pages as chunks: `python -m console.service.knowledge.parsing text/csv returns.csv`.

It runs in a process of its own, with limits of time and memory: a file that is made to
harm costs its source, not the worker. The file comes by stdin; what is found goes to
stdout as JSON, a list of documents or {"error": "why, for the owner"}. Nothing of Django
is imported here.
"""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from resource import RLIMIT_AS, RLIMIT_CPU, setrlimit

import msgspec

from console.contract.knowledge.base import CHUNKS_PER_BASE
from console.contract.knowledge.source import FILE_BYTES_MAX
from console.contract.memory.csv_dialect import find_encoding

# In characters. 1,000 found the answer first in 93 of 100 questions, 600 in 89; the whole
# answer in 3,000 characters of chunks in 99 of 100 (docs/knowledge.md).
CHUNK_MAX = 1000
TITLE_MAX = 512
PDF, MARKDOWN, HTML = "application/pdf", "text/markdown", "text/html"
DELIMITERS = {"text/csv": ",;\t", "text/tab-separated-values": "\t"}
# Of a web page: more than a crawl follows.
LINKS_MAX = 2000
# Of the process that parses: a manual of 200 pages needs half a second and 60 MB, a web
# page some milliseconds.
PARSE_S, PAGE_S, PARSE_BYTES = 60, 5, 1_500_000_000


class Unreadable(ValueError):
    """Why nothing can be made of a file, in words for its owner."""


@dataclass(frozen=True, slots=True)
class Piece:
    """question  of a row of questions and answers: found by it alone, too"""

    content: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """number  of a page, from 1
    links   of a web page, as it names them; base: where they start from, if it says so
    """

    title: str
    pieces: Sequence[Piece]
    url: str = ""
    number: int | None = None
    links: Sequence[str] = ()
    base: str = ""


def parse_apart(content: bytes, mime_type: str, title: str) -> list[Document]:
    """As `parse`, in a process of its own. Raises Unreadable."""
    seconds = PAGE_S if mime_type.startswith(HTML) else PARSE_S
    command = [sys.executable, "-m", __name__, mime_type, title]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=content,
            capture_output=True,
            check=True,
            timeout=2 * PARSE_S,
            cwd=Path(__file__).parents[3],
            preexec_fn=partial(_limit, seconds),
        )
    except subprocess.SubprocessError as exc:
        words = "The file cannot be read: it needs too much memory or time."
        raise Unreadable(words) from exc
    try:
        return msgspec.json.decode(done.stdout, type=list[Document])
    except msgspec.ValidationError:
        raise Unreadable(msgspec.json.decode(done.stdout)["error"]) from None


def _limit(seconds: int) -> None:
    setrlimit(RLIMIT_CPU, (seconds, seconds))
    setrlimit(RLIMIT_AS, (PARSE_BYTES, PARSE_BYTES))


def parse(content: bytes, mime_type: str, title: str) -> list[Document]:
    """The documents of a file, of a web page one. Raises Unreadable.

    mime_type  of a web page with its charset
    """
    mime_type, _, parameters = mime_type.partition(";")
    if mime_type == HTML:
        charset = parameters.partition("charset=")[2].partition(";")[0]
        return [_parse_html(content, charset.strip(' "'), title)]
    if mime_type == PDF:
        documents = list(_parse_pdf(content, title))
    elif mime_type in DELIMITERS:
        rows = _read_rows(_decode(content), DELIMITERS[mime_type])
        documents = [Document(title, _cut_rows(rows))]
    else:
        text = _decode(content)
        documents = [Document(title, cut(text, is_markdown=mime_type == MARKDOWN))]
    pieces = sum(len(document.pieces) for document in documents)
    if not pieces:
        raise Unreadable("The file has no text.")
    # Here, not where all of them would have to be taken over first.
    if pieces > CHUNKS_PER_BASE:
        raise Unreadable(
            f"A base holds at most {CHUNKS_PER_BASE:,} chunks; the file has {pieces:,}."
        )
    return documents


def cut(
    text: str, *, is_markdown: bool = False, longest: int = CHUNK_MAX
) -> list[Piece]:
    """Into pieces that end where a section, a paragraph or a sentence does."""
    # Imported here: it is wanted by the process that parses alone.
    from semantic_text_splitter import MarkdownSplitter, TextSplitter

    splitter = (MarkdownSplitter if is_markdown else TextSplitter)(longest)
    return [Piece(piece) for piece in splitter.chunks(text) if piece.strip()]


def _decode(content: bytes) -> str:
    text = content.decode(find_encoding(io.BytesIO(content)), "replace")
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if "\0" in text or text.count("\ufffd") * 100 > len(text):
        raise Unreadable("The file is no text: upload what its name says it is.")
    return text


def _read_rows(text: str, delimiters: str) -> list[dict[str, str]]:
    first = text.partition("\n")[0]
    delimiter = max(delimiters, key=first.count)
    try:
        head, *rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    except csv.Error as exc:
        raise Unreadable(f"The table cannot be read: {exc}.") from exc
    except ValueError as exc:
        raise Unreadable("The file has no text.") from exc
    names = [name.strip() for name in head]
    is_head = all(names) and len(set(names)) == len(names)
    if not is_head or any(name.replace(".", "").isdigit() for name in names):
        raise Unreadable("The first row must name the columns, each in its own words.")
    cells = ([cell.strip() for cell in row] for row in rows)
    return [dict(zip(names, row, strict=False)) for row in cells if any(row)]


def _cut_rows(rows: Sequence[dict[str, str]]) -> list[Piece]:
    columns = {name.lower(): name for name in rows[0]} if rows else {}
    if {"question", "answer"} <= columns.keys():
        pairs = ((row.get(columns["question"], ""), row) for row in rows)
        return [
            Piece(f"{question}\n{part.content}", question)
            for question, row in pairs
            for part in cut(
                row.get(columns["answer"], ""),
                longest=max(CHUNK_MAX - len(question) - 1, CHUNK_MAX // 4),
            )
        ]
    lines = (
        "\n".join(f"{name}: {cell}" for name, cell in row.items() if cell)
        for row in rows
    )
    return cut("\n\n".join(lines))


def _parse_pdf(content: bytes, title: str) -> Iterator[Document]:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as exc:
        if exc.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Unreadable(
                "The PDF is encrypted: upload one without a password."
            ) from exc
        raise Unreadable("The PDF cannot be read: it is damaged, or no PDF.") from exc
    is_empty = True
    for number, page in enumerate(pdf, start=1):
        text = page.get_textpage().get_text_bounded().replace("\r\n", "\n")
        page.close()
        if pieces := cut(text.replace("\0", "").replace("\ufffe", "-")):
            is_empty = False
            yield Document(title, pieces, number=number)
    if is_empty:
        raise Unreadable(
            "The PDF has no text: it may be scanned. Recognise its text first."
        )


def _parse_html(content: bytes, charset: str, title: str) -> Document:
    """One without text may still lead to others."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import ElementNode, HTMLTree

    charset = charset or detect_encoding(content) or "utf-8"
    tree = HTMLTree.parse_from_bytes(content, charset, "replace")
    found = tree.document
    if found is None:
        return Document(title, [])
    # What looks like a menu and is all there is, is the page.
    text = extract_plain_text(tree, preserve_formatting=True, main_content=True)
    text = text or extract_plain_text(tree, preserve_formatting=True)
    # Not by a selector: its list is made anew for each element that is taken.
    nodes = (node for node in found if isinstance(node, ElementNode))
    targets = (
        node["href"] for node in nodes if node.tag == "a" and node.hasattr("href")
    )
    links = list(dict.fromkeys(targets))[:LINKS_MAX]
    base = found.query_selector("base[href]")
    name = " ".join((tree.title or title).split())[:TITLE_MAX]
    pieces, start = cut(text.replace("\0", "")), base["href"] if base else ""
    return Document(name, pieces, links=links, base=start)


def main() -> None:
    _, mime_type, title = sys.argv
    csv.field_size_limit(FILE_BYTES_MAX)
    try:
        found: object = parse(sys.stdin.buffer.read(), mime_type, title)
    except Unreadable as why:
        found = {"error": str(why)}
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
