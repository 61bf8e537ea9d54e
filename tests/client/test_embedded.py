"""The client and the embedded memory, over the wire that they share."""

from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from console.client.account import connect
from console.client.errors import MemoryDenied, MemoryNotFound, MemoryRefused
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import NewObservation, PatchObservation
from console.contract.memory.store import CreateStore
from console.contract.memory.summary import NewSummary, PatchSummary
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    NewTraitDefinition,
    PatchTraitGroup,
    StringRule,
)
from console.service.models import create_account
from tests.client.conftest import PROFILE, STORE

pytestmark = pytest.mark.django_db(databases=["default", "memory"])
WHEN = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONVERSATION = "conv_conversation_01k0000000000000000000000a"


def observe(content):
    return NewObservation(content=content, source="desk", occurred_at=WHEN)


@pytest.fixture
def account():
    new = create_account("acme")
    return connect("embedded:", username=new.account_sid, secret=new.auth_token)


@pytest.fixture
def store(account):
    created = account.wait_for(
        account.create_store(CreateStore(display_name="client-acme"))
    )
    return account.store(created.result_id)


@pytest.fixture
def profile_id(store):
    return store.create_profile({"Contact": {"email": "Jo@Example.com"}}).id


def test_a_store_is_made_listed_and_deleted(account):
    store_id = account.wait_for(
        account.create_store(CreateStore(display_name="client-acme"))
    ).result_id

    listed = account.list_stores().items
    made = account.fetch_store(store_id)
    account.wait_for(account.delete_store(store_id))

    assert listed == (store_id,)
    assert made.display_name == "client-acme"
    assert made.version == 1
    assert account.list_stores().items == ()


def test_a_taken_name_is_a_failed_operation(account, store):
    operation = account.wait_for(
        account.create_store(CreateStore(display_name="client-acme"))
    )

    assert operation.status == "FAILED"
    assert operation.error.code == 520045
    assert operation.failure


def test_a_new_store_knows_email_and_contact(store):
    settings = store.identity_settings()
    groups = store.list_trait_groups()

    assert "email" in settings.matching_rules
    assert [group.display_name for group in groups.items] == ["Contact"]
    assert store.fetch_trait_group("Contact") == groups.items[0]


def test_a_trait_group_is_made_changed_and_deleted(account, store):
    tier = NewTraitDefinition(
        data_type="STRING",
        description="How loyal",
        id_type_promotion="",
        validation_rule=StringRule(),
    )

    account.wait_for(
        store.create_trait_group(
            CreateTraitGroup(display_name="Loyalty", traits={"tier": tier})
        )
    )
    account.wait_for(
        store.patch_trait_group("Loyalty", PatchTraitGroup(description="Points"))
    )
    group = store.fetch_trait_group("Loyalty")
    account.wait_for(store.delete_trait_group("Loyalty"))

    assert group.description == "Points"
    assert group.traits["tier"].description == "How loyal"
    with pytest.raises(MemoryNotFound):
        store.fetch_trait_group("Loyalty")


def test_a_profile_is_found_changed_and_deleted(store, profile_id):
    store.patch_profile(profile_id, {"Contact": {"firstName": "Jo"}})
    store.add_identifier(profile_id, "phone", "+1 555 010 0123")
    found = store.lookup("email", "JO@example.com")
    identifiers = store.list_identifiers(profile_id)
    profile = store.fetch_profile(profile_id, trait_groups=["Contact"])
    traits = store.list_traits(profile_id)
    store.delete_profile(profile_id)

    assert found.profiles == (profile_id,)
    assert IdentifierSet(id_type="email", values=("jo@example.com",)) in identifiers
    assert profile.traits["Contact"]["firstName"] == "Jo"
    assert {trait.name for trait in traits.items} == {"email", "firstName"}
    assert store.list_profiles().items == ()


def test_an_observation_is_made_changed_and_deleted(store, profile_id):
    store.create_observations(
        profile_id, [observe("asks for paper bills"), observe("likes chat")]
    )
    first, _ = store.list_observations(profile_id, order="ASC").items
    store.patch_observation(
        profile_id, first.id, PatchObservation(content="wants paper bills")
    )
    changed = store.fetch_observation(profile_id, first.id)
    revisions = store.list_revisions(profile_id, first.id)
    store.delete_observation(profile_id, first.id)

    assert changed.content == "wants paper bills"
    assert [revision.content for revision in revisions.items] == [
        "wants paper bills",
        first.content,
    ]
    assert len(store.list_observations(profile_id).items) == 1


def test_a_summary_is_made_changed_and_deleted(store, profile_id):
    summary = NewSummary(
        content="bills", conversation_id=CONVERSATION, occurred_at=WHEN
    )

    store.create_summaries(profile_id, [summary])
    (made,) = store.list_summaries(profile_id, conversation_id=CONVERSATION).items
    store.patch_summary(profile_id, made.id, PatchSummary(content="paper bills"))
    changed = store.fetch_summary(profile_id, made.id)
    store.delete_summary(profile_id, made.id)

    assert changed.content == "paper bills"
    assert store.list_summaries(profile_id).items == ()


def test_recall_ranks_by_a_query(store, profile_id):
    store.create_observations(
        profile_id, [observe("asks for paper bills"), observe("likes chat")]
    )

    ranked = store.recall(profile_id, query="paper bills", observations_limit=1)
    recent = store.recall(profile_id)

    assert ranked.is_ranked
    assert [o.content for o in ranked.observations] == ["asks for paper bills"]
    assert not recent.is_ranked
    assert len(recent.observations) == 2


def test_lists_go_on_by_token(store):
    for number in range(3):
        store.create_profile({"Contact": {"email": f"jo{number}@example.com"}})

    first = store.list_profiles(page_size=2)
    second = store.list_profiles(page_size=2, page_token=first.next_token)

    assert len({*first.items, *second.items}) == 3
    assert second.next_token is None
    assert second.previous_token


def test_a_wrong_secret_is_denied(account):
    stranger = connect("embedded:", username="AC" + "0" * 32, secret="wrong")

    with pytest.raises(MemoryDenied) as caught:
        stranger.list_stores()

    assert caught.value.code == 20003


def test_the_memorys_words_about_a_bad_field_reach_the_person(store, profile_id):
    with pytest.raises(MemoryRefused) as caught:
        store.create_observations(profile_id, [observe("")])

    assert "content" in caught.value.message


def test_nobody_elses_store_or_profile_is_there(account, store):
    with pytest.raises(MemoryNotFound):
        account.store(STORE).list_profiles()
    with pytest.raises(MemoryNotFound):
        store.fetch_profile(PROFILE)


@pytest.mark.parametrize("alias", ["default", "memory"])
def test_a_call_inside_a_transaction_is_a_mistake_of_ours(account, alias):
    with (
        transaction.atomic(using=alias),
        pytest.raises(AssertionError, match="inside a transaction"),
    ):
        account.list_stores()

    assert connections[alias].is_usable()
