"""The form in a trait's row: a value of the trait's type, and why it is changed."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from console.client.values import TraitValue
from console.profiles.schema import ARRAY, BOOLEAN, DATE, NUMBER, STRING
from console.profiles.schema import parse_date as parse_stored_date
from console.profiles.trait_row import TraitRow, format_items
from console.web.forms import check_plain
from console.web.reasons import CorrectionForm

# The memory says what is too long; this only keeps a mistake from being sent.
TYPED_MAX = 120_000
# Longer texts, and those of several lines, get a box of several lines.
LINE_MAX = 60
_INTEGER = re.compile(r"[+-]?\d{1,400}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WANTED = {
    STRING: "Write the new value, or tick “Clear this trait”.",
    NUMBER: "Write a number such as 12 or 12.5, with a point.",
    BOOLEAN: "Choose yes, no or unset.",
    ARRAY: "Write at least one item, or tick “Clear this trait”.",
    DATE: "Write a date that exists, as 2026-01-31.",
}
_HELP = {
    NUMBER: "Digits, with a point for decimals.",
    ARRAY: "One item a line.",
    DATE: "Kept as a text: year, month, day.",
}
_UNSEEN = "Starts empty because what is stored is masked."


class TraitForm(CorrectionForm):
    """`new_value` is what to write, None to clear; only of a valid form.

    seen     stands for the state that the person saw (services.seen_token)
    was      that state as it was shown to them, to be told after a conflict
    knows    asked of a trait that feeds an identifier alone
    holders  the other profiles that the person knows will be merged
    others   those that hold the value, after `accepts`; saw: `was`, after a conflict
    """

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    was = forms.CharField(
        max_length=TYPED_MAX, required=False, widget=forms.HiddenInput
    )
    value = forms.CharField(label="New value", max_length=TYPED_MAX, required=False)
    clear = forms.BooleanField(label="Clear this trait", required=False)
    holders = forms.CharField(max_length=8000, required=False, widget=forms.HiddenInput)
    knows = forms.BooleanField(label="I know", required=False)

    field_order = ("seen", "was", "value", "clear", "holders", "knows")

    def __init__(self, *args: Any, row: TraitRow, seen: str, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"correct-{row.anchor}-%s", **kwargs)
        self.row, self.type = row, type_asked(row)
        self.new_value: TraitValue | None = None
        self.others: list[str] = []
        self.saw = ""
        self.fields["seen"].initial = seen
        self.fields["was"].initial = "" if row.shown is None else shown_text(row)
        self._ask_value()
        if self.type == BOOLEAN:
            del self.fields["clear"]
        if row.id_type:
            self.fields["knows"].label = (
                f"I know: this customer is then found by the new {row.id_type} and "
                "still by the old one; a profile that holds it already may be merged "
                "with this one"
            )
        else:
            del self.fields["knows"], self.fields["holders"]

    def _ask_value(self) -> None:
        field = self.fields["value"]
        field.widget = widget_for(self.row, self.type)
        field.initial = initial_for(self.row, self.type)
        hint = _UNSEEN if self.row.is_sensitive and self.type != BOOLEAN else ""
        field.help_text = f"{_HELP.get(self.type, '')} {hint}".strip()
        field.widget.attrs |= {"autocomplete": "off", "autofocus": True}

    def clean(self) -> None:
        typed = self.cleaned_data.get("value", "")
        if self.cleaned_data.get("clear") or (self.type, typed) == (BOOLEAN, "unset"):
            self._keep(None)
        elif typed:
            self._parse(typed)
        elif "value" not in self.errors:
            self.add_error("value", _WANTED.get(self.type, _WANTED[STRING]))
        if "knows" in self.fields and not self.cleaned_data.get("knows"):
            self.add_error("knows", "Read what this means, then tick it.")

    def _parse(self, typed: str) -> None:
        try:
            self._keep(_PARSERS.get(self.type, parse_text)(typed, self.row))
        except ValidationError as error:
            self.add_error("value", error)

    def _keep(self, value: TraitValue | None) -> None:
        stands = self.row.value
        alike = type(value) is type(stands) and format_items(value) == format_items(
            stands
        )
        # By their texts too: to Python 1 and True are one. Of a masked value nobody
        # learns in this way what it is.
        is_seen = not (self.row.shown and self.row.shown.is_masked)
        if is_seen and alike and value == stands:
            self.add_error("value", "This is what stands there already.")
        self.new_value = value

    def accepts(self, holders: Sequence[str]) -> bool:
        """Whether the person has said yes to exactly these profiles being merged."""
        told, known = " ".join(sorted(holders)), self.cleaned_data.get("holders", "")
        self.others = list(holders)
        if told == known:
            return True
        self.add_error(
            "knows",
            "Nothing was written: who else holds this value is not what you were "
            "told. Look at it, then tick this again.",
        )
        self.put(holders=told, knows="")
        return False


def type_asked(row: TraitRow) -> str:
    """A trait's type; DATE also for a text that happens to be a date."""
    return DATE if row.type == STRING and row.look == "date" else row.type


