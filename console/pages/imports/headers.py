"""The header of a file that is to be imported, and what its columns may fill."""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping
from typing import IO

from console.contract.memory.data_mapping import DataMapping
from console.contract.memory.profile_import import IMPORT_COLUMN_MAX
from console.contract.memory.trait_group import TraitGroup
from console.core.errors import DomainError
from console.core.unicode import strip_hidden

# A header is longer than this in no file that a person made.
COLUMNS_MAX = 200  # a page has a choice for each
HEAD_BYTES = 64 * 1024
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class NoHeader(DomainError):
    """The file has no first row that could name columns."""

    status = 422
    title = "This file cannot be read"


def read_header(file: IO[bytes]) -> list[str]:
    """The names of the columns; "" for one that has none. Raises NoHeader."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    encoding = next(
        (name for mark, name in _MARKS.items() if head.startswith(mark)), ""
    )
    text = _decode(head, encoding)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = io.StringIO(text.lstrip("\r\n"), newline="")
    try:
        names = next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error as exc:
        raise NoHeader("file: its first row cannot be read as CSV.") from exc
    names = [strip_hidden(name).strip() for name in names]
    if len([name for name in names if name]) < 2:
        raise NoHeader(
            "file: its first row has to name at least two columns, separated by commas,"
            " semicolons or tabs."
        )
    if len(names) > COLUMNS_MAX:
        raise NoHeader(f"The first row names more than {COLUMNS_MAX} columns.")
    return [name if len(name) <= IMPORT_COLUMN_MAX else "" for name in names]


def _decode(head: bytes, encoding: str) -> str:
    if encoding:
        return head.decode(encoding, "ignore")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.decode("cp1252", "replace")


def guess_targets(
    header: Iterable[str], groups: Iterable[TraitGroup], mapping: DataMapping | None
) -> dict[str, str]:
    """Column to `Group.trait`: by a data mapping, else by what their names share."""
    if mapping:
        return {
            each.expression: f"{each.trait_group}.{each.trait_name}"
            for each in mapping.mapping_to.mappings
        }
    by_name: dict[str, str] = {}
    for group in groups:
        for name in group.definitions:
            by_name.setdefault(_simplify(name), f"{group.display_name}.{name}")
    return _without_repeats(
        {name: by_name.get(_simplify(name), "") for name in header if name}
    )


def _without_repeats(targets: Mapping[str, str]) -> dict[str, str]:
    taken: set[str] = set()
    return {
        name: target
        for name, target in targets.items()
        if target not in taken and not taken.add(target)  # type: ignore[func-returns-value]
    }


def _simplify(name: str) -> str:
    """`First name`, `first_name` and `firstName` are one."""
    return "".join(filter(str.isalnum, name)).casefold()
