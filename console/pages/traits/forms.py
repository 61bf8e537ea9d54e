"""The form in a trait's row: a value of the trait's type, and why it is changed."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from console.contract.memory.trait import TraitValue
from console.profiles.schema import ARRAY, BOOLEAN, DATE, NUMBER, STRING, parse_date
from console.profiles.traits import TraitRow, format_items
from console.web.forms import ConsoleForm, CorrectionForm, check_plain
from console.web.times import DAY_EXAMPLE, DayField

# The memory says what is too long; this only keeps a mistake from being sent.
TYPED_MAX = 120_000
# Longer texts, and those of several lines, get a box of several lines.
LINE_MAX = 60
_INTEGER = re.compile(r"[+-]?\d{1,400}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_REQUIRED = {
    STRING: "Enter the new value, or tick “Clear this trait”.",
    NUMBER: "Enter a number such as 12 or 12.5, with a point.",
    BOOLEAN: "Choose yes, no or unset.",
    ARRAY: "Enter at least one item, or tick “Clear this trait”.",
    DATE: f"Enter a date that exists, such as {DAY_EXAMPLE} or 2026-01-31.",
}
_HELP = {
    NUMBER: "Digits, with a point for decimals.",
    ARRAY: "One item per line.",
    DATE: "Stored as text: year-month-day.",
}
_MASKED_HINT = "Starts empty because the stored value is masked."


class TraitForm(CorrectionForm):
    """`new_value` is what to write, None to clear; only of a valid form.

    seen     the version that the person saw (services.get_version)
    was      the value as they saw it, for a later conflict
    knows    only for a trait that fills an identifier
    holders  the other profiles with this value that they were told of
    previous_value  `was`, after a conflict
    told     why nobody is found by the value that was written
    other_holders   the other profiles with this value, after `confirms_merge`
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
        # A text that happens to be a date is entered as one.
        is_date = row.type == STRING and row.look == "date"
        self.row, self.type = row, DATE if is_date else row.type
        self.new_value: TraitValue | None = None
        self.previous_value = ""
        self.told: list[str] = []
        self.other_holders: list[str] = []
        self.fields["seen"].initial = seen
        self.fields["was"].initial = "" if row.shown is None else get_shown_text(row)
        self._prepare_value()
        if self.type == BOOLEAN:
            del self.fields["clear"]
        if row.id_type:
            self.fields["knows"].label = (
                f"I know: this customer will be found by the new {row.id_type} and "
                "still by the old one; another profile that already has it may be "
                "merged with this one"
            )
        else:
            del self.fields["knows"], self.fields["holders"]

    def _prepare_value(self) -> None:
        value = self.fields["value"]
        value.widget = _build_widget(self.row, self.type)
        value.initial = _build_initial(self.row, self.type)
        is_hinted = self.row.is_sensitive and self.type != BOOLEAN
        hint = _MASKED_HINT if is_hinted else ""
        value.help_text = f"{_HELP.get(self.type, '')} {hint}".strip()
        value.widget.attrs |= {"autocomplete": "off", "autofocus": True}

    def clean(self) -> None:
        typed = self.cleaned_data.get("value", "")
        if self.cleaned_data.get("clear") or (self.type, typed) == (BOOLEAN, "unset"):
            self._set_value(None)
        elif typed:
            parse = _PARSERS.get(self.type, _parse_text)
            try:
                self._set_value(parse(typed, self.row))
            except ValidationError as error:
                self.add_error("value", error)
        elif "value" not in self.errors:
            self.add_error("value", _REQUIRED.get(self.type, _REQUIRED[STRING]))
        if "knows" in self.fields and not self.cleaned_data.get("knows"):
            self.add_error("knows", "Read what this means, then tick the box.")

    def _set_value(self, value: TraitValue | None) -> None:
        current = self.row.value
        # By type and text too: to Python 1 and True are equal.
        is_unchanged = (
            type(value) is type(current)
            and format_items(value) == format_items(current)
            and value == current
        )
        # That a value is the current one is not told while it is masked.
        is_masked = self.row.shown is not None and self.row.shown.is_masked
        if is_unchanged and not is_masked:
            self.add_error("value", "This is the current value already.")
        self.new_value = value

    def confirms_merge(self, holders: Sequence[str]) -> bool:
        """Whether the person was told of exactly these profiles, and agreed."""
        self.other_holders = list(holders)
        expected = " ".join(sorted(holders))
        if expected == self.cleaned_data.get("holders", ""):
            return True
        self.add_error(
            "knows",
            "Nothing was saved: the other profiles with this value are not the ones "
            "you were told of. Check them, then tick the box again.",
        )
        self.put(holders=expected, knows="")
        return False


