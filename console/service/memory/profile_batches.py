"""Many profiles at once, each as if it were created alone, in a few statements.

What decides who is who is read once for a batch and then kept in step. Most items are
somebody new, or one who is known already: their rows are collected and written
together. Whatever else could happen to an item (a merge, a value that only several
together identify, a value beyond its type's limit, a likeness) is left to
create_profile's own steps, before which all that was collected is written.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from console.contract.ids import new_id
from console.contract.memory.merge import SHARED_PROFILES_MAX
from console.contract.naming import is_namesake, pick_names
from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.identity import KEPT, Identity, get_value_limit
from console.service.memory.models import Identifier, Profile, Store, Trait, TraitTerm
from console.service.memory.profiles import CheckedProfile, check_payload, write_profile
from console.service.memory.queries import adapt_rows, insert_rows
from console.service.memory.stores import lock_store
from console.service.memory.suggestions import JUDGED
from console.service.memory.suppression import WHY, count_refused, find_erased
from console.service.memory.traits import (
    CheckedTrait,
    Payload,
    get_groups,
    is_same_value,
)

# Others who write in the store wait for so many, not for all; and for so many of those
# that take create_profile's own steps, a hundred times as long as the rest.
CHUNK, ALONE = 500, 40

SET_TRAIT = """
    UPDATE service_trait SET value = %s, updated_at = %s
    WHERE store_id = %s AND profile_id = %s AND trait_group = %s AND name = %s
