"""The file of an import, and the trait that each of its columns fills."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from console.contract.memory.data_mapping import DataMapping
from console.contract.memory.profile_import import (
    IMPORT_BYTES_MAX,
    IMPORT_COLUMNS_MAX,
    ColumnMapping,
)
from console.contract.memory.trait_group import TraitGroup
from console.web.forms import ConsoleForm

PREFIX = "column-"


class FileForm(ConsoleForm):
    """mapping  a data mapping's id; empty: by the columns' names"""

    file = forms.FileField(
        label="File",
        help_text="CSV with a header row, up to 100 MiB. Separated by commas, semicolons"
        " or tabs; UTF-8, UTF-16 or Windows-1252.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    mapping = forms.ChoiceField(label="Fill traits", required=False)

    def __init__(self, *args: Any, mappings: Sequence[DataMapping], **kwargs: Any):
        super().__init__(*args, **kwargs)
        field: Any = self.fields["mapping"]
        named = [(each.id, f"As {each.display_name}") for each in mappings]
        field.choices = [("", "By the columns' names"), *named]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > IMPORT_BYTES_MAX:
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
        for key, target in list(cleaned.items()):
            if target and targets.count(target) > 1:
                self.add_error(key, "Only one column can fill this trait.")
        if not 2 <= len(targets) <= IMPORT_COLUMNS_MAX:
            self.add_error(None, "Choose a trait for 2 to 100 columns.")
        elif not self.identifiers.intersection(targets):
            names = ", ".join(sorted(self.identifiers)) or "none in this store"
            self.add_error(
                None, f"Choose at least one trait that identifies a customer: {names}."
            )
        return cleaned

    def get_mappings(self) -> list[ColumnMapping]:
        return [
            ColumnMapping(
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
