"""A profile's traits beside the schema of their groups."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from console.client.errors import MemoryNotFound
from console.client.store import StoreClient
from console.client.values import Profile, TraitDefinition, TraitGroup, TraitValue
from console.masking.masker import MaskedValue, Masker
from console.profiles.schema import (
    ARRAY,
    BOOLEAN,
    DATE,
    NUMBER,
    STRING,
    all_groups,
    date_in,
    type_of,
)
from console.profiles.stored_traits import Stored, stored_traits
from console.web.templatetags.console import format_age

# Rows with other names have no address, so they cannot be corrected here.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
UNSET_MAX = 20
_SAID = {STRING: "text", NUMBER: "a number", BOOLEAN: "yes or no", ARRAY: "a list"}

Values = Mapping[str, TraitValue]


@dataclass(frozen=True, slots=True)
class TraitRow:
    """One trait of a group's schema, or one that the schema does not know (any more).

    type    STRING, NUMBER, BOOLEAN, ARRAY, DATE; "" when the schema does not know it
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

    @property
    def subject(self) -> str:
        return f"{self.group}.{self.name}"

    @property
    def anchor(self) -> str:
        """The row's id on a page, for links: `Contact.email`."""
        return re.sub(r"\s", "_", self.subject)

    @property
    def is_known(self) -> bool:
        return bool(self.type)

    @property
    def is_correctable(self) -> bool:
        """A memory takes no value for what its schema does not know."""
        names = (self.group, self.name)
        return self.is_known and all(_NAME.fullmatch(name) for name in names)

    @property
    def text(self) -> str:
        """The value as people read it; an array's items in one line."""
        return ", ".join(texts_of(self.value))

    @property
    def items(self) -> list[str]:
        return texts_of(self.value)

    @property
    def is_sensitive(self) -> bool:
        """Masked, or clear for now: nothing that follows from the value stands beside."""
        return self.shown is not None and bool(
            self.shown.is_masked or self.shown.clear_until
        )

    @property
    def age(self) -> str:
        """Of the date that the value is; "" for everything else."""
        moment = None if self.is_sensitive else date_in(self.value)
        return format_age(timezone.now(), moment) if moment else ""

    @property
    def look(self) -> str:
        """How the value is drawn: unset, veiled, boolean, number, array, date, text."""
        if self.value is None:
            return "unset"
        if self.is_sensitive:
            return "veiled"
        kind = _type_of_value(self.value)
        return "text" if kind == STRING else kind.lower()

    @property
    def misfit(self) -> str:
        """What the value is although the schema says otherwise; "" when it fits."""
        if self.value is None or not self.type:
            return ""
        wanted = STRING if self.type == DATE else self.type
        found = _type_of_value(self.value)
        found = STRING if found == DATE else found
        if found != wanted:
            return f"{_SAID.get(wanted, wanted)} in the schema, {_SAID[found]} here"
        if self.type == DATE and date_in(self.value) is None:
            return "a date in the schema, other text here"
        return ""


@dataclass(frozen=True, slots=True)
class Group:
    """A trait group with a profile's values; is_known: the schema has it (still)."""

    name: str
    description: str
    rows: tuple[TraitRow, ...]
    is_known: bool = True

    @property
    def known(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is not None]

    @property
    def unset(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is None]

    @property
    def unset_names(self) -> str:
        return ", ".join(row.name for row in self.unset)

    @property
    def folds(self) -> bool:
        """So much is unset that a page shows it only when it is asked to."""
        return len(self.unset) > UNSET_MAX

    @property
    def is_linkable(self) -> bool:
        return self.is_known and bool(_NAME.fullmatch(self.name))


@dataclass(frozen=True, slots=True)
class Traits:
    """All traits of one profile. profile_id is the one that it is now."""

    profile_id: str
    values: dict[str, dict[str, TraitValue]] = field(repr=False)
    groups: list[Group]

    @property
    def rows(self) -> list[TraitRow]:
        return [row for group in self.groups for row in group.rows]

    @property
    def set_count(self) -> int:
        return sum(len(group.known) for group in self.groups)

    @property
    def unset_count(self) -> int:
        return sum(len(group.unset) for group in self.groups)

    @property
    def unknown_count(self) -> int:
        return sum(not row.is_known for row in self.rows)


def trait_groups(store: StoreClient, profile: Profile, masker: Masker) -> list[Group]:
    """Every trait group of the store with this profile's values, filled groups first."""
    return _groups(all_groups(store), profile.traits, masker)


def pinned(groups: Sequence[Group], names: Sequence[str]) -> list[Group]:
    """For a card: the groups that are pinned, in that order; no names: the filled ones.

    A pinned group stands there even when nothing of it is set; one that the store
    does not have is left out.
    """
    if not names:
        return [group for group in groups if group.known]
    by_name = {group.name: group for group in groups}
    return [by_name[name] for name in names if name in by_name]


def traits_of(store: StoreClient, profile_id: str, masker: Masker) -> Traits:
    """All groups with values and since when. Two calls. Raises MemoryNotFound."""
    stored = stored_traits(store, profile_id)
    groups = _groups(all_groups(store), stored.values, masker)
    dated = [
        replace(group, rows=tuple(_dated(row, stored) for row in group.rows))
        for group in groups
    ]
    return Traits(stored.profile_id, stored.values, dated)


def one_trait(
    store: StoreClient, profile_id: str, group: str, name: str, masker: Masker
) -> tuple[str, TraitRow]:
    """The profile that it is now and one row. Two calls. Raises MemoryNotFound."""
    schema = store.fetch_trait_group(group)
    stored = stored_traits(store, profile_id, group=group)
    found = _group(group, schema, stored.values.get(group, {}), masker)
    for row in found.rows:
        if row.name == name:
            return stored.profile_id, _dated(row, stored)
    raise MemoryNotFound(
        "This store has no such trait, and this profile no such value.",
        code=404,
        http_status=404,
    )


def texts_of(value: TraitValue | None) -> list[str]:
    """A value's items as people read them: one for all but arrays, none for unset."""
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in values]


def _groups(
    schemas: Sequence[TraitGroup],
    values: Mapping[str, Values],
    masker: Masker,
) -> list[Group]:
    known = {schema.display_name: schema for schema in schemas}
    names = [*known, *(name for name in values if name not in known)]
    groups = [
        _group(name, known.get(name), values.get(name, {}), masker) for name in names
    ]
    return sorted(groups, key=lambda group: not group.known)


def _group(
    name: str, schema: TraitGroup | None, values: Values, masker: Masker
) -> Group:
    definitions = schema.traits if schema else {}
    names = [*definitions, *(trait for trait in values if trait not in definitions)]
    rows = (
        _row(name, trait, definitions.get(trait), values.get(trait), masker)
        for trait in names
    )
    description = schema.description if schema else ""
    return Group(name, description, tuple(rows), is_known=schema is not None)


def _row(
    group: str,
    name: str,
    definition: TraitDefinition | None,
    value: TraitValue | None,
    masker: Masker,
) -> TraitRow:
    row = TraitRow(
        group,
        name,
        type_of(definition) if definition else "",
        definition.description if definition else "",
        definition.id_type_promotion if definition else "",
        value,
    )
    if value is None:
        return row
    return replace(row, shown=masker.trait(group, name, row.text, row.id_type))


def _dated(row: TraitRow, stored: Stored) -> TraitRow:
    trait = stored.trait(row.group, row.name)
    return replace(row, set_at=trait.timestamp) if trait else row


def _type_of_value(value: TraitValue) -> str:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, list):
        return ARRAY
    return DATE if date_in(value) else STRING
