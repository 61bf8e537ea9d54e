"""Loading profiles, observations and summaries into a memory, once each.

What is invalid is left out and named by line and field; the rest is loaded. What the
memory already has is not added again, nor what a person has deleted or corrected since
it was loaded, so a run can be repeated at any time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from console.audit.log import log
from console.client.account import AccountClient
from console.client.errors import (
    MemoryBusy,
    MemoryDenied,
    MemoryNotFound,
    MemoryRefused,
    MemoryUnexpected,
)
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory import trait_group as wire
from console.contract.memory.identifier import LookupResult
from console.contract.memory.observation import BATCH, NewObservation, Observation
from console.contract.memory.operation import Operation, Refusal
from console.contract.memory.summary import NewSummary, Summary
from console.contract.naming import is_namesake, pick_names
from console.contract.normalising import InvalidIdentifier, normalise_email
from console.loading.models import LoadedParts, Part
from console.loading.records import (
    LineRefused,
    Record,
    check_group,
    check_trait,
    parse_item,
    parse_profile,
)
from console.profiles.items import OBSERVATION, SUMMARY, TextKind
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

# Refusals that every further record would meet too: they end the run.
STOPS = (MemoryBusy, MemoryDenied, MemoryNotFound)

PROFILE: Part = ("profile",)
Key = tuple[Any, ...]
Item = NewObservation | NewSummary
Numbered = tuple[str, Item]  # where it stood ("observations[3]"), and what


@dataclass
class ItemCounts:
    """removed  deleted or corrected by a person since an earlier run added it"""

    added: int = 0
    already_there: int = 0
    removed: int = 0
    refused: int = 0


@dataclass
class LoadReport:
    """What a run did. `refused` counts whole lines and single traits too.

    traits_removed    deleted or corrected by a person since an earlier run set them
    traits_not_found  values that were set and by which nobody is found
    """

    profiles_new: int = 0
    profiles_found: int = 0
    profiles_removed: int = 0
    traits_removed: int = 0
    traits_not_found: int = 0
    observations: ItemCounts = field(default_factory=ItemCounts)
    summaries: ItemCounts = field(default_factory=ItemCounts)
    refused: int = 0

    def count_of(self, kind: TextKind) -> ItemCounts:
        counts: ItemCounts = getattr(self, kind.plural)
        return counts

    def counts(self) -> dict[str, Any]:
        """The figures alone, for the audit log."""
        counts: dict[str, int] = {}
        for name, value in asdict(self).items():
            if isinstance(value, int):
                counts[name] = value
            else:
                del value["refused"]  # counted with the rest
                counts |= {f"{name}_{key}": count for key, count in value.items()}
        return counts


@dataclass
class Loader:
    """One run into one store. `tell` gets a line of text for each refusal.

    restore  bring back what people have deleted or corrected since an earlier run, and
             tell each

    Methods raise MemoryUnreachable and STOPS; everything else is reported and counted.
    """

    store: StoreClient
    tell: Callable[[str], object]
    restore: bool = False
    report: LoadReport = field(default_factory=LoadReport)

    def __post_init__(self) -> None:
        self.promotions = fetch_promotions(self.store)

    def load_line(self, number: int, raw: bytes) -> None:
        try:
            record = parse_profile(raw)
        except LineRefused as exc:
            LineLoader(self, number).refuse(str(exc))
        else:
            self.load_record(number, record)

    def load_record(self, number: int, record: Record) -> str | None:
        """Load one profile's parts; its id, or None when the profile was refused, or
        was loaded before and deleted by a person since."""
        return LineLoader(self, number).load(record)


class LineLoader:
    """One line of a run: what it holds of one person, whose `profile_id` is known once
    their traits are written."""

    profile_id: str
    loaded: LoadedParts

    def __init__(self, run: Loader, number: int) -> None:
        self.run, self.number = run, number
        self.store, self.report = run.store, run.report

    def load(self, record: Record) -> str | None:
        traits = self.filter_traits(record["traits"])
        subjects, holders = self.find_person(traits)
        self.loaded = LoadedParts(self.store.store_id, *subjects)
        # By what names them best alone: the deleted one may have shared the others.
        known = LoadedParts(self.store.store_id, subjects[0])
        if not holders and known.find([PROFILE]):
            if not self.run.restore:
                self.report.profiles_removed += 1
                return None
            self.tell("profile put back")
        try:
            told = self.write_traits(traits, holders)
        except STOPS:
            raise
        except MemoryRefused as exc:
            self.refuse(f"traits: {exc.message}")
            return None
        for each in told:
            self.tell(to_printable(f"{each.field}: {each.reason}", 400))
        self.report.traits_not_found += len(told)
        self.report.profiles_found += bool(holders)
        self.report.profiles_new += not holders
        self.load_items(OBSERVATION, record)
        self.load_items(SUMMARY, record)
        return self.profile_id

    def filter_traits(self, traits: Record) -> dict[str, Record]:
        """The valid traits; the others are reported."""
        good: dict[str, Record] = {}
        for group, values in traits.items():
            if why := check_group(group, values):
                self.refuse(f"traits.{to_printable(group)}: {why}")
                continue
            for name, value in values.items():
                if value is None:  # absent: contract, section 17, row 20
                    continue
                if why := check_trait(name, value):
                    self.refuse(f"traits.{group}.{to_printable(name)}: {why}")
                else:
                    good.setdefault(group, {})[name] = value
        return good

    def find_person(
        self, traits: Mapping[str, Record]
    ) -> tuple[list[str], tuple[str, ...]]:
        """The identifiers that name this person, and the profiles that hold one."""
        found = []
        for (group, name), id_type in sorted(
            self.run.promotions.items(), key=itemgetter(1)
        ):
            value = traits.get(group, {}).get(name)
            if value is not None and (answer := self.look_up(id_type, str(value))):
                subject = f"{id_type} {answer.normalized_value}"
                found.append((subject, answer.profiles))
        if len({profiles for _, profiles in found}) > 1:
            # Several people may leave one value, of whom each has others.
            own = [each for each in found if not self.are_others(traits, each[1])]
            found = own or found
        holders = next((profiles for _, profiles in found if profiles), ())
        return [subject for subject, _ in found] or [""], holders

    def are_others(self, traits: Mapping[str, Record], holders: Sequence[str]) -> bool:
        """Whether one who holds a value is called otherwise than a line says."""
        names, *known = (
            pick_names(("Contact", *item) for item in each.get("Contact", {}).items())
            for each in (traits, *(self.store.fetch_profile(x).traits for x in holders))
        )
        return any(is_namesake(names, each) is False for each in known)

    def look_up(self, id_type: str, value: str) -> LookupResult | None:
        """None for a value that names nobody: the profile's creation will say it."""
        try:
            if id_type == "email":
                normalise_email(value)
            return self.store.lookup(id_type, value)
        except InvalidIdentifier:
            return None
        except (MemoryBusy, MemoryDenied):
            raise
        except MemoryRefused as exc:
            is_unknown = exc.http_status == 404
            return LookupResult(normalized_value=value) if is_unknown else None

    def write_traits(
        self, traits: dict[str, Record], holders: Sequence[str]
    ) -> Sequence[Refusal]:
        """Set all but what people have changed since a file set it; answers by which
        values nobody is found."""
        names = [(group, name) for group in traits for name in traits[group]]
        new = {x: ("trait", *x, repr(traits[x[0]][x[1]])) for x in names}
        old: dict[tuple[str, str], Part] = {}
        if len(holders) == 1:
            present = {
                (wire.simplify_name(group), wire.simplify_name(name)): value
                for group, of in self.store.fetch_profile(holders[0]).traits.items()
                for name, value in of.items()
            }
            for each in names:
                group, name = map(wire.simplify_name, each)
                old[each] = ("trait", *each, repr(present.get((group, name))))
        known = self.loaded.find([*new.values(), *old.values(), *new])
        changed = [
            each
            for each in old
            if known & {new[each], each} and old[each] not in known | {new[each]}
        ]
        if self.run.restore:
            for group, name in changed:
                self.tell(f"traits.{group}.{name} put back")
            changed = []
        self.report.traits_removed += len(changed)
        written = [each for each in names if each not in changed]
        told: Sequence[Refusal] = ()
        if known and old and not self.run.restore:
            [self.profile_id] = holders
            fresh: dict[str, Record] = {}
            for group, name in [x for x in written if new[x] != old[x]]:
                fresh.setdefault(group, {})[name] = traits[group][name]
            if fresh:
                told = self.store.patch_profile(self.profile_id, fresh)
        else:
            made = self.store.create_profile(traits)
            self.profile_id, told = made.id, made.refusals
        # What it has replaced is a person's, should it come again.
        self.loaded.forget([old[x] for x in written if x in old and old[x] != new[x]])
        self.loaded.add([PROFILE, *written, *(new[each] for each in written)])
        return told

    def load_items(self, kind: TextKind, record: Record) -> None:
        """Add what is valid and new, oldest first: created in the order it happened.

        New is what neither the memory has nor this file has brought before: what is
        gone since then, a person has deleted or corrected.
        """
        good = self.filter_items(kind, record[kind.plural])
        if not good:
            return
        counts = self.report.count_of(kind)
        present = list(all_pages(kind.list_page, self.store, self.profile_id))
        keys = {get_key(item, kind) for item in present}
        fresh = drop_known(set(keys), good, kind)
        counts.already_there += len(good) - len(fresh)
        gone = self.find_gone(kind, fresh)
        self.loaded.add(
            [get_part(item, kind) for _, item in good if get_key(item, kind) in keys]
        )
        if not self.run.restore:
            counts.removed += len(gone)
            fresh = [each for each in fresh if get_part(each[1], kind) not in gone]
        elif gone:
            fresh = self.put_back(kind, fresh, gone, present)
        for start in range(0, len(fresh), BATCH):
            self.send_batch(kind, fresh[start : start + BATCH])

    def find_gone(self, kind: TextKind, items: Sequence[Numbered]) -> set[Part]:
        """What was loaded before, also by a release that kept each text as it was."""
        parts = {
            get_part(item, kind, as_written=True): get_part(item, kind)
            for _, item in items
        }
        found = self.loaded.find([*parts, *parts.values()])
        return {part for was, part in parts.items() if {was, part} & found}

    def put_back(
        self,
        kind: TextKind,
        fresh: Sequence[Numbered],
        gone: Collection[Part],
        present: Sequence[Observation | Summary],
    ) -> list[Numbered]:
        """Give what was corrected its text of this file back; answers what is left to
        be added: what is new, and what was deleted."""
        corrected = fetch_corrected(self.store, self.profile_id, kind, present)
        left = []
        for path, item in fresh:
            if get_part(item, kind) in gone:
                self.tell(f"{path} put back")
            if kept_id := corrected.get(get_key(item, kind)):
                fields = {name: getattr(item, name) for name in kind.identifying}
                change = kind.change(**fields)
                kind.patch(self.store, self.profile_id, kept_id, change)
                self.report.count_of(kind).added += 1
            else:
                left.append((path, item))
        return left

    def filter_items(self, kind: TextKind, items: Sequence[Any]) -> list[Numbered]:
        good: list[Numbered] = []
        for index, item in enumerate(items):
            path = f"{kind.plural}[{index}]"
            try:
                good.append((path, parse_item(path, item, kind.new)))
            except LineRefused as exc:
                self.refuse(str(exc), kind)
        return sorted(good, key=lambda numbered: numbered[1].occurred_at)

    def send_batch(self, kind: TextKind, batch: list[Numbered]) -> None:
        """Send a batch; when the memory refuses it, each alone to find which."""
        try:
            kind.create(self.store, self.profile_id, [item for _, item in batch])
        except STOPS:
            raise
        except MemoryRefused as exc:
            if len(batch) == 1:
                self.refuse(f"{batch[0][0]}: {exc.message}", kind)
                return
            for numbered in batch:
                self.send_batch(kind, [numbered])
        else:
            self.report.count_of(kind).added += len(batch)
            self.loaded.add([get_part(item, kind) for _, item in batch])

    def refuse(self, why: str, kind: TextKind | None = None) -> None:
        if kind:
            self.report.count_of(kind).refused += 1
        self.report.refused += 1
        self.tell(to_printable(why, 400))

    def tell(self, words: str) -> None:
        self.run.tell(f"line {self.number}: {words}")


