"""What may be known of a store's customers: groups, types, rules, what feeds what."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import re2

from console.client.paging import all_pages
from console.client.store import StoreClient
from console.client.values import (
    IdentifierConfig,
    IdentitySettings,
    TraitDefinition,
    TraitGroup,
)
from console.contract.times import from_wire

# Types that the contract has (10.3), and DATE: a STRING that holds one.
STRING, NUMBER, BOOLEAN, ARRAY, DATE = "STRING", "NUMBER", "BOOLEAN", "ARRAY", "DATE"
# From here on a group's traits are looked for by name.
FILTER_FROM = 20

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SAYS_DATE = re.compile(r"\bYYYY-MM-DD\b|\bISO (?:8601|date)\b", re.IGNORECASE)
_NORMALISED = {
    "phone": "as a phone number",
    "email": "in lower case, without spaces",
    "trim": "without spaces around it",
    "none": "letter for letter",
}
_QUIET = re2.Options()
_QUIET.log_errors = False


@dataclass(frozen=True, slots=True)
class Feed:
    """The identifier type that a trait feeds. config is None if the store lacks it."""

    id_type: str
    config: IdentifierConfig | None

    @property
    def normalised(self) -> str:
        kind = self.config.normalization if self.config else ""
        return _NORMALISED.get(kind, kind)


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """One trait of a group, with its rule in words and its pattern beside them."""

    group: str
    name: str
    definition: TraitDefinition
    feed: Feed | None

    @property
    def type(self) -> str:
        """In words: `string`, or `date` for a string that has to be one."""
        return type_of(self.definition).lower()

    @property
    def rule(self) -> str:
        return rule_in_words(self.definition.validation_rule or {})

    @property
    def pattern(self) -> str:
        return str((self.definition.validation_rule or {}).get("pattern") or "")


@dataclass(frozen=True, slots=True)
class Schema:
    """One group of the store, its traits by name."""

    group: TraitGroup
    rows: tuple[SchemaRow, ...] = field(default=())

    @property
    def has_filter(self) -> bool:
        return len(self.rows) > FILTER_FROM

    def named(self, words: str) -> list[SchemaRow]:
        """The traits whose name holds `words`; all of them for none."""
        return [row for row in self.rows if words.casefold() in row.name.casefold()]


def all_groups(store: StoreClient) -> list[TraitGroup]:
    """Every group with its traits, oldest first: the built-in one leads."""
    groups = all_pages(lambda token: store.list_trait_groups(page_token=token))
    return list(groups)[::-1]


def schema_of(store: StoreClient, name: str) -> Schema:
    """Two calls: the group and the identity settings. Raises MemoryNotFound."""
    group = store.fetch_trait_group(name)
    feeds = feeds_of(store.identity_settings())
    rows = (
        SchemaRow(group.display_name, trait, each, _feed(feeds, each.id_type_promotion))
        for trait, each in group.traits.items()
    )
    return Schema(group, tuple(sorted(rows, key=lambda row: row.name.casefold())))


def feeds_of(settings: IdentitySettings) -> dict[str, IdentifierConfig]:
    return {config.id_type: config for config in settings.identifier_configs}


def _feed(feeds: dict[str, IdentifierConfig], id_type: str) -> Feed | None:
    return Feed(id_type, feeds.get(id_type)) if id_type else None


def type_of(definition: TraitDefinition) -> str:
    """The contract's type; DATE for a STRING that by its own schema has to be one.

    That is one whose pattern takes a date and no other text, or whose description
    says YYYY-MM-DD, ISO date or ISO 8601.
    """
    if definition.data_type != STRING:
        return definition.data_type
    pattern = (definition.validation_rule or {}).get("pattern")
    if _SAYS_DATE.search(definition.description) or _takes_dates_alone(pattern):
        return DATE
    return STRING


def _takes_dates_alone(pattern: Any) -> bool:
    if not isinstance(pattern, str) or not pattern:
        return False
    try:
        # RE2, as the memory: somebody else's pattern cannot stall a page.
        taken = re2.compile(pattern, _QUIET)
    except re2.error:
        return False
    others = ("2026", "20260131", "a word", "2026-01")
    return bool(taken.search("2026-01-31")) and not any(map(taken.search, others))


def date_in(value: object) -> datetime | None:
    """The moment that a text means: an ISO date (its first second) or date-time, UTC.

    None for everything else, and for what only looks like one: 2026-02-31.
    """
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        return from_wire(value)
    except ValueError:
        return None


def rule_in_words(rule: dict[str, Any]) -> str:
    """`2 to 20 characters`; "" for a rule that says nothing, or only a pattern."""
    parts: Iterable[str] = (
        _range(rule.get("minLength"), rule.get("maxLength"), " characters"),
        _range(rule.get("min"), rule.get("max"), ""),
        _range(rule.get("minItems"), rule.get("maxItems"), " items"),
    )
    return ", ".join(part for part in parts if part)


def _range(low: Any, high: Any, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if low is not None:
        return f"at least {low}{unit}"
    return f"at most {high}{unit}" if high is not None else ""
