"""An uploaded CSV file as rows, and a row as a profile's traits.

The dialect is ours (contract 17, 41): UTF-8 with or without BOM, commas, quotes as in
RFC 4180, a header. An empty cell is a trait not given; a STRING is its cell's text,
a NUMBER, a BOOLEAN or an ARRAY is JSON.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from console.service import errors
from console.service.memory.models import ImportChunk, ProfileImport, Store, TraitGroup
from console.service.memory.trait_groups import normalise_trait_name

CHUNK_BYTES = 1024 * 1024
# A quote that nobody closes must not gather the rest of the file in memory.
ROW_BYTES = 1024 * 1024

# As in a JSON body: tab and the line breaks are text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

DataTypes = Mapping[tuple[str, str], str]


class InvalidFile(errors.ServiceError):
    """The file is not of the dialect, or lacks a column; `message` says where."""


@dataclass(frozen=True, slots=True)
class Column:
    """A mapped column: its place in a row, and the trait that it feeds."""

    place: int
    trait_group: str
    trait: str
    data_type: str


class RowReader:
    """The records of a file from `position` on; a blank line is none.

    position  bytes from the file's beginning to the end of the last record read
    Raises InvalidFile.
    """

    def __init__(self, pieces: Iterable[bytes], position: int = 0) -> None:
        self.position = self._began = position
        self._records = csv.reader(self._lines(pieces), strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        cells: list[str] = []
        while not cells:
            self._began = self.position
            try:
                cells = next(self._records)
            except csv.Error as exc:
                raise self._build_error("not valid CSV") from exc
        return cells

    def _lines(self, pieces: Iterable[bytes]) -> Iterator[str]:
        for line in _split_lines(pieces):
            text = line if self.position else line.removeprefix(codecs.BOM_UTF8)
            self.position += len(line)
            if self.position - self._began > ROW_BYTES:
                raise self._build_error(f"at most {ROW_BYTES} bytes")
            try:
                yield text.decode()
            except UnicodeDecodeError as exc:
                raise self._build_error("not valid UTF-8") from exc

    def _build_error(self, rule: str) -> InvalidFile:
        return InvalidFile(f"Row at byte {self._began}: {rule}")


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
    number, skip = divmod(position, CHUNK_BYTES)
    chunks = ImportChunk.objects.filter(store_id=row.store_id, import_id=row.id)
    while chunk := chunks.filter(number=number).first():
        yield bytes(chunk.content)[skip:]
        number, skip = number + 1, 0


def get_data_types(store: Store) -> DataTypes:
    """What type each trait of a store has, by group and name."""
    return {
        (group.display_name, trait): definition["dataType"]
        for group in TraitGroup.objects.of(store)
        for trait, definition in group.traits.items()
    }


def find_columns(
    header: Sequence[str], mappings: Sequence[Mapping[str, str]], types: DataTypes
) -> list[Column]:
    """Where the mapped columns stand. Raises InvalidFile."""
    columns = []
    for mapping in mappings:
        name, group = mapping["columnName"], mapping["traitGroup"]
        if header.count(name) != 1:
            rule = "duplicate" if name in header else "missing"
            raise InvalidFile(f"Column {name}: {rule} in the header")
        trait = normalise_trait_name(mapping["traitName"])
        # A trait that was removed since: whoever writes the row refuses it.
        data_type = types.get((group, trait), "STRING")
        columns.append(Column(header.index(name), group, trait, data_type))
    return columns


def build_payload(
    cells: Sequence[str], columns: Sequence[Column], *, width: int
) -> dict[str, dict[str, Any]]:
    """A row as the body of CreateProfile. Raises Invalid."""
    if len(cells) != width:
        raise errors.Invalid(f"Row: {len(cells)} cells, but {width} in the header")
    payload: dict[str, dict[str, Any]] = {}
    for column in columns:
        if cell := cells[column.place]:
            traits = payload.setdefault(column.trait_group, {})
            traits[column.trait] = _parse_cell(cell, column)
    return payload


def _parse_cell(cell: str, column: Column) -> Any:
    value: Any = cell
    if column.data_type != "STRING":
        # Spreadsheets write TRUE; what kind of JSON it is, the definition checks.
        text = cell.lower() if column.data_type == "BOOLEAN" else cell
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as exc:
            raise errors.Invalid(
                f"{column.trait}: not a valid {column.data_type}"
            ) from exc
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and _CONTROL.search(text) for text in texts):
        raise errors.Invalid(f"{column.trait}: must not have control characters")
    return value
