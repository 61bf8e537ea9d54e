"""The schema of a store's trait groups: types, rules, and which traits identify."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import re2

from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.identity_settings import IdentifierConfig
from console.contract.memory.trait_group import TraitDefinition, TraitGroup
from console.contract.times import from_wire

# Types that the contract has (10.3), and DATE: a STRING that holds one.
STRING, NUMBER, BOOLEAN, ARRAY, DATE = "STRING", "NUMBER", "BOOLEAN", "ARRAY", "DATE"
# Longer groups can be filtered by name.
FILTER_FROM = 20

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SAYS_DATE = re.compile(r"\bYYYY-MM-DD\b|\bISO (?:8601|date)\b", re.IGNORECASE)
_NORMALISATIONS = {
    "phone": "as a phone number",
    "email": "in lower case, without spaces",
    "trim": "without spaces around it",
    "none": "letter for letter",
}
_QUIET = re2.Options()
_QUIET.log_errors = False


@dataclass(frozen=True, slots=True)
class PromotedIdentifier:
    """The identifier that a trait fills; config is None if the store lacks its type."""

    id_type: str
    config: IdentifierConfig | None

    @property
    def normalisation(self) -> str:
        kind = self.config.normalization if self.config else ""
        return _NORMALISATIONS.get(kind, kind)


@dataclass(frozen=True)
class SchemaRow:
    """One trait of a group, with its rule in words and its pattern beside them."""

    group: str
    name: str
    definition: TraitDefinition
    identifier: PromotedIdentifier | None

    @cached_property
    def type(self) -> str:
        """In words: `string`, or `date` for a string that has to be one."""
        return get_trait_type(self.definition).lower()

    @cached_property
    def rule(self) -> str:
        return describe_rule(self.definition.validation_rule or {})

    @property
    def pattern(self) -> str:
        return str((self.definition.validation_rule or {}).get("pattern") or "")


@dataclass(frozen=True, slots=True)
class GroupSchema:
    """One trait group of the store, its traits by name."""

    group: TraitGroup
    rows: tuple[SchemaRow, ...]

    @property
    def has_filter(self) -> bool:
        return len(self.rows) > FILTER_FROM

    def filter_rows(self, words: str) -> list[SchemaRow]:
        """The traits whose name contains `words`; all of them for none."""
        return [row for row in self.rows if words.casefold() in row.name.casefold()]


def fetch_trait_groups(store: StoreClient) -> list[TraitGroup]:
    """Every group with its traits, oldest first: the built-in one leads."""
    return list(all_pages(store.list_trait_groups))[::-1]


def fetch_schema(store: StoreClient, name: str) -> GroupSchema:
    """Two calls: the group and the identity settings. Raises MemoryNotFound."""
    group = store.fetch_trait_group(name)
    configs = {
        config.id_type: config
        for config in store.identity_settings().identifier_configs
    }
    rows = []
    for trait, definition in group.definitions.items():
        id_type = definition.id_type_promotion
        identifier = (
            PromotedIdentifier(id_type, configs.get(id_type)) if id_type else None
        )
        rows.append(SchemaRow(group.display_name, trait, definition, identifier))
    return GroupSchema(group, tuple(sorted(rows, key=lambda row: row.name.casefold())))


def get_trait_type(definition: TraitDefinition) -> str:
    """The contract's type; DATE for a STRING that by its own schema has to be one.

    That is one whose pattern matches a date and no other text, or whose description
    says YYYY-MM-DD, ISO date or ISO 8601.
    """
    if definition.data_type != STRING:
        return definition.data_type
    pattern = (definition.validation_rule or {}).get("pattern")
    if _SAYS_DATE.search(definition.description) or _matches_dates_only(pattern):
        return DATE
    return STRING


def _matches_dates_only(pattern: Any) -> bool:
    if not isinstance(pattern, str) or not pattern:
        return False
    try:
        # RE2, as the memory: somebody else's pattern cannot stall a page.
        compiled = re2.compile(pattern, _QUIET)
    except re2.error:
        return False
    others = ("2026", "20260131", "a word", "2026-01")
    return bool(compiled.search("2026-01-31")) and not any(map(compiled.search, others))


def parse_date(value: object) -> datetime | None:
    """The time that a text means: an ISO date (its first second) or date-time, UTC.

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


def describe_rule(rule: dict[str, Any]) -> str:
    """`2 to 20 characters`; "" for an empty rule, and for one with only a pattern."""
    parts: Iterable[str] = (
        _describe_range(rule.get("minLength"), rule.get("maxLength"), " characters"),
        _describe_range(rule.get("min"), rule.get("max"), ""),
        _describe_range(rule.get("minItems"), rule.get("maxItems"), " items"),
    )
    return ", ".join(part for part in parts if part)


def _describe_range(low: Any, high: Any, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if low is not None:
        return f"at least {low}{unit}"
    return f"at most {high}{unit}" if high is not None else ""
