"""Merges that are taken back leave what there would have been without them."""

import os
from random import Random

import pytest
from django.utils import timezone

from console.service.memory import items
from console.service.memory.identifiers import create_identifier
from console.service.memory.identity import Identity, remove_values
from console.service.memory.merging import (
    merge_profiles,
    unmerge_profile,
)
from console.service.memory.models import (
    ErasedItem,
    IdentitySettings,
    MergedProfile,
    MergeSuggestion,
    Observation,
    Profile,
    ProfilePart,
    Store,
    Trait,
    TraitTerm,
)
from console.service.memory.profiles import create_profile, patch_profile
from console.service.memory.stores import create_store
from console.service.models import Account, ProfileScoped, find_models

pytestmark = pytest.mark.django_db

HISTORIES = int(os.environ.get("MERGE_HISTORIES", "15"))
BY = Identity("email", "a@b.com", exclusive=True)
RECORDS = {ErasedItem, ProfilePart, MergeSuggestion, TraitTerm}
CITIES = ["Ulm", "Bern", "Rome", 1, True]


class History:
    """Profiles that write, merge and part by chance, and what each would hold alone.

    alone  {profile: {(table, key): row}}
    """

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        account = Account.objects.create(
            sid="AC" + f"{seed:032x}", name="acme", created_at=timezone.now()
        )
        made = create_store(account, display_name="acme", description="")
        identity = IdentitySettings.objects.get(store=made)
        self.limit = random.choice([1, 2, 100])
        for config in identity.identifier_configs:
            config["limit"] = self.limit
        identity.save()
        self.store = Store.objects.get(pk=made.pk)
        self.values = iter(range(1_000))
        self.ids = [self.create() for _ in range(random.randint(2, 5))]
        self.alone = {id_: read(self.store, id_) for id_ in self.ids}

    def create(self) -> str:
        contact = {"email": f"e{next(self.values)}@b.com", **self.draw_traits()}
        profile, _ = create_profile(self.store, {"Contact": contact})
        for _ in range(self.random.randint(0, 3)):
            self.write(profile.id)
        return profile.id

    def draw_traits(self) -> dict:
        names = self.random.sample(["city", "state", "country"], 2)
        return {name: str(self.random.choice(CITIES)) for name in names}

    def find_canonical(self, id_: str) -> str:
        merged = MergedProfile.objects.filter(store_id=self.store.id, id=id_).first()
        return merged.profile_id if merged else id_

    def write(self, id_: str) -> None:
        """Something new of one profile, or of the one into which it was merged."""
        now, store = timezone.now(), self.store
        kind = self.random.choice(["trait", "identifier", "item", "patch", "summary"])
        if kind == "trait":
            patch_profile(store, id_, {"Contact": self.draw_traits()})
        elif kind == "identifier":
            value = f"e{next(self.values)}@b.com"
            create_identifier(store, id_, id_type="email", value=value)
        elif kind == "summary":
            summary = {
                "content": "Spoke.",
                "conversation_id": "c",
                "source": "",
                "occurred_at": now,
            }
            items.create_summaries(store, id_, [summary])
        elif kind == "item" or not Observation.objects.filter(profile_id=id_).exists():
            fact = {
                "content": "Tea.",
                "source": "chat",
                "occurred_at": now,
                "conversation_ids": [],
            }
            items.create_observations(store, id_, [fact])
        else:
            known = Observation.objects.filter(profile_id=id_).order_by("id")
            changes = {"content": f"Tea {next(self.values)}."}
            chosen = self.random.choice(list(known))
            items.patch_item(Observation, store, id_, chosen.id, changes)

    def learn(self) -> None:
        """After merges: what is new is the canonical profile's; an item stays whose it
        was, also when it is changed."""
        id_ = self.find_canonical(self.random.choice(self.ids))
        before = read(self.store, id_)
        self.write(id_)
        owners = {
            item: owner
            for owner, rows in self.alone.items()
            for item in filter(None, map(get_item, rows))
        }
        for key, row in read(self.store, id_).items():
            if before.get(key) != row:
                self.alone[owners.get(get_item(key), id_)][key] = row

    def forget(self) -> None:
        """What is deleted from the one is gone for all that were merged into it."""
        id_ = self.find_canonical(self.random.choice(self.ids))
        rows = read(self.store, id_)
        # A value that a limit has displaced comes back when what displaced it is deleted.
        kinds = {"trait", "observation"} | (
            {"identifier"} if self.limit == 100 else set()
        )
        table, *names = self.random.choice([key for key in rows if key[0] in kinds])
        if table == "trait":
            patch_profile(self.store, id_, {names[0]: {names[1]: None}})
        elif table == "observation":
            items.delete_item(Observation, self.store, id_, *names)
        else:
            profile = Profile.objects.get(id=id_)
            remove_values(profile, names[0], names[1:])
        for owner in self.ids:
            if self.find_canonical(owner) == id_:
                alone = self.alone[owner]
                gone = [
                    k for k in alone if (table, *names) == k or get_item(k) in names
                ]
                for key in gone:
                    del alone[key]

    def merge(self) -> None:
        one, other = (self.find_canonical(x) for x in self.random.sample(self.ids, 2))
        if one != other:
            merge_profiles(self.store, one, other, BY)

    def part(self) -> None:
        merged = MergedProfile.objects.filter(store_id=self.store.id)
        ids = sorted(merged.values_list("id", flat=True))
        if ids:
            unmerge_profile(self.store, self.random.choice(ids))

    def run(self) -> None:
        steps = [self.merge, self.learn, self.part, self.forget]
        for step in self.random.choices(steps, [4, 3, 1, 1], k=9):
            step()
        while MergedProfile.objects.filter(store_id=self.store.id).exists():
            self.part()


def get_item(key: tuple) -> str:
    """The observation or the summary that a row is of; "" for a fact."""
    _table, *names = key
    return next((name for name in names if str(name).startswith("mem_")), "")


def read(store: Store, profile_id: str) -> dict:
    rows = {}
    for model in find_models(ProfileScoped):
        if model in RECORDS:
            continue
        of_it = model.objects.filter(store_id=store.id, profile_id=profile_id)
        for row in of_it.values():
            key = [
                f.attname for f in model._meta.pk_fields if "profile" not in f.attname
            ]
            row.pop("pk", None), row.pop("profile_id")
            rows[(model._meta.model_name, *(row[name] for name in key[1:]))] = row
    return rows


def keep_to_limit(rows: dict, limit: int) -> dict:
    """The newest values, as many as are allowed."""
    held = sorted(
        (row["added_at"], key) for key, row in rows.items() if key[0] == "identifier"
    )
    dropped = [key for _, key in held[:-limit]]
    return {key: row for key, row in rows.items() if key not in dropped}


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_profiles_that_part_are_as_if_they_had_never_merged(seed):
    history = History(seed)

    history.run()

    for id_ in history.ids:
        expected = keep_to_limit(history.alone[id_], history.limit)
        assert read(history.store, id_) == expected
    assert list_terms() == derive_terms()
    assert not ProfilePart.objects.exists()


def list_terms() -> list:
    columns = ("profile_id", "trait", "term", "is_whole")
    rows = TraitTerm.objects.values_list(*columns)
    return sorted((id_, trait, bytes(term), whole) for id_, trait, term, whole in rows)


def derive_terms() -> list:
    """As what traits there are would give them."""
    columns = ("profile_id", "trait_group", "name", "value")
    rows = Trait.objects.values_list(*columns)
    return sorted(term for row in rows for term in TraitTerm.list_columns(*row))
