"""Loading profiles, observations and summaries into a memory, once each.

What is invalid is left out and named by line and field; the rest is loaded. What the
memory already has is not added again, so a run can be repeated after corrections.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.audit.log import log
from console.client.errors import (
    MemoryBusy,
    MemoryDenied,
    MemoryNotFound,
    MemoryRefused,
)
from console.client.paging import all_pages
from console.client.store import StoreClient
from console.contract.memory.observation import BATCH, NewObservation, Observation
from console.contract.memory.summary import NewSummary, Summary
from console.loading.records import (
    LineRefused,
    Record,
    check_group,
    check_trait,
    parse_item,
    parse_line,
)
from console.profiles.items import OBSERVATION, SUMMARY, TextKind
from console.tenants.actor import Actor
from console.tenants.memory import open_store
from console.tenants.models import Tenant

# Refusals that every further record would meet too: they end the run.
STOPS = (MemoryBusy, MemoryDenied, MemoryNotFound)

Key = tuple[Any, ...]
Item = NewObservation | NewSummary
Numbered = tuple[str, Item]  # where it stood ("observations[3]"), and what


@dataclass
class ItemCounts:
    added: int = 0
    already_there: int = 0
    refused: int = 0


@dataclass
class LoadReport:
    """What a run did. `refused` counts whole lines and single traits too."""

    profiles_new: int = 0
    profiles_found: int = 0
    observations: ItemCounts = field(default_factory=ItemCounts)
    summaries: ItemCounts = field(default_factory=ItemCounts)
    refused: int = 0

    def counts(self) -> dict[str, Any]:
        """The figures alone, for the audit log."""
        return {
            "profiles_new": self.profiles_new,
            "profiles_found": self.profiles_found,
            "observations_added": self.observations.added,
            "observations_already_there": self.observations.already_there,
            "summaries_added": self.summaries.added,
            "summaries_already_there": self.summaries.already_there,
            "refused": self.refused,
        }


@dataclass
class Loader:
    """One run into one store. `tell` gets a line of text for each refusal.

    Methods raise MemoryUnreachable and STOPS; everything else is reported and counted.
    """

    store: StoreClient
    tell: Callable[[str], object]
    report: LoadReport = field(default_factory=LoadReport)

    def __post_init__(self) -> None:
        self.promotions = fetch_promotions(self.store)

    def load_line(self, number: int, raw: bytes) -> None:
        try:
            record = parse_line(raw)
        except LineRefused as exc:
            self.refuse(number, str(exc))
        else:
            self.load_record(number, record)

    def load_record(self, number: int, record: Record) -> str | None:
        """Load one profile's parts; its id, or None when the profile was refused."""
        traits = self.filter_traits(number, record["traits"])
        found = self.is_known(traits)
        try:
            profile_id = self.store.create_profile(traits)
        except STOPS:
            raise
        except MemoryRefused as exc:
            self.refuse(number, f"traits: {exc.message}")
            return None
        self.report.profiles_found += found
        self.report.profiles_new += not found
        self.load_items(number, profile_id, OBSERVATION, record["observations"])
        self.load_items(number, profile_id, SUMMARY, record["summaries"])
        return profile_id

    def filter_traits(self, number: int, traits: Record) -> dict[str, Record]:
        """The valid traits; the others are reported."""
        good: dict[str, Record] = {}
        for group, values in traits.items():
            if why := check_group(group, values):
                self.refuse(number, f"traits.{to_printable(group)}: {why}")
                continue
            for name, value in values.items():
                if value is None:  # absent: contract, section 17, row 20
                    continue
                if why := check_trait(name, value):
                    path = f"traits.{group}.{to_printable(name)}"
                    self.refuse(number, f"{path}: {why}")
                else:
                    good.setdefault(group, {})[name] = value
        return good

    def is_known(self, traits: Mapping[str, Record]) -> bool:
        """Whether the memory has a profile of one of these identifiers."""
        for (group, name), id_type in self.promotions.items():
            value = traits.get(group, {}).get(name)
            if value is not None and self.find_holders(id_type, str(value)):
                return True
        return False

    def find_holders(self, id_type: str, value: str) -> tuple[str, ...]:
        try:
            return self.store.lookup(id_type, value).profiles
        except (MemoryBusy, MemoryDenied):
            raise
        except MemoryRefused:  # 404: nobody; 400: the profile's creation will say it
            return ()

    def load_items(
        self, number: int, profile_id: str, kind: TextKind, items: Sequence[Any]
    ) -> None:
        """Add what is valid and new, oldest first: created in the order it happened."""
        counts: ItemCounts = getattr(self.report, kind.plural)
        good = self.filter_items(number, kind, items)
        fresh = (
            drop_known(fetch_keys(self.store, profile_id, kind), good, kind)
            if good
            else []
        )
        counts.already_there += len(good) - len(fresh)
        for start in range(0, len(fresh), BATCH):
            self.send_batch(number, profile_id, kind, fresh[start : start + BATCH])

    def filter_items(
        self, number: int, kind: TextKind, items: Sequence[Any]
    ) -> list[Numbered]:
        good: list[Numbered] = []
        for index, item in enumerate(items):
            path = f"{kind.plural}[{index}]"
            try:
                good.append((path, parse_item(path, item, kind.new)))
            except LineRefused as exc:
                self.refuse_item(number, kind, str(exc))
        return sorted(good, key=lambda numbered: numbered[1].occurred_at)

    def send_batch(
        self, number: int, profile_id: str, kind: TextKind, batch: list[Numbered]
    ) -> None:
        """Send a batch; when the memory refuses it, each alone to find which."""
        try:
            kind.create(self.store, profile_id, [item for _, item in batch])
        except STOPS:
            raise
        except MemoryRefused as exc:
            if len(batch) == 1:
                self.refuse_item(number, kind, f"{batch[0][0]}: {exc.message}")
                return
            for numbered in batch:
                self.send_batch(number, profile_id, kind, [numbered])
        else:
            counts: ItemCounts = getattr(self.report, kind.plural)
            counts.added += len(batch)

    def refuse_item(self, number: int, kind: TextKind, why: str) -> None:
        counts: ItemCounts = getattr(self.report, kind.plural)
        counts.refused += 1
        self.refuse(number, why)

    def refuse(self, number: int, why: str) -> None:
        self.report.refused += 1
        self.tell(f"line {number}: {to_printable(why, 400)}")


