"""One trait of a profile, as a page shows it."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.utils import timezone

from console.contract.memory.trait import TraitValue
from console.masking.masker import MaskedValue
from console.profiles.schema import ARRAY, BOOLEAN, DATE, NUMBER, STRING, parse_date
from console.web.templatetags.console import format_age

# Traits with other names have no address, so they cannot be corrected here.
ADDRESSABLE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_TYPE_LABELS = {
    STRING: "text",
    NUMBER: "a number",
    BOOLEAN: "yes or no",
    ARRAY: "a list",
}


@dataclass(frozen=True)
class TraitRow:
    """One trait of a group's schema, or one that the schema does not have (any more).

    type    STRING, NUMBER, BOOLEAN, ARRAY, DATE; "" when the schema does not have it
    value   None is unset: the memory does not tell whether it was ever asked
    set_at  when the value was set or last changed, where that was read
    shown   the value as the person may see it; None is unset
    """

    group: str
    name: str
    type: str
    description: str
    id_type: str
    value: TraitValue | None = field(repr=False)
    set_at: datetime | None = None
    shown: MaskedValue | None = field(default=None, repr=False)

    @cached_property
    def subject(self) -> str:
        return f"{self.group}.{self.name}"

    @cached_property
    def anchor(self) -> str:
        """The row's id on a page, for links: `Contact.email`."""
        return re.sub(r"\s", "_", self.subject)

    @property
    def is_declared(self) -> bool:
        """By the schema."""
        return bool(self.type)

    @cached_property
    def is_correctable(self) -> bool:
        """A memory takes no value for what its schema does not have."""
        names = (self.group, self.name)
        return self.is_declared and all(
            ADDRESSABLE_NAME.fullmatch(name) for name in names
        )

    @cached_property
    def items(self) -> list[str]:
        return format_items(self.value)

    @cached_property
    def text(self) -> str:
        """The value as people read it; an array's items in one line."""
        return ", ".join(self.items)

    @property
    def is_sensitive(self) -> bool:
        """Masked, or revealed for now: nothing derived from the value is shown."""
        return self.shown is not None and bool(
            self.shown.is_masked or self.shown.clear_until
        )

    @cached_property
    def age(self) -> str:
        """Of a date; "" for everything else."""
        at = None if self.is_sensitive else parse_date(self.value)
        return format_age(timezone.now(), at) if at else ""

    @cached_property
    def look(self) -> str:
        """How the value is drawn: unset, masked, boolean, number, array, date, text."""
        if self.value is None:
            return "unset"
        if self.is_sensitive:
            return "masked"
        kind = _get_value_type(self.value)
        return "text" if kind == STRING else kind.lower()

    @cached_property
    def mismatch(self) -> str:
        """How the value's type differs from the schema's; "" when it does not."""
        if self.value is None or not self.type:
            return ""
        declared = STRING if self.type == DATE else self.type
        stored = _get_value_type(self.value)
        stored = STRING if stored == DATE else stored
        if stored != declared:
            label = _TYPE_LABELS.get(declared, declared)
            return f"{label} in the schema, {_TYPE_LABELS[stored]} here"
        if self.type == DATE and parse_date(self.value) is None:
            return "a date in the schema, other text here"
        return ""


def format_items(value: TraitValue | None) -> list[str]:
    """A value's items as people read them: one for all but arrays, none for unset."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    return [
        str(item).lower() if isinstance(item, bool) else str(item) for item in items
    ]


def _get_value_type(value: TraitValue) -> str:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, list):
        return ARRAY
    return DATE if parse_date(value) else STRING
