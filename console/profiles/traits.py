"""A profile's traits beside the schema of their groups."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from unicodedata import normalize

from django.utils import timezone

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.profile import Profile
from console.contract.memory.trait import TraitValue
from console.contract.memory.trait_group import (
    TraitDefinition,
    TraitGroup,
    get_data_type,
)
from console.masking.masker import MaskedValue, Masker
from console.profiles.candidates import attempt
from console.profiles.schema import (
    ARRAY,
    BOOLEAN,
    DATE,
    NUMBER,
    STRING,
    fetch_trait_groups,
    get_trait_type,
    parse_date,
)
from console.web.templatetags.console import format_age, labelled

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
    id_type    of the identifier that the trait feeds; "" where it feeds none
    is_refused  the value is kept, and the customer is not found by it
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
    is_refused: bool = False

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


TRAITS_A_CALL = 1000
# A group with more unset traits shows them only when asked to.
UNSET_MAX = 20
Values = Mapping[str, TraitValue]
Times = Mapping[str, datetime]


@dataclass(frozen=True)
class ProfileTraitGroup:
    """A trait group with a profile's values; is_declared: the schema has it (still)."""

    name: str
    description: str
    rows: tuple[TraitRow, ...]
    is_declared: bool = True

    @cached_property
    def filled(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is not None]

    @cached_property
    def unset(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is None]

    @cached_property
    def unset_names(self) -> str:
        return ", ".join(labelled(row.name) for row in self.unset)

    @cached_property
    def is_folded(self) -> bool:
        """So much is unset that a page shows it only when it is asked to."""
        return len(self.unset) > UNSET_MAX

    @cached_property
    def is_linkable(self) -> bool:
        return self.is_declared and bool(ADDRESSABLE_NAME.fullmatch(self.name))


@dataclass(frozen=True)
class ShownTraits:
    """All traits of one profile. profile_id is the one that it is now; held: by what it
    is found, or why that is not known."""

    profile_id: str
    values: dict[str, dict[str, TraitValue]] = field(repr=False)
    groups: list[ProfileTraitGroup]
    held: Sequence[IdentifierSet] | MemoryProblem = field(repr=False)

    @cached_property
    def rows(self) -> list[TraitRow]:
        return [row for group in self.groups for row in group.rows]

    @cached_property
    def filled_count(self) -> int:
        return sum(len(group.filled) for group in self.groups)

    @cached_property
    def unset_count(self) -> int:
        return sum(len(group.unset) for group in self.groups)

    @cached_property
    def undeclared_count(self) -> int:
        return sum(not row.is_declared for row in self.rows)


def build_trait_groups(
    schema: Sequence[TraitGroup], profile: Profile, masker: Masker
) -> list[ProfileTraitGroup]:
    """Every trait group of a store with a profile's values."""
    return _build_groups(schema, profile.traits, {}, masker)


def select_pinned(
    groups: Sequence[ProfileTraitGroup], names: Sequence[str]
) -> list[ProfileTraitGroup]:
    """For a card: the pinned groups, in that order; without pins the filled ones.

    A pinned group is shown even when nothing of it is set; one that the store does
    not have is left out.
    """
    if not names:
        return [group for group in groups if group.filled]
    by_name = {group.name: group for group in groups}
    return [by_name[name] for name in names if name in by_name]


def fetch_profile_traits(
    store: StoreClient, profile_id: str, masker: Masker
) -> ShownTraits:
    """All groups with values and since when. Three calls. Raises MemoryNotFound."""
    (now_id, values, set_at), schema, held = store.gather(
        partial(_fetch_stored, store, profile_id),
        partial(fetch_trait_groups, store),
        partial(attempt, store.list_identifiers, profile_id),
    )
    if not store.declares:
        schema = _declare(schema, values)
    groups = _build_groups(schema, values, set_at, masker, held)
    return ShownTraits(now_id, values, groups, held)