def load_lines(
    tenant: Tenant,
    lines: Iterable[tuple[int, bytes]],
    *,
    tell: Callable[[str], object],
    restore: bool = False,
) -> LoadReport:
    """Load numbered lines; blank ones are passed over. One audit entry, however the
    run ends. Raises MemoryUnreachable and STOPS."""
    loading = Loader(open_store(tenant), tell, restore)
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
    groups = all_pages(store.list_trait_groups)
    return {
        (group.display_name, name): definition.id_type_promotion
        for group in groups
        for name, definition in group.definitions.items()
        if definition.id_type_promotion
    }


def fetch_corrected(
    store: StoreClient,
    profile_id: str,
    kind: TextKind,
    present: Sequence[Observation | Summary],
) -> dict[Key, str]:
    """What items said before they were corrected, to their ids; summaries keep none."""
    if kind.list_revisions is None:
        return {}
    return {
        get_key(revision, kind): item.id
        for item in present
        for revision in kind.list_revisions(store, profile_id, item.id).items[1:]
    }


def get_part(item: Item, kind: TextKind, *, as_written: bool = False) -> Part:
    """What tells that an item was loaded; the same for each run of a file."""
    return (kind.name, *map(str, get_key(item, kind, as_written=as_written)))


def get_key(
    item: Item | Observation | Summary, kind: TextKind, *, as_written: bool = False
) -> Key:
    """Equal for two items that say the same, whatever its capitals and blanks."""
    content, *values = (getattr(item, name) for name in kind.identifying)
    if not as_written:
        content = " ".join(content.split()).casefold()
    # The memory answers with whole seconds, and in UTC.
    return content, *(
        value.astimezone(UTC).replace(microsecond=0)
        if isinstance(value, datetime)
        else value
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


Types = dict[
    str, dict[str, wire.DataType]
]  # group, trait: STRING, NUMBER, BOOLEAN or ARRAY


def infer_types(lines: Iterable[tuple[int, bytes]]) -> Types:
    """The type of each trait, by its first good value; bad lines are passed over."""
    types: Types = {}
    for _, raw in lines:
        try:
            groups = parse_profile(raw)["traits"]
        except LineRefused:  # told when the line is loaded
            continue
        for group, values in groups.items():
            if not check_group(group, values):
                known = types.setdefault(group, {})
                for name, value in values.items():
                    if value is not None and not check_trait(name, value):
                        known.setdefault(name, wire.get_data_type(value))
    return types


def declare_traits(
    account: AccountClient, store: StoreClient, types: Types
) -> list[str]:
    """Create what the store does not know yet; the new names, as "group.trait".

    Contract 10.3. Raises MemoryProblem.
    """
    known = {
        group.display_name: {wire.simplify_name(name) for name in group.definitions}
        for group in all_pages(store.list_trait_groups)
    }
    declared = []
    for group, traits in types.items():
        missing = {
            name: wire.NewTraitDefinition(data_type=kind)
            for name, kind in traits.items()
            if wire.simplify_name(name) not in known.get(group, set())
        }
        if missing:
            operation = (
                store.patch_trait_group(group, wire.PatchTraitGroup(traits=missing))
                if group in known
                else store.create_trait_group(
                    wire.CreateTraitGroup(display_name=group, traits=missing)
                )
            )
            wait_until_done(account, operation)
            declared += [f"{group}.{name}" for name in missing]
    return declared


def wait_until_done(account: AccountClient, operation: Operation) -> None:
    done = account.wait_for(operation)
    if done.status != "COMPLETED":
        raise MemoryUnexpected(f"The trait group was not created: {done.failure}")
