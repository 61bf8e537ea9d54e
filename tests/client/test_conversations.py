"""The client's view of conversations: those of one store, and of no other."""

import pytest

from console.client.account import connect
from console.client.errors import MemoryNotFound
from console.contract.conversations.communication import (
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.configuration import (
    CreateConfiguration,
    PatchConfiguration,
    StatusCallback,
)
from console.contract.conversations.conversation import (
    CreateConversation,
    CreateParticipant,
    PatchConversation,
    PatchedConfiguration,
    SentAddress,
)
from console.contract.memory.store import CreateStore
from console.service.conversations import learning, models
from tests.factories import make_account

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def account():
    made = make_account()
    return connect("embedded:", username=made["accountSid"], secret=made["authToken"])


@pytest.fixture
def make_client(account):
    def make(name: str):
        made = account.create_store(CreateStore(display_name=name))
        return account.store(account.wait_for(made).result_id).conversations

    return make


@pytest.fixture
def client(make_client):
    return make_client("mine")


@pytest.fixture
def talk(client):
    """A conversation in which the customer has said something."""
    configuration_id = client.create_configuration(
        CreateConfiguration(
            display_name="support",
            conversation_grouping_type="GROUP_BY_PROFILE",
            memory_store_id=client.store_id,
            memory_extraction_enabled=True,
        )
    )
    address = SentAddress(channel="SMS", address="+15558675310")
    customer = CreateParticipant(type="CUSTOMER", name="Ada", addresses=[address])
    made = client.create_conversation(
        CreateConversation(configuration_id=configuration_id, participants=[customer])
    )
    client.create_communication(
        made.id,
        CreateCommunication(
            author=SentParty(address="+15558675310", channel="SMS"),
            content=TextContent(text="My tent pole broke on the Lofoten trip."),
            recipients=[SentParty(address="+15550001000", channel="SMS")],
        ),
    )
    return client.fetch_conversation(made.id)


def test_conversations_client_follows_one_from_its_first_word_to_what_was_learned(
    client, talk
):
    customer = talk.participants[0]
    client.patch_conversation(talk.id, PatchConversation(status="CLOSED"))
    learning.learn.func()

    [seen] = client.list_conversations(status="CLOSED").items
    [said] = client.list_communications(talk.id).items
    opened, closed = client.list_transitions(talk.id).items
    fact, summary = client.list_learned(talk.id).items
    assert seen.id == talk.id
    assert said.author.participant_id == customer.id
    assert (opened.status, closed.status) == ("ACTIVE", "CLOSED")
    assert (closed.learning, closed.outcome) == ("DONE", {"added": 2})
    assert (fact.kind, summary.kind) == ("observation", "summary")
    assert fact.communication_ids == (said.id,)
    assert client.list_provenance(customer.profile_id, item_id=fact.item_id).items == (
        fact,
    )


def test_conversations_client_learns_again_and_changes_nothing(account, client, talk):
    client.patch_conversation(talk.id, PatchConversation(status="CLOSED"))
    learning.learn.func()
    client.learn_again(talk.id)
    learning.learn.func()

    outcomes = [each.outcome for each in client.list_learned(talk.id).items]
    store = account.store(client.store_id)
    profile_id = talk.participants[0].profile_id
    assert outcomes == ["added", "added", "same", "same"]
    assert len(store.list_observations(profile_id).items) == 1


def test_conversations_client_finds_those_of_a_customer(client, talk):
    profile_id = talk.participants[0].profile_id
    other = f"{profile_id[:-1]}{'a' if profile_id[-1] != 'a' else 'b'}"

    assert [c.id for c in client.list_conversations(profile_id=profile_id).items] == [
        talk.id
    ]
    assert client.list_conversations(profile_id=other).items == ()


def test_conversations_client_reads_deliveries_and_has_one_sent_again(
    make_client, client, talk
):
    hook = StatusCallback(url="https://agent.example/hook")
    settings = PatchedConfiguration(status_callbacks=[hook])
    client.patch_conversation(talk.id, PatchConversation(configuration=settings))
    client.patch_conversation(talk.id, PatchConversation(name="Tent"))
    models.Delivery.objects.update(due_at=None, attempts=5, error="Answered 500.")

    newest, first = client.list_deliveries(talk.id).items
    page = client.list_deliveries(talk.id, page_size=1)
    again = client.retry_delivery(talk.id, newest.id)

    assert newest.created_at >= first.created_at
    assert page.items == (newest,)
    assert page.next_token
    assert (newest.attempts, newest.due_at, newest.error) == (5, None, "Answered 500.")
    assert newest.url == hook.url
    assert (again.id, again.attempts) == (newest.id, 0)
    assert again.due_at
    for call in (
        lambda: make_client("other").retry_delivery(talk.id, newest.id),
        lambda: client.retry_delivery(talk.id, "nobody"),
    ):
        with pytest.raises(MemoryNotFound):
            call()


def test_conversations_client_reads_diagnostics(client, talk):
    row = models.Conversation.objects.get(id=talk.id)
    models.diagnose(row, 530001, "No address names a customer.", "conv_participant_x")

    [found] = client.list_diagnostics(talk.id).items
    assert (found.code, found.participant_id) == (530001, "conv_participant_x")
    assert found.reason == "No address names a customer."


def test_conversations_client_of_another_store_of_the_account_knows_nothing(
    make_client, client, talk
):
    other = make_client("other")

    assert [each.id for each in client.list_conversations().items] == [talk.id]
    assert other.list_conversations().items == ()
    assert other.list_configurations().items == ()
    for call in (
        lambda: other.fetch_conversation(talk.id),
        lambda: other.patch_configuration(
            talk.configuration_id, PatchConfiguration(memory_extraction_enabled=False)
        ),
        lambda: other.list_communications(talk.id),
        lambda: other.list_transitions(talk.id),
        lambda: other.list_learned(talk.id),
        lambda: other.learn_again(talk.id),
        lambda: other.list_deliveries(talk.id),
        lambda: other.list_diagnostics(talk.id),
        lambda: other.delete_conversation(talk.id),
        lambda: other.patch_conversation(talk.id, PatchConversation(status="CLOSED")),
    ):
        with pytest.raises(MemoryNotFound):
            call()
    assert client.fetch_conversation(talk.id).status == "ACTIVE"


def test_conversations_client_deletes_one(client, talk):
    client.delete_conversation(talk.id)

    with pytest.raises(MemoryNotFound):
        client.fetch_conversation(talk.id)