def shown_text(row: TraitRow) -> str:
    """What the page told; of a revealed value nothing, its clear form has one place."""
    shown = row.shown
    return shown.text if shown and not shown.clear_until else ""


def initial_for(row: TraitRow, kind: str) -> str:
    """What the input starts with: never a masked value, nor one that will be again."""
    if kind == BOOLEAN:
        plain = isinstance(row.value, bool) and not row.is_sensitive
        return {True: "yes", False: "no"}[bool(row.value)] if plain else ""
    items = format_items(row.value)
    # An item of several lines would come back as several items.
    broken = kind == ARRAY and any("\n" in item for item in items)
    return "" if row.is_sensitive or broken or row.mismatch else "\n".join(items)


def widget_for(row: TraitRow, kind: str) -> forms.Widget:
    if kind == BOOLEAN:
        return forms.RadioSelect(
            choices=(("yes", "Yes"), ("no", "No"), ("unset", "Unset"))
        )
    if kind == NUMBER:
        return forms.TextInput({"inputmode": "decimal"})
    if kind == DATE and (row.value is None or _DAY.fullmatch(row.text)):
        return forms.TextInput({"type": "date"})
    long = kind == STRING and (len(row.text) > LINE_MAX or "\n" in row.text)
    if kind == ARRAY or (long and not row.is_sensitive):
        return forms.Textarea({"rows": 4, "dir": "auto"})
    return forms.TextInput({"dir": "auto"})


def parse_text(typed: str, row: TraitRow) -> TraitValue:
    """Letter for letter, but for spaces around it and characters that hide."""
    lines = typed.replace("\r\n", "\n").split("\n")
    for line in lines:
        check_plain(line)
    return "\n".join(lines)


def parse_number(typed: str, row: TraitRow | None = None) -> int | float:
    if _INTEGER.fullmatch(typed):
        return int(typed)
    number = float(typed) if _DECIMAL.fullmatch(typed) else math.nan
    if not math.isfinite(number):
        raise ValidationError(_WANTED[NUMBER])
    return number


def parse_boolean(typed: str, row: TraitRow) -> bool:
    if typed not in {"yes", "no"}:
        raise ValidationError(_WANTED[BOOLEAN])
    return typed == "yes"


def parse_array(typed: str, row: TraitRow) -> TraitValue:
    """An item that stands there already keeps its type; numbers stay numbers."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    stored = row.value if isinstance(row.value, list) else []
    if stored and all(type(item) in {int, float} for item in stored):
        return [parse_number(line) for line in lines]
    known = dict(zip(format_items(stored), stored, strict=True))
    for line in lines:
        check_plain(line)
    return [known.get(line, line) for line in lines]


def parse_date(typed: str, row: TraitRow) -> TraitValue:
    if parse_stored_date(typed) is None:
        raise ValidationError(_WANTED[DATE])
    return typed


_PARSERS: dict[str, Callable[[str, TraitRow], TraitValue]] = {
    NUMBER: parse_number,
    BOOLEAN: parse_boolean,
    ARRAY: parse_array,
    DATE: parse_date,
}


class AwaitedForm(forms.Form):
    """waits  the digest of a written value; looks: how often it was not there yet"""

    waits = forms.CharField(required=False, max_length=64)
    looks = forms.IntegerField(required=False, min_value=0, max_value=1000)


class GroupForm(forms.Form):
    """words  part of a trait's name; step: go on with the sample; again: anew"""

    words = forms.CharField(
        label="Filter by name",
        required=False,
        max_length=64,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    step = forms.BooleanField(required=False)
    again = forms.BooleanField(required=False)