def fetch_trait_row(
    store: StoreClient, profile_id: str, group: str, name: str, masker: Masker
) -> tuple[str, TraitRow]:
    """The profile that it is now and one row. Three calls. Raises MemoryNotFound."""
    found = fetch_profile_traits(store, profile_id, masker)
    for row in found.rows:
        if (row.group, row.name) == (group, name):
            return found.profile_id, row
    raise MemoryNotFound(
        "This store has no such trait, and this profile no such value.",
        code=404,
        http_status=404,
    )


def fold(text: str) -> str:
    """What is left without the ways to write it: of a phone number its digits."""
    return "".join(filter(str.isalnum, normalize("NFKC", text).casefold()))


def is_among(values: Iterable[str], text: str) -> bool:
    """A number may be written without its country."""
    asked, held = fold(text), [*map(fold, values)]
    tail = asked.lstrip("0") if asked.isdigit() else ""
    return asked in held or bool(tail and any(x.endswith(tail) for x in held))


def _fetch_stored(
    store: StoreClient, profile_id: str
) -> tuple[str, dict[str, dict[str, TraitValue]], dict[str, dict[str, datetime]]]:
    """The profile that it is now; its traits as they can be read now, and since when they
    are set, both by group and name."""
    values: dict[str, dict[str, TraitValue]] = {}
    set_at: dict[str, dict[str, datetime]] = {}
    now_id = profile_id
    token: str | None = ""
    while token is not None:
        page = store.list_traits(profile_id, page_token=token, page_size=TRAITS_A_CALL)
        now_id = page.canonical_id or now_id
        for trait in page.items:
            values.setdefault(trait.trait_group, {})[trait.name] = trait.value
            if trait.timestamp:
                set_at.setdefault(trait.trait_group, {})[trait.name] = trait.timestamp
        token = page.next_token
    return now_id, values, set_at


def _declare(
    schemas: Sequence[TraitGroup], values: Mapping[str, Values]
) -> list[TraitGroup]:
    """With what is known of the profile, by the types of its values."""
    known = {each.display_name: each.definitions for each in schemas}
    return [
        TraitGroup(
            display_name=group,
            traits={
                name: TraitDefinition(data_type=get_data_type(value))
                for name, value in values.get(group, {}).items()
            }
            | known.get(group, {}),
            version=1,
        )
        for group in {**known, **values}
    ]


def _build_groups(
    schemas: Sequence[TraitGroup],
    values: Mapping[str, Values],
    set_at: Mapping[str, Times],
    masker: Masker,
    held: Sequence[IdentifierSet] | MemoryProblem | None = None,
) -> list[ProfileTraitGroup]:
    """Filled groups first."""
    declared = {schema.display_name: schema for schema in schemas}
    known: dict[str, Sequence[str]] | None = None
    if held is not None and not isinstance(held, MemoryProblem):
        known = {each.id_type: each.values for each in held}

    def build_row(
        group: str, name: str, definition: TraitDefinition | None
    ) -> TraitRow:
        value = values.get(group, {}).get(name)
        id_type = definition.id_type_promotion if definition else ""
        text = ", ".join(format_items(value))
        shown = None
        if value is not None:
            shown = masker.mask_trait(group, name, text, id_type)
        return TraitRow(
            group=group,
            name=name,
            type=get_trait_type(definition) if definition else "",
            description=definition.description if definition else "",
            id_type=id_type,
            value=value,
            set_at=set_at.get(group, {}).get(name),
            shown=shown,
            is_refused=bool(
                known is not None
                and id_type
                and text
                and not is_among(known.get(id_type, ()), text)
            ),
        )

    def build_group(name: str) -> ProfileTraitGroup:
        schema, filled = declared.get(name), values.get(name, {})
        definitions = schema.definitions if schema else {}
        names = [*definitions, *(trait for trait in filled if trait not in definitions)]
        rows = tuple(build_row(name, each, definitions.get(each)) for each in names)
        description = schema.description if schema else ""
        return ProfileTraitGroup(name, description, rows, schema is not None)

    names = [*declared, *(name for name in values if name not in declared)]
    return sorted(map(build_group, names), key=lambda group: not group.filled)