def load_lines(
    tenant: Tenant,
    lines: Iterable[tuple[int, bytes]],
    *,
    tell: Callable[[str], object],
) -> LoadReport:
    """Load numbered lines; blank ones are passed over. One audit entry, however the
    run ends. Raises MemoryUnreachable and STOPS."""
    loading = Loader(open_store(tenant), tell)
    outcome = "failed"
    try:
        for number, raw in lines:
            if raw.strip():
                loading.load_line(number, raw)
        outcome = "done"
    finally:
        log(
            Actor(None, tenant),
            "memory.loaded",
            outcome=outcome,
            **loading.report.counts(),
        )
    return loading.report


def fetch_promotions(store: StoreClient) -> dict[tuple[str, str], str]:
    """(group, trait) to the identifier type that its value becomes."""
    groups = all_pages(lambda token: store.list_trait_groups(page_token=token))
    return {
        (group.display_name, name): definition.id_type_promotion
        for group in groups
        for name, definition in group.definitions.items()
        if definition.id_type_promotion
    }


def fetch_keys(store: StoreClient, profile_id: str, kind: TextKind) -> set[Key]:
    """Of everything of a kind that a profile has."""
    items = all_pages(lambda token: kind.list_page(store, profile_id, page_token=token))
    return {get_key(item, kind) for item in items}


def get_key(item: Item | Observation | Summary, kind: TextKind) -> Key:
    """Equal for two items that say the same."""
    values = [getattr(item, name) for name in kind.identifying]
    # The memory answers with whole seconds.
    return tuple(
        value.replace(microsecond=0) if isinstance(value, datetime) else value
        for value in values
    )


def drop_known(kept: set[Key], items: list[Numbered], kind: TextKind) -> list[Numbered]:
    """The items whose key is not kept yet, each key once."""
    fresh = []
    for path, item in items:
        key = get_key(item, kind)
        if key not in kept:
            kept.add(key)
            fresh.append((path, item))
    return fresh


def to_printable(text: str, limit: int = 64) -> str:
    """Text from outside on one line of a terminal, without its escape codes."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
