"""What is deleted leaves nothing that was said, and no older memory brings it back."""

from itertools import chain

import pytest

from console.service.conversations import learning
from console.service.conversations.models import (
    Conversation,
    ConversationScoped,
    Diagnostic,
)
from console.service.memory.models import Tombstone
from console.service.memory.restoring import repeat_deletions
from console.service.models import find_models
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    CUSTOMER,
    SHOP,
    a_message,
    a_participant,
    a_party,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
MATE = "+15558675399"


def read_all() -> list:
    tables = [Conversation, *find_models(ConversationScoped)]
    return list(chain.from_iterable(table.objects.all() for table in tables))


def restore(rows: list) -> None:
    """The memory of the time when these were there, after which it was replaced."""
    known = dict(Tombstone.objects.values_list("digest", "deleted_at"))
    for row in read_all():
        row.delete()
    Tombstone.objects.all().delete()
    for row in rows:
        row.save(force_insert=True)
    repeat_deletions(known)


def test_deletion_of_a_conversation_holds_for_all_that_was_said(
    api, conversation, path, say
):
    say("My secret tent pole broke.")
    before = read_all()
    api("DELETE", path)
    restore(before)

    assert len(before) > 4
    assert read_all() == []


def test_deletion_of_a_profile_holds_for_a_conversation_that_was_nobodys(
    api, store, open_conversation
):
    unknown = a_participant(type_="UNKNOWN")
    talk = open_conversation(unknown, a_participant(SHOP, "HUMAN_AGENT"))
    path = f"{CONVERSATIONS}/{talk['id']}"
    api("POST", f"{path}/Communications", a_message("My secret tent pole broke."))
    before = read_all()
    body = {"traits": {"Contact": {"email": "ada@example.com"}}}
    person = api("POST", f"/v1/Stores/{store}/Profiles", body).json()["id"]
    participant = f"{path}/Participants/{talk['participants'][0]['id']}"
    api("PUT", participant, unknown | {"type": "CUSTOMER", "profileId": person})
    api("DELETE", f"/v1/Stores/{store}/Profiles/{person}")
    restore(before)

    assert read_all() == []


def test_deletion_of_a_profile_leaves_its_address_in_nobodys_message(
    api, store, open_conversation
):
    talk = open_conversation(
        a_participant(), a_participant(MATE), a_participant(SHOP, "HUMAN_AGENT")
    )
    path = f"{CONVERSATIONS}/{talk['id']}/Communications"
    both = [a_party(CUSTOMER), a_party(MATE)]
    api("POST", path, a_message("Hi.", author=a_party(SHOP), recipients=both))
    api("POST", path, a_message("My tent pole broke."))
    person = talk["participants"][0]["profileId"]
    api("DELETE", f"/v1/Stores/{store}/Profiles/{person}")

    [left] = api.get(path).json()["communications"]
    assert [to["address"] for to in left["recipients"]] == [MATE]
    for row in read_all():
        assert CUSTOMER not in str(vars(row))
    assert not Diagnostic.objects.exists()


def test_deletion_of_a_profile_takes_its_words_out_of_another_s_memory(
    api, store, configure, open_conversation
):
    talk = open_conversation(
        a_participant(name="Ben"),
        a_participant(MATE, name="Ana"),
        configurationId=configure("shared", memoryExtractionEnabled=True),
    )
    path = f"{CONVERSATIONS}/{talk['id']}"
    ana = {"author": a_party(MATE), "recipients": [a_party(CUSTOMER)]}
    for text, more in (
        ("I like red boots from Bergen.", ana),
        ("When did you move to Lofoten?", {"recipients": [a_party(MATE)]}),
        ("I moved there last week.", ana),
    ):
        api("POST", f"{path}/Communications", a_message(text, **more))
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()
    ben, person = (each["profileId"] for each in talk["participants"])
    profile = f"/v1/Stores/{store}/Profiles/{person}"
    before = api.get(f"{profile}/Observations").json()["observations"]

    api("DELETE", f"/v1/Stores/{store}/Profiles/{ben}")

    assert "Lofoten" in " ".join(each["content"] for each in before)
    [left] = api.get(f"{profile}/Observations").json()["observations"]
    assert left["content"] == "Ana said: I like red boots from Bergen."
    assert api.get(f"{profile}/ConversationSummaries").json()["summaries"] == []
    assert [
        each["itemId"] for each in api.get(f"{path}/Learned").json()["learned"]
    ] == [left["id"]]