"""

Row = tuple[Any, ...]
Key = tuple[str, str]  # an identifier's type and value, or a trait's group and name


@dataclass(frozen=True, slots=True)
class RefusedProfile:
    """Of many profiles one, by its place, that is not stored, or not found by a value.

    reason  begins with the trait: `traits.Contact.email: must be a string`
    """

    item: int
    reason: str
    stored: bool


def put_profiles(store: Store, payloads: Sequence[Payload]) -> list[RefusedProfile]:
    """Each as create_profile, in order; answers what was refused, and why. Each item
    stands for itself: a refused one leaves nothing behind and the others stay. Raises
    NotFound for a store that is gone."""
    refused, start = list[RefusedProfile](), 0
    while start < len(payloads):
        told, count = _put_some(store, payloads[start : start + CHUNK])
        refused += [replace(each, item=start + each.item) for each in told]
        start += count
    return refused


@transaction.atomic(using="memory")
def _put_some(
    store: Store, payloads: Sequence[Payload]
) -> tuple[list[RefusedProfile], int]:
    """With how many of them it has done."""
    store = lock_store(store)
    groups = get_groups(store)
    items, refused = {}, []
    for index, payload in enumerate(payloads):
        try:
            items[index] = item = check_payload(store, payload, groups)
        except errors.Invalid as exc:
            refused.append(RefusedProfile(index, exc.message, stored=False))
        else:
            told = [*(why + KEPT for why in item.unfit), *item.refused]
            refused += [RefusedProfile(index, why, stored=True) for why in told]
    braked, erased, left = write_profiles(store, items)
    for index, reasons in braked.items():
        refused += [RefusedProfile(index, why + KEPT, stored=True) for why in reasons]
    for index, why in erased.items():
        refused = [each for each in refused if each.item != index]
        refused.append(RefusedProfile(index, why, stored=False))
    count = len(payloads) if left is None else left
    refused.sort(key=lambda each: each.item)
    return [each for each in refused if each.item < count], count


def write_profiles(
    store: Store, items: Mapping[int, CheckedProfile]
) -> tuple[dict[int, list[str]], dict[int, str], int | None]:
    """In their order, under the store's lock; answers of which items a value found
    another profile that was not followed, and why; which name somebody who was erased,
    and are not written; and the first item that is left for another transaction, since
    these have held the store for long enough."""
    batch = _Batch(store, [key for item in items.values() for key in item.identities])
    braked, erased, left = dict[int, list[str]](), dict[int, str](), None
    suppressed = find_erased(store, batch.holders.keys())
    refused: list[Key] = []
    for number, item in items.items():
        if batch.alone >= ALONE:
            left = number
            break
        hits = [each for each in item.identities if get_key(each) in suppressed]
        if hits:
            erased[number] = f"{item.identities[hits[0]]}: {WHY}"
            refused += map(get_key, hits)
            continue
        if reasons := batch.add(item, now=timezone.now()):
            braked[number] = reasons
    batch.write()
    count_refused(store, refused)
    return braked, erased, left


class _Batch:
    """What is known of those whom a batch may mean, and the rows that wait.

    holders   of each identity of the batch, those that still wait among them
    judged    those that have joined profiles, or would: not everybody may follow them
    counts    how many values of a type a profile holds
    alone     how many items were left to create_profile's own steps
    traits    of every profile in `holders`, as they will be
    """

    def __init__(self, store: Store, identities: Iterable[Identity]) -> None:
        settings = store.identitysettings
        self.store = store
        self.rules = set(settings.matching_rules)
        self.brake = settings.merge_brake
        self.fuzzy = {
            config["idType"]
            for config in settings.identifier_configs
            if config.get("matchingAlgo") == "fuzzy"
        }
        self.alone = 0
        self.limits: dict[str, int] = {}
        self.holders: dict[Key, set[str]] = {
            get_key(each): set() for each in identities
        }
        self.judged: set[Key] = set()
        self.counts: Counter[Key] = Counter()
        self.traits: dict[str, dict[Key, Any]] = {}
        self.profiles: list[Row] = []
        self.identifiers: list[Row] = []
        self.new_traits: dict[tuple[str, Key], tuple[Any, datetime]] = {}
        self.changed_traits: dict[tuple[str, Key], tuple[Any, datetime]] = {}
        self.read_holders()

    def add(self, item: CheckedProfile, *, now: datetime) -> list[str]:
        identities = list(item.identities)
        profile_id = self.find_profile(identities)
        if profile_id is None or (profile_id and self.is_doubted(profile_id, item)):
            return self.write_alone(item, now=now)
        if not profile_id:
            profile_id = new_id("mem_profile")
            self.profiles.append((profile_id, now))
            self.traits[profile_id] = {}
        for identity in identities:
            self.add_identifier(profile_id, identity, now)
        for trait in item.traits:
            self.set_trait(profile_id, trait, now)
        return []

    def is_doubted(self, profile_id: str, item: CheckedProfile) -> bool:
        """Whether it may be somebody else of whom the value is told."""
        traits = self.traits[profile_id].items()
        known = pick_names((*key, value) for key, value in traits)
        is_called_so = is_namesake(item.names, known)
        return (is_called_so is False and self.brake == "on") or (
            is_called_so is None
            and self.brake != "off"
            and any(
                self.counts[profile_id, each.id_type] > SHARED_PROFILES_MAX
                for each in item.identities
            )
        )

    def find_profile(self, identities: Sequence[Identity]) -> str | None:
        """Whom these mean: "" is somebody new, None more than can be told here."""
        held = [each for each in identities if self.holders[get_key(each)]]
        whose = {id_ for each in held for id_ in self.holders[get_key(each)]}
        profile_id = next(iter(whose), "")
        if len(whose) > 1 or any(
            each.id_type in self.fuzzy or get_key(each) in self.judged
            for each in identities
        ):
            return None
        if held and not (
            all(each.exclusive for each in held)
            and any(each.id_type in self.rules for each in held)
        ):
            return None
        added = Counter(each.id_type for each in identities if each not in held)
        for id_type, count in added.items():
            if self.counts[profile_id, id_type] + count > self.get_limit(id_type):
                return None
        return profile_id

    def get_limit(self, id_type: str) -> int:
        if id_type not in self.limits:
            self.limits[id_type], _ = get_value_limit(self.store, id_type)
        return self.limits[id_type]

    def add_identifier(
        self, profile_id: str, identity: Identity, now: datetime
    ) -> None:
        holders = self.holders[get_key(identity)]
        if profile_id in holders:
            return
        holders.add(profile_id)
        self.counts[profile_id, identity.id_type] += 1
        row = (*get_key(identity), profile_id, identity.exclusive, now)
        self.identifiers.append(row)

    def set_trait(self, profile_id: str, trait: CheckedTrait, now: datetime) -> None:
        """A value that is already there keeps its timestamp."""
        key, known = (trait.trait_group, trait.name), self.traits[profile_id]
        if key not in known:
            self.new_traits[profile_id, key] = trait.value, now
        elif is_same_value(known[key], trait.value):
            return
        elif (profile_id, key) in self.new_traits:
            self.new_traits[profile_id, key] = trait.value, now
        else:
            self.changed_traits[profile_id, key] = trait.value, now
        known[key] = trait.value

    def write(self) -> None:
        insert_rows(self.store.id, Profile, ("id", "created_at"), self.profiles)
        insert_rows(
            self.store.id,
            Identifier,
            ("id_type", "value", "profile_id", "exclusive", "added_at"),
            self.identifiers,
        )
        insert_rows(
            self.store.id,
            Trait,
            ("profile_id", "trait_group", "name", "value", "updated_at"),
            [(id_, *key, *row) for (id_, key), row in self.new_traits.items()],
        )
        TraitTerm.delete_of(
            (self.store.id, *key, profile_id) for profile_id, key in self.changed_traits
        )
        insert_rows(
            self.store.id,
            TraitTerm,
            ("profile_id", "trait", "term", "is_whole"),
            [
                row
                for (id_, key), (value, _) in (
                    self.new_traits | self.changed_traits
                ).items()
                for row in TraitTerm.list_columns(id_, *key, value)
            ],
        )
        values = adapt_rows(
            Trait, ("value", "updated_at"), self.changed_traits.values()
        )
        changes = [
            (*row, self.store.id, profile_id, *key)
            for row, (profile_id, key) in zip(values, self.changed_traits, strict=True)
        ]
        written = {id_ for id_, _ in (*self.new_traits, *self.changed_traits)}
        known = written - {row[0] for row in self.profiles}
        self.find_rows(Profile).filter(id__in=known).update(updated_at=timezone.now())
        if changes:
            with connections["memory"].cursor() as cursor:
                cursor.executemany(SET_TRAIT, changes)
            request_compaction()
        self.profiles.clear()
        self.identifiers.clear()
        self.new_traits.clear()
        self.changed_traits.clear()

    def write_alone(self, item: CheckedProfile, *, now: datetime) -> list[str]:
        """By create_profile's own steps, after which is read anew what they changed."""
        self.write()
        self.alone += 1
        touched = {
            id_ for each in item.identities for id_ in self.holders[get_key(each)]
        }
        profile, braked = write_profile(self.store, item, now=now)
        touched.add(profile.id)
        self.read_judged([get_key(each) for each in item.identities])
        if any(each.id_type in self.fuzzy for each in item.identities):
            self.read_holders()  # a likeness can have met anybody
            return braked
        for holders in self.holders.values():
            holders -= touched
        self.read_profiles(touched)
        return braked

    def read_holders(self) -> None:
        """Everybody of the batch; each profile's row is held from here on, so that
        whoever is writing below it is waited for."""
        for holders in self.holders.values():
            holders.clear()
        self.read_judged(self.holders)
        found = {
            profile_id
            for id_type, wanted in group_values(self.holders).items()
            for part in split(wanted)
            for profile_id in self.find_rows(Identifier)
            .filter(id_type=id_type, value__in=part)
            .values_list("profile_id", flat=True)
        }
        for part in split(sorted(found)):
            rows = Profile.objects.of(self.store).filter(id__in=part)
            list(rows.select_for_update().order_by("id").values_list("id"))
        self.read_profiles(found)

    def read_judged(self, keys: Iterable[Key]) -> None:
        for id_type, wanted in group_values(keys).items():
            for part in split(wanted):
                for model, *_ in JUDGED:
                    rows = self.find_rows(model).filter(id_type=id_type, value__in=part)
                    self.judged |= set(rows.values_list("id_type", "value"))

    def read_profiles(self, profile_ids: Collection[str]) -> None:
        for profile_id in profile_ids:
            self.traits[profile_id] = {}
        for key in [key for key in self.counts if key[0] in profile_ids]:
            del self.counts[key]
        for part in split(sorted(profile_ids)):
            rows = self.find_rows(Identifier).filter(profile_id__in=part)
            for id_, *key in rows.values_list("profile_id", "id_type", "value"):
                self.counts[id_, key[0]] += 1
                if (key[0], key[1]) in self.holders:
                    self.holders[key[0], key[1]].add(id_)
            traits = self.find_rows(Trait).filter(profile_id__in=part)
            columns = ("profile_id", "trait_group", "name", "value")
            for id_, group, name, value in traits.values_list(*columns):
                self.traits[id_][group, name] = value

    def find_rows(self, model: Any) -> Any:
        return model.objects.filter(store_id=self.store.id)


def get_key(identity: Identity) -> Key:
    return identity.id_type, identity.value


def group_values(keys: Iterable[Key]) -> dict[str, list[str]]:
    """The values of each type."""
    values: dict[str, list[str]] = {}
    for id_type, value in keys:
        values.setdefault(id_type, []).append(value)
    return values


def split(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as one statement takes on every database."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