def get_shown_text(row: TraitRow) -> str:
    """The value as the page shows it; "" while it is revealed."""
    shown = row.shown
    return shown.text if shown and not shown.clear_until else ""


def _build_initial(row: TraitRow, kind: str) -> str:
    """What the input starts with: never a value that is masked or will be again."""
    if kind == BOOLEAN:
        plain = isinstance(row.value, bool) and not row.is_sensitive
        return {True: "yes", False: "no"}[bool(row.value)] if plain else ""
    items = format_items(row.value)
    # An item of several lines would come back as several items.
    has_lines = kind == ARRAY and any("\n" in item for item in items)
    return "" if row.is_sensitive or has_lines or row.mismatch else "\n".join(items)


def _build_widget(row: TraitRow, kind: str) -> forms.Widget:
    if kind == BOOLEAN:
        return forms.RadioSelect(
            choices=(("yes", "Yes"), ("no", "No"), ("unset", "Unset"))
        )
    if kind == NUMBER:
        return forms.TextInput({"inputmode": "decimal"})
    if kind == DATE:
        return forms.TextInput(
            {"placeholder": f"e.g. {DAY_EXAMPLE}", "autocomplete": "off"}
        )
    long = kind == STRING and (len(row.text) > LINE_MAX or "\n" in row.text)
    if kind == ARRAY or (long and not row.is_sensitive):
        return forms.Textarea({"rows": 4, "dir": "auto"})
    return forms.TextInput({"dir": "auto"})


def _parse_text(typed: str, row: TraitRow) -> TraitValue:
    """Letter for letter; hidden characters are refused."""
    lines = typed.replace("\r\n", "\n").split("\n")
    for line in lines:
        check_plain(line)
    return "\n".join(lines)


def _parse_number(typed: str, row: TraitRow | None = None) -> int | float:
    if _INTEGER.fullmatch(typed):
        return int(typed)
    number = float(typed) if _DECIMAL.fullmatch(typed) else math.nan
    if not math.isfinite(number):
        raise ValidationError(_REQUIRED[NUMBER])
    return number


def _parse_boolean(typed: str, row: TraitRow) -> bool:
    if typed not in {"yes", "no"}:
        raise ValidationError(_REQUIRED[BOOLEAN])
    return typed == "yes"


def _parse_array(typed: str, row: TraitRow) -> TraitValue:
    """Current items keep their type; numbers stay numbers."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    stored = row.value if isinstance(row.value, list) else []
    if stored and all(type(item) in {int, float} for item in stored):
        return [_parse_number(line) for line in lines]
    known = dict(zip(format_items(stored), stored, strict=True))
    for line in lines:
        check_plain(line)
    return [known.get(line, line) for line in lines]


def _parse_date(typed: str, row: TraitRow) -> TraitValue:
    """As ISO writes it."""
    with suppress(ValidationError):
        day: date = DayField(required=True).clean(typed)
        return day.isoformat()
    if parse_date(typed) is None:
        raise ValidationError(_REQUIRED[DATE])
    return typed


_PARSERS: dict[str, Callable[[str, TraitRow], TraitValue]] = {
    NUMBER: _parse_number,
    BOOLEAN: _parse_boolean,
    ARRAY: _parse_array,
    DATE: _parse_date,
}


class AwaitedForm(ConsoleForm):
    """waits  the digest of a written value; looks: how often it was not visible yet"""

    waits = forms.CharField(required=False, max_length=64)
    looks = forms.IntegerField(required=False, min_value=0, max_value=1000)


class GroupForm(ConsoleForm):
    """words  part of a trait's name; step: go on counting; again: count anew"""

    words = forms.CharField(
        label="Filter by name",
        required=False,
        max_length=64,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    step = forms.BooleanField(required=False)
    again = forms.BooleanField(required=False)
