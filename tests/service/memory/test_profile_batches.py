"""Many profiles at once come to the same end as one after another."""

import os
from random import Random

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console.contract.ids import new_id
from console.service import errors
from console.service.memory import profile_batches
from console.service.memory.models import (
    Identifier,
    IdentitySettings,
    MergedProfile,
    MergeSuggestion,
    Profile,
    ProfilePart,
    Store,
    Trait,
    TraitGroup,
)
from console.service.memory.profile_batches import RefusedProfile, put_profiles
from console.service.memory.profiles import create_profile
from console.service.memory.stores import create_store
from console.service.models import Account

pytestmark = pytest.mark.django_db

SEEDS = int(os.environ.get("BATCH_SEEDS", "6"))

# Few values, so that people share them: each profile is met, extended and merged.
VALUES = {
    ("Contact", "email"): [*(f"{name}@b.com" for name in "abcdefgh"), "A@b.com ", 5],
    ("Contact", "phone"): [*(f"+1202555010{digit}" for digit in range(8)), "n/a"],
    ("Contact", "city"): ["Ulm", "Bern", 1],
    ("Contact", "firstName"): ["Ada", "Bob", "A.", "n/a"],
    ("Contact", "lastName"): ["Rossi", "Rosssi"],
    ("Handles", "chat"): ["anna", "anne", "bob", "bobby", "kim", "kym"],
    ("Handles", "second"): [f"{name}@b.com" for name in "aceg"],
}
CHATS = [{}, {"enforceUnique": False}, {"matchingAlgo": "fuzzy"}]
RULES = ["email", "phone", "chat"]


def make_payload(random: Random) -> dict:
    payload: dict = {}
    for (group, name), values in VALUES.items():
        if random.random() < 0.4:
            payload.setdefault(group, {})[name] = random.choice(values)
    return payload


def make_store(
    account: Account, config: dict, chat: dict, rules: list[str], brake: str
) -> Store:
    store = create_store(account, display_name=new_id("mem_store"), description="")
    # Not store.identitysettings: that still holds the built-ins of all new stores.
    identity = IdentitySettings.objects.get(store=store)
    for each in identity.identifier_configs:
        each |= config | {"matchingThreshold": 70}
        each |= chat if each["idType"] == "chat" else {}
    identity.matching_rules, identity.merge_brake = rules, brake
    identity.save()
    TraitGroup.objects.create(
        store_id=store.id,
        display_name="Handles",
        traits={
            "chat": {"dataType": "STRING", "idTypePromotion": "chat"},
            "second": {"dataType": "STRING", "idTypePromotion": "email"},
        },
        created_at=timezone.now(),
    )
    return Store.objects.get(pk=store.pk)


def describe(store: Store) -> tuple:
    """Everything of a store, with profiles by their order instead of their ids."""
    ids = list(
        Profile.objects.of(store)
        .order_by("created_at", "id")
        .values_list("id", flat=True)
    )
    identifiers = Identifier.objects.filter(store_id=store.id)
    traits = Trait.objects.filter(store_id=store.id)
    merged = MergedProfile.objects.filter(store_id=store.id)
    return (
        len(ids),
        [
            (ids.index(each.profile_id), each.id_type, each.value, each.exclusive)
            for each in identifiers.order_by(
                "added_at", "id_type", "value", "profile_id"
            )
        ],
        sorted(
            (ids.index(each.profile_id), each.trait_group, each.name, str(each.value))
            for each in traits
        ),
        [
            ids.index(each.profile_id)
            for each in traits.order_by("updated_at", "trait_group", "name")
        ],
        sorted(ids.index(each.profile_id) for each in merged),
        sorted(
            (ids.index(each.profile_id), each.id_type, each.value, len(each.facts))
            for each in ProfilePart.objects.filter(store_id=store.id)
        ),
        [
            (ids.index(each.profile_id), ids.index(each.other_id), each.value)
            for each in MergeSuggestion.objects.filter(store_id=store.id).order_by("id")
        ],
    )


def create_one_by_one(store: Store, payloads: list[dict]) -> list[RefusedProfile]:
    refused = []
    for index, payload in enumerate(payloads):
        try:
            _, unfit = create_profile(store, payload)
        except errors.Invalid as exc:
            refused.append(RefusedProfile(index, exc.message, stored=False))
        else:
            refused += [RefusedProfile(index, why, stored=True) for why in unfit]
    return refused


@pytest.mark.parametrize("seed", range(SEEDS))
def test_put_profiles_does_what_create_profile_does(db, seed):
    random = Random(seed)
    config = {
        "limit": random.choice([1, 2, 100]),
        "limitPolicy": random.choice(["fifo", "lifo"]),
    }
    chat, rules = random.choice(CHATS), random.sample(RULES, random.randint(1, 3))
    brake = random.choice(["on", "on", "shared", "off"])
    account = Account.objects.create(
        sid="AC" + "0" * 32, name="acme", created_at=timezone.now()
    )
    alone, together = (
        make_store(account, config, chat, rules, brake) for _ in range(2)
    )
    for _ in range(3):
        payloads = [make_payload(random) for _ in range(9)]

        expected = create_one_by_one(alone, payloads)
        refused = put_profiles(together, payloads)

        assert refused == expected
        assert describe(together) == describe(alone)


def test_put_profiles_takes_few_statements_for_many(
    store, django_assert_max_num_queries
):
    payloads = [
        {"Contact": {"email": f"{number}@b.com", "city": "Ulm"}}
        for number in range(500)
    ]
    found = Store.objects.get(pk=store)
    put_profiles(found, payloads[:250])

    with django_assert_max_num_queries(20, using="memory"):
        put_profiles(found, payloads)

    assert Profile.objects.count() == Identifier.objects.count() == 500
    assert Trait.objects.count() == 1000


def test_put_profiles_lets_others_write_between_many_that_contradict(
    store, monkeypatch
):
    monkeypatch.setattr(profile_batches, "ALONE", 3)
    found = Store.objects.get(pk=store)
    payloads = [
        {"Contact": {"email": "desk@b.com", "firstName": name, "phone": phone}}
        for number, name in enumerate(["Ada", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gus"])
        for phone in [f"+1202555016{number}"]
    ]

    with CaptureQueriesContext(
        connections["memory"],
    ) as queries:
        refused = put_profiles(found, [*payloads, {"Contact": {"email": "n/a"}}])

    locked = [q for q in queries if 'FROM "service_store"' in q["sql"]]
    assert len(locked) == 2
    assert [each.item for each in refused] == [1, 2, 3, 4, 5, 6, 7]
    assert [each.stored for each in refused] == [True] * 6 + [False]
    assert Profile.objects.count() == len(payloads)
