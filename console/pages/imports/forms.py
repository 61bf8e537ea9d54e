"""The file of an import, its header, and the trait that each of its columns fills."""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from django import forms

from console.contract.memory import profile_import as wire
from console.contract.memory.csv_dialect import (
    DELIMITERS,
    clean_name,
    find_encoding,
    is_separator_line,
)
from console.contract.memory.data_mapping import DataMapping
from console.contract.memory.trait_group import TraitGroup, simplify_name
from console.core.errors import DomainError
from console.web.forms import ConsoleForm

PREFIX = "column-"
# A header is longer than this in no file that a person made.
COLUMNS_MAX = 200  # a page has a choice for each
HEAD_BYTES = 64 * 1024
_ZIP = b"PK\x03\x04"  # a workbook of Excel, Numbers or Calc begins so


class FileForm(ConsoleForm):
    """mapping  a data mapping's id; empty: by the columns' names"""

    file = forms.FileField(
        label="File",
        help_text="CSV with a header row, up to 100 MiB. Separated by commas, semicolons"
        " or tabs; UTF-8, UTF-16, Windows-1252 or Shift-JIS.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "This file is empty: it needs a header row, and rows below it.",
        },
    )
    mapping = forms.ChoiceField(label="Fill traits", required=False)

    def __init__(self, *args: Any, mappings: Sequence[DataMapping], **kwargs: Any):
        super().__init__(*args, **kwargs)
        field: Any = self.fields["mapping"]
        named = [(each.id, f"As {each.display_name}") for each in mappings]
        field.choices = [("", "By the columns' names"), *named]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > wire.IMPORT_BYTES_MAX:
            raise forms.ValidationError("At most 100 MiB: split the file.")
        return file


class ColumnsForm(ConsoleForm):
    """One choice for each column of a header."""

    def __init__(
        self,
        *args: Any,
        header: Sequence[str],
        groups: Sequence[TraitGroup],
        targets: Mapping[str, str],
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.columns = {f"{PREFIX}{place}": name for place, name in enumerate(header)}
        self.identifiers = {
            f"{group.display_name}.{name}"
            for group in groups
            for name, definition in group.definitions.items()
            if definition.id_type_promotion
        }
        choices = [("", "Leave out"), *map(_list_choices, groups)]
        for key, name in self.columns.items():
            if name and list(header).count(name) == 1:
                self.fields[key] = forms.ChoiceField(
                    label=name,
                    required=False,
                    choices=choices,
                    initial=targets.get(name, ""),
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        targets = [target for target in cleaned.values() if target]
        header = list(self.columns.values())
        for key, target in list(cleaned.items()):
            if target and targets.count(target) > 1:
                self.add_error(key, "Only one column can fill this trait.")
        if not 2 <= len(targets) <= wire.IMPORT_COLUMNS_MAX:
            twice = {name for name in header if name and header.count(name) > 1}
            why = "".join(f" Two columns are named {name}." for name in sorted(twice))
            self.add_error(None, f"Choose a trait for 2 to 100 columns.{why}")
        elif not self.identifiers.intersection(targets):
            names = ", ".join(sorted(self.identifiers)) or "none in this store"
            self.add_error(
                None, f"Choose at least one trait that identifies a customer: {names}."
            )
        return cleaned

    def list_left_out(self) -> list[str]:
        """The names of the columns that fill no trait; only of a valid form."""
        return [
            name or f"column {place}"
            for place, (key, name) in enumerate(self.columns.items(), start=1)
            if not self.cleaned_data.get(key)
        ]

    def get_mappings(self) -> list[wire.ColumnMapping]:
        return [
            wire.ColumnMapping(
                column_name=self.columns[key],
                trait_group=target.rpartition(".")[0],
                trait_name=target.rpartition(".")[2],
            )
            for key, target in self.cleaned_data.items()
            if target
        ]


def _list_choices(group: TraitGroup) -> tuple[str, list[tuple[str, str]]]:
    name = group.display_name
    return name, [(f"{name}.{trait}", trait) for trait in group.definitions]


class NoHeader(DomainError):
    """The file has no first row that could name columns."""

    status = 422
    title = "This file cannot be read"


def read_header(file: IO[bytes]) -> list[str]:
    """The names of the columns; "" for one that has none. Raises NoHeader."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if head.startswith(_ZIP):
        raise NoHeader(
            "A workbook cannot be read: save it as CSV, and choose that file."
        )
    encoding = find_encoding(io.BytesIO(head))
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    lines = io.StringIO(text.removeprefix("\ufeff").lstrip("\r\n"), newline="")
    if not is_separator_line(lines.readline()):
        lines.seek(0)
    rest = lines.read()
    delimiter = max(DELIMITERS, key=rest.partition("\n")[0].count)
    try:
        names = next(csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter), [])
    except csv.Error as exc:
        raise NoHeader("Its first row cannot be read as CSV.") from exc
    names = [clean_name(name) for name in names]
    if len([name for name in names if name]) < 2:
        raise NoHeader(
            "Its first row has to name at least two columns, separated by commas,"
            " semicolons or tabs."
        )
    if len(names) > COLUMNS_MAX:
        raise NoHeader(f"The first row names more than {COLUMNS_MAX} columns.")
    return [name if len(name) <= wire.IMPORT_COLUMN_MAX else "" for name in names]


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
            by_name.setdefault(simplify_name(name), f"{group.display_name}.{name}")
    return _without_repeats(
        {name: by_name.get(simplify_name(name), "") for name in header if name}
    )


def _without_repeats(targets: Mapping[str, str]) -> dict[str, str]:
    taken: set[str] = set()
    return {
        name: target
        for name, target in targets.items()
        if target not in taken and not taken.add(target)  # type: ignore[func-returns-value]
    }
