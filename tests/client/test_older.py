"""The client in the older dialect, /v1/Services, against the memory that serves it."""

from datetime import UTC, datetime

import pytest

from console.client.account import connect
from console.client.errors import MemoryLacks, MemoryRefused
from console.contract.memory.observation import NewObservation
from console.contract.memory.store import CreateStore, PatchStore
from console.contract.memory.summary import NewSummary
from console.contract.memory.trait_group import CreateTraitGroup
from console.service.models import create_account

pytestmark = pytest.mark.django_db(databases=["default", "memory"])
WHEN = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def account():
    new = create_account("acme")
    return connect(
        "embedded:",
        username=new.account_sid,
        secret=new.auth_token,
        dialect="services",
    )


@pytest.fixture
def store(account):
    wanted = CreateStore(display_name="client-acme", description="Acme Ltd")
    return account.store(account.create_store(wanted).result_id)


@pytest.fixture
def profile_id(store):
    traits = {"Contact": {"email": "jo@example.com"}, "Account": {"tier": "gold"}}
    return store.create_profile(traits).id


def test_older_store_is_made_listed_and_deleted(account, store):
    made, listed = account.fetch_store(store.store_id), account.list_stores()

    operation = account.delete_store(store.store_id)

    assert (made.id, made.display_name) == (store.store_id, "client-acme")
    assert (made.description, made.status) == ("Acme Ltd", "ACTIVE")
    assert listed.items == (store.store_id,)
    assert operation.is_done
    assert account.list_stores().items == ()


def test_older_name_that_is_taken_is_a_refusal(account, store):
    with pytest.raises(MemoryRefused, match="stands against"):
        account.create_store(CreateStore(display_name="client-acme"))


def test_older_profile_is_written_undeclared_looked_up_and_read(store, profile_id):
    found = store.lookup("email", "JO@example.com")
    profile = store.fetch_profile(profile_id)

    assert (found.normalized_value, found.profiles) == ("jo@example.com", (profile_id,))
    assert profile.traits["Account"] == {"tier": "gold"}
    assert store.list_profiles().items == (profile_id,)


def test_older_pages_go_on_from_one_to_the_next(store, profile_id):
    other = store.create_profile({"Contact": {"email": "kim@example.com"}}).id

    first = store.list_profiles(page_size=1)
    second = store.list_profiles(page_size=1, page_token=first.next_token)

    assert first.items + second.items == (other, profile_id)


def test_older_summaries_are_sent_one_by_one(store, profile_id):
    summaries = [
        NewSummary(
            content=f"Asked {what}.",
            conversation_id="conv_conversation_01k0000000000000000000000a",
            occurred_at=WHEN,
        )
        for what in ("about an order", "for a refund")
    ]

    store.create_summaries(profile_id, summaries)

    kept = {
        each.content: each.occurred_at
        for each in store.list_summaries(profile_id).items
    }
    assert kept == {"Asked about an order.": WHEN, "Asked for a refund.": WHEN}


def test_older_recall_asks_for_twenty_at_most(store, profile_id):
    new = NewObservation(
        content="Asks for paper bills.", source="desk", occurred_at=WHEN
    )
    store.create_observations(profile_id, [new])

    answer = store.recall(profile_id, query="bills", observations_limit=100)

    assert [each.content for each in answer.observations] == ["Asks for paper bills."]
    assert answer.exchange.request["observationsLimit"] == 20
    assert answer.exchange.path.startswith("/v1/Services/")


def test_older_merged_profile_leads_to_the_other(store, profile_id):
    other = store.create_profile({"Contact": {"phone": "+14065550101"}}).id
    store.add_identifier(other, "email", "jo@example.com")

    read = {store.fetch_profile(each).id for each in (profile_id, other)}

    assert len(read) == 1


def test_older_dialect_knows_contact_and_what_identifies(store):
    [contact] = store.list_trait_groups().items

    assert contact.definitions["email"].id_type_promotion == "email"
    assert store.identity_settings().matching_rules == ("email", "phone")
    assert store.list_data_mappings().items == ()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda store: store.fetch_trait_group("Contact"), "trait groups"),
        (
            lambda store: store.create_trait_group(CreateTraitGroup(display_name="A")),
            "trait groups",
        ),
        (
            lambda store: store.patch_store(PatchStore(ledger_days=7)),
            "settings of a store",
        ),
        (lambda store: store.conversations.fetch_rules(), "rules of learning"),
        (lambda store: store.check_has("identity settings"), "identity settings"),
    ],
)
def test_older_dialect_names_what_it_lacks(store, call, what):
    with pytest.raises(MemoryLacks, match=f"has no {what}"):
        call(store)


def test_older_operation_is_lacking(account):
    with pytest.raises(MemoryLacks, match="operations"):
        account.fetch_operation("mem_operation_01k0000000000000000000000f")
