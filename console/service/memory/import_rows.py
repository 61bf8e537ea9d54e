"""An uploaded CSV file as rows, and a row as a profile's traits.

The dialect is ours (contract 17, 41): quotes as in RFC 4180, a header, and whichever of
comma, semicolon and tab finds all mapped columns in it. A cell that is empty is a trait
not given; a STRING is its cell's text without the blanks around it, a NUMBER, a BOOLEAN
or an ARRAY is JSON. A cell that does not fit is left out, and named with its row and
column.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import IO, Any

from console.contract.memory.csv_dialect import (
    DELIMITERS,
    PIECE_BYTES,
    clean_name,
    is_separator_line,
)
from console.contract.memory.trait_values import InvalidValue, read_cell
from console.service import errors
from console.service.conversations.rules import WriteRules
from console.service.memory.identity import KEPT, Identity, get_promoted_identities
from console.service.memory.models import ImportChunk, ProfileImport, Store
from console.service.memory.profiles import NO_IDENTIFIER, CheckedProfile
from console.service.memory.trait_groups import normalise_trait_name
from console.service.memory.traits import CheckedTrait, get_groups

# A quote that nobody closes must not gather the rest of the file in memory.
ROW_BYTES = 1024 * 1024
READ_AS = {
    "cp1252": "read as Windows-1252, since it is not UTF-8: check accented letters",
    "cp932": "read as Shift-JIS, since it is not UTF-8: check the names",
}


class InvalidFile(errors.ServiceError):
    """The file is not of the dialect, or lacks a column; `message` says where."""


@dataclass(frozen=True, slots=True)
class Column:
    """A mapped column: its place in a row, and the trait that it feeds.

    definition  of the trait; None: it was removed since the file was announced
    """

    name: str
    place: int
    trait_group: str
    trait: str
    definition: Mapping[str, Any] | None

    @property
    def path(self) -> str:
        return f"traits.{self.trait_group}.{self.trait}"


@dataclass(slots=True)
class ImportRow:
    """A row of the file.

    profile  what of it fits the store; None: too little to be a profile
    refused  (column, reason) for what does not; (None, …): the whole row
    """

    number: int
    profile: CheckedProfile | None = None
    refused: list[tuple[Column | None, str]] = field(default_factory=list)

    def add_refusals(self, reasons: Iterable[str], columns: Sequence[Column]) -> None:
        """Of values by which a stored row is not found; a reason begins with its trait."""
        for reason in reasons:
            path, _, why = reason.partition(": ")
            column = next(each for each in columns if each.path == path)
            if all(each != column for each, _ in self.refused):
                self.refused.append((column, why + KEPT if self.profile else why))


def read_as_utf8(file: IO[bytes], encoding: str) -> Iterator[bytes]:
    """The file from its beginning, in pieces of PIECE_BYTES."""
    file.seek(0)
    if encoding == "utf-8":
        yield from iter(lambda: file.read(PIECE_BYTES), b"")
        return
    # Where it ends within a letter, it has a sign for it.
    decoder, rest = codecs.getincrementaldecoder(encoding)("replace"), b""
    while piece := file.read(PIECE_BYTES):
        rest += decoder.decode(piece).encode("utf-8", "replace")
        while len(rest) >= PIECE_BYTES:
            yield rest[:PIECE_BYTES]
            rest = rest[PIECE_BYTES:]
    if rest := rest + decoder.decode(b"", final=True).encode():
        yield rest


class RowReader:
    """The records of a file from `position` on, without blank ones.

    position  bytes from the file's beginning to the end of the last record read
    line      its number, the header's being 1 and blank ones counted: as a spreadsheet
              numbers its rows
    Raises InvalidFile.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        position: int = 0,
        line: int = 0,
        *,
        delimiter: str = ",",
    ) -> None:
        self.position = self._began = position
        self.line = line
        lines = self._lines(pieces)
        self._records = csv.reader(lines, strict=True, delimiter=delimiter)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        cells: list[str] = []
        while not any(map(str.strip, cells)):
            self._began = self.position
            self.line += 1
            try:
                cells = next(self._records)
            except csv.Error as exc:
                if "limit" in str(exc):
                    why = f"a cell has more than {csv.field_size_limit():,} characters"
                else:
                    why = "a quotation mark is not closed or not doubled"
                raise self._build_error(f"not valid CSV, {why}") from exc
        return cells

    def _lines(self, pieces: Iterable[bytes]) -> Iterator[str]:
        for line in _split_lines(pieces):
            first = not self.position
            text = line.removeprefix(codecs.BOM_UTF8) if first else line
            self.position += len(line)
            if self.position - self._began > ROW_BYTES:
                raise self._build_error(f"at most {ROW_BYTES} bytes")
            try:
                decoded = text.decode()
            except UnicodeDecodeError as exc:
                raise self._build_error(
                    "not valid UTF-8; save the file as UTF-8 (UTF-16 with a byte order"
                    " mark, Windows-1252 and Shift-JIS are read as well)"
                ) from exc
            if not (first and is_separator_line(decoded)):
                yield decoded

    def _build_error(self, rule: str) -> InvalidFile:
        return InvalidFile(f"Row {self.line}: {rule}")


def _split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends, of pieces that are cut anywhere."""
    rest = b""
    for piece in pieces:
        # The last one is kept even when it ends: its "\r" may have lost its "\n".
        *lines, rest = (rest + piece).splitlines(keepends=True) or [b""]
        if len(rest) > ROW_BYTES:
            lines.append(rest)
        yield from lines
    if rest:
        yield rest


def read_chunks(row: ProfileImport, position: int = 0) -> Iterator[bytes]:
    """An uploaded file from a byte on, a chunk at a time."""
    number, skip = divmod(position, PIECE_BYTES)
    chunks = ImportChunk.objects.filter(store_id=row.store_id, import_id=row.id)
    while chunk := chunks.filter(number=number).first():
        yield bytes(chunk.content)[skip:]
        number, skip = number + 1, 0


def get_definitions(store: Store) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Each trait of a store, by group and name."""
    return {
        (group, trait): definition
        for group, traits in get_groups(store).items()
        for trait, definition in traits.items()
    }


def open_columns(store: Store, row: ProfileImport) -> tuple[list[Column], int, str]:
    """The mapped columns, how many there are in all, and what separates them.

    Raises InvalidFile.
    """
    sought = {clean_name(mapping["columnName"]) for mapping in row.column_mappings}
    headers = {}
    for delimiter in DELIMITERS:
        with suppress(InvalidFile):  # quotation marks show which one it is not
            headers[delimiter] = _read_header(row, delimiter)
    if not headers:
        _read_header(row, DELIMITERS[0])
    delimiter = max(headers, key=lambda key: len(sought.intersection(headers[key])))
    header = headers[delimiter]
    columns = find_columns(header, row.column_mappings, get_definitions(store))
    return columns, len(header), delimiter


def _read_header(row: ProfileImport, delimiter: str) -> list[str]:
    header = next(RowReader(read_chunks(row), delimiter=delimiter), [])
    return [clean_name(name) for name in header]


def find_columns(
    header: Sequence[str],
    mappings: Sequence[Mapping[str, str]],
    definitions: Mapping[tuple[str, str], Any],
) -> list[Column]:
    """Where the mapped columns stand. Raises InvalidFile."""
    if not header:
        raise InvalidFile("Header: missing")
    columns = []
    for mapping in mappings:
        name, group = clean_name(mapping["columnName"]), mapping["traitGroup"]
        if header.count(name) != 1:
            raise InvalidFile(f"Column {name}: {_explain_absence(name, header)}")
        trait = normalise_trait_name(mapping["traitName"])
        definition = definitions.get((group, trait))
        columns.append(Column(name, header.index(name), group, trait, definition))
    return columns


def redefine(
    columns: Sequence[Column], definitions: Mapping[tuple[str, str], Any]
) -> list[Column]:
    return [
        replace(each, definition=definitions.get((each.trait_group, each.trait)))
        for each in columns
    ]


def _explain_absence(name: str, names: Sequence[str]) -> str:
    """Without the header's own words: where it is missing, they are a customer's."""
    if name in names:
        return "duplicate in the header"
    if name.casefold() in map(str.casefold, names):
        return "missing in the header, where it has other capital letters"
    return (
        "missing in the header, the first row, whose columns are separated by commas,"
        " semicolons or tabs"
    )


def read_row(
    store: Store,
    cells: Sequence[str],
    columns: Sequence[Column],
    *,
    number: int,
    width: int,
) -> ImportRow:
    """What of a row fits the store; the rest is named."""
    row = ImportRow(number)
    if len(cells) < width or any(cells[width:]):
        reason = f"{len(cells)} cells, but {width} in the header"
        row.refused.append((None, reason))
        return row
    traits: list[CheckedTrait] = []
    identities: dict[Identity, str] = {}
    unfit: list[str] = []
    for column in columns:
        if cell := cells[column.place].strip():
            try:
                trait = _check_cell(cell, column)
            except InvalidValue as exc:
                _, _, reason = str(exc).partition(": ")
                row.refused.append((column, reason))
                continue
            if why := WriteRules.of(store).refuse(trait):
                row.refused.append((column, why))
                continue
            traits.append(trait)
            found, messages = get_promoted_identities(store, [trait])
            identities |= found
            unfit += messages
    if identities:
        row.profile = CheckedProfile(traits, identities)
    row.add_refusals(unfit, columns)
    if not (identities or row.refused):
        row.refused.append((None, NO_IDENTIFIER))
    return row


def _check_cell(cell: str, column: Column) -> CheckedTrait:
    """Raises InvalidValue, naming the trait."""
    path = f"{column.trait_group}.{column.trait}"
    value = read_cell(path, cell, column.definition)
    id_type = str((column.definition or {}).get("idTypePromotion", ""))
    return CheckedTrait(column.trait_group, column.trait, value, id_type)
