"""Conversations 9, 12.3 and 12.4."""

import pytest

from console.contract.conversations import conversation as wire
from console.contract.ids import new_id
from console.service.conversations.models import Conversation, Diagnostic, Participant
from console.service.conversations.participants import compare_as
from console.service.memory.models import (
    Identifier,
    IdentitySettings,
    Profile,
    Suppression,
)
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    CUSTOMER,
    SHOP,
    a_message,
    a_participant,
    a_party,
    assert_refused,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def get_customer(conversation) -> dict:
    [found] = [p for p in conversation["participants"] if p["type"] == "CUSTOMER"]
    return found


def list_diagnostics(conversation) -> list[tuple]:
    rows = Diagnostic.objects.filter(conversation_id=conversation["id"])
    return [(row.code, row.reason) for row in rows]


def test_participant_customer_is_the_profile_that_has_the_address(
    make_profile, open_conversation
):
    profile = make_profile("ada@example.com", phone=CUSTOMER)

    customer = get_customer(open_conversation())

    assert customer["profileId"] == profile.rpartition("/")[2]
    assert customer["name"] == CUSTOMER


def test_participant_customer_whom_nobody_knows_becomes_a_profile(
    api, store, open_conversation
):
    customer = get_customer(open_conversation())

    path = f"/v1/Stores/{store}/Profiles"
    found = api("POST", f"{path}/Lookup", {"idType": "phone", "value": CUSTOMER})
    assert found.json()["profiles"] == [customer["profileId"]]
    traits = api.get(f"{path}/{customer['profileId']}").json()["traits"]
    assert traits == {"Contact": {"phone": CUSTOMER}}


@pytest.mark.parametrize(
    ("channel", "address", "id_type", "value"),
    [
        ("VOICE", "+1 (555) 867-5310", "phone", "+15558675310"),
        ("WHATSAPP", "whatsapp:+15558675310", "whatsapp", "whatsapp:+15558675310"),
        ("EMAIL", "Ada@Example.com", "email", "ada@example.com"),
        ("CHAT", "visitor-7", "chat", "visitor-7"),
    ],
)
def test_participant_address_of_each_channel_names_a_profile(
    store, open_conversation, channel, address, id_type, value
):
    made = open_conversation(a_participant(address, channel=channel))

    [held] = Identifier.objects.filter(store_id=store)
    assert (held.id_type, held.value) == (id_type, value)
    assert held.profile_id == get_customer(made)["profileId"]


@pytest.mark.parametrize(
    ("channel", "address", "same"),
    [
        ("EMAIL", "Ada Byron <ADA@b.com>", "ada@b.com"),
        ("EMAIL", "jose\u0301@b.com", "jos\u00e9@b.com"),
        ("EMAIL", "info@stra\u00dfe.example", "info@stra\u00dfe.example"),
        ("EMAIL", "The Desk", "the desk"),
        ("WHATSAPP", "whatsapp:+5215512345678", "+525512345678"),
        ("CHAT", "Visitor-7", "Visitor-7"),
    ],
)
def test_compare_as_reads_an_address_as_the_memory_does(channel, address, same):
    assert compare_as(Conversation(), channel, address) == same


def test_participant_address_is_a_number_of_the_stores_region(
    store, configuration, api, make_profile, open_conversation
):
    IdentitySettings.objects.filter(store_id=store).update(phone_region="NO")
    profile = make_profile("ada@example.com", phone="+47 22 33 44 55")

    made = open_conversation(a_participant("22 33 44 55"))
    path = f"{CONVERSATIONS}/{made['id']}/Participants"
    taken = api("POST", path, a_participant("+47 22 33 44 55", "UNKNOWN"))
    written = {"addresses": [a_party("0047 22334455")], "type": "CUSTOMER"}
    body = {"configurationId": configuration, "participants": [written]}
    reused = api("POST", CONVERSATIONS, body)

    assert get_customer(made)["profileId"] == profile.rpartition("/")[2]
    assert_refused(taken, 409, 20409, "addresses[0]")
    assert_refused(reused, 409, 20409, "open conversation")


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("VOICE", "client:ada"),
        ("CHAT", "client:ada"),
        ("VOICE", "sip:ada@pbx"),
        ("SMS", "nobody"),
    ],
)
def test_participant_address_that_names_nobody_is_diagnosed(
    open_conversation, channel, address
):
    made = open_conversation(a_participant(address, channel=channel))

    assert "profileId" not in get_customer(made)
    [(code, reason)] = list_diagnostics(made)
    assert code == 530001
    assert address not in reason
    assert Profile.objects.count() == 0


def test_participant_is_found_by_the_number_that_a_trunk_passes_on(
    make_profile, open_conversation
):
    profile = make_profile("ada@example.com", phone=CUSTOMER)

    made = open_conversation(a_participant(f"sip:{CUSTOMER}@pbx", channel="VOICE"))

    assert get_customer(made)["profileId"] == profile.rpartition("/")[2]


def test_participant_of_a_store_that_is_gone_goes_on_without_a_profile(
    api, store, open_conversation
):
    gone = api("DELETE", f"/v1/ControlPlane/Stores/{store}")
    assert gone.status_code == 202

    made = open_conversation()

    assert "profileId" not in get_customer(made)
    assert [code for code, _ in list_diagnostics(made)] == [530003]


def test_participant_agents_are_nobody_of_the_memory(open_conversation):
    made = open_conversation(
        a_participant(SHOP, "AI_AGENT"), a_participant(CUSTOMER, "AGENT")
    )

    assert all("profileId" not in each for each in made["participants"])
    assert Profile.objects.count() == 0


def test_participant_given_profile_is_used_and_a_wrong_one_refused(
    api, make_profile, configuration, open_conversation
):
    id_ = make_profile("ada@example.com").rpartition("/")[2]

    made = open_conversation(a_participant("visitor", channel="CHAT", profileId=id_))
    wrong = a_participant("other", channel="CHAT", profileId=new_id("mem_profile"))
    body = {"configurationId": configuration, "participants": [wrong]}

    assert get_customer(made)["profileId"] == id_
    assert_refused(api("POST", CONVERSATIONS, body), 400, 20001, "profileId")


@pytest.mark.parametrize(
    ("channel", "address", "name", "kept"),
    [
        ("CHAT", "Ana", "Ana", "Ana"),
        ("CHAT", "Jean-Luc O'Neil Jr.", "Jean-Luc O'Neil Jr.", "Jean-Luc O'Neil Jr."),
        ("CHAT", "user-17", "user-17", ""),
        ("CHAT", "user-ada", "user-ada", ""),
        ("CHAT", "安娜", "安娜", "安娜"),
        ("CHAT", "ana@chat", "ana@chat", ""),
        ("SMS", CUSTOMER, CUSTOMER, ""),
        ("EMAIL", "ada@example.com", "ada@example.com", ""),
    ],
)
def test_participant_name_that_is_the_address_is_none_unless_people_are_called_so(
    open_conversation, channel, address, name, kept
):
    made = open_conversation(a_participant(address, channel=channel, name=name))

    [row] = Participant.objects.filter(conversation_id=made["id"])
    assert row.name == kept
    assert made["participants"][0]["name"] == address


def test_participant_addresses_of_two_profiles_merge_nobody(
    make_profile, open_conversation
):
    make_profile("ada@example.com")
    make_profile("bob@example.com", phone=CUSTOMER)
    both = {
        "type": "CUSTOMER",
        "addresses": [a_party("ada@example.com", "EMAIL"), a_party(CUSTOMER)],
    }

    open_conversation(both)

    assert Profile.objects.count() == 2


def test_participant_unknown_is_a_customer_when_one_alone_is_known(
    api, make_profile, open_conversation
):
    profile = make_profile("ada@example.com", phone=CUSTOMER)
    made = open_conversation(
        a_participant(SHOP, "UNKNOWN"), a_participant(CUSTOMER, "UNKNOWN")
    )

    found = {each["name"]: each for each in made["participants"]}

    assert found[CUSTOMER]["type"] == "CUSTOMER"
    assert found[CUSTOMER]["profileId"] == profile.rpartition("/")[2]
    assert found[SHOP]["type"] == "UNKNOWN"
    assert Profile.objects.count() == 1


def test_participant_unknown_ones_stay_so_when_both_are_known(
    make_profile, open_conversation
):
    make_profile("ada@example.com", phone=CUSTOMER)
    make_profile("bob@example.com", phone=SHOP)

    made = open_conversation(
        a_participant(SHOP, "UNKNOWN"), a_participant(CUSTOMER, "UNKNOWN")
    )

    assert {each["type"] for each in made["participants"]} == {"UNKNOWN"}
    assert [code for code, _ in list_diagnostics(made)] == [530003]


def test_participant_follows_a_merge(api, store, make_profile, open_conversation):
    earlier = make_profile("ada@example.com")
    made = open_conversation()
    path = f"/v1/Stores/{store}/Profiles"
    customer = get_customer(made)["profileId"]
    merged = api(
        "POST",
        f"{path}/{customer}/Identifiers",
        {"idType": "email", "value": "ada@example.com"},
    )
    assert merged.status_code == 202

    found = api.get(f"{CONVERSATIONS}/{made['id']}").json()

    assert get_customer(found)["profileId"] == earlier.rpartition("/")[2]


def test_update_participant_replaces_one_that_was_added(api, conversation):
    path = f"{CONVERSATIONS}/{conversation['id']}/Participants"
    made = api("POST", path, a_participant("+15550002000", "HUMAN_AGENT")).json()

    put = api("PUT", f"{path}/{made['id']}", {"type": "AI_AGENT"}).json()

    assert put["type"] == "AI_AGENT"
    assert put["addresses"] == made["addresses"]
    assert api.get(f"{path}/{made['id']}").json() == put
    assert len(api.get(path).json()["participants"]) == 3


def test_create_participant_refuses_an_address_that_is_taken(api, conversation):
    path = f"{CONVERSATIONS}/{conversation['id']}/Participants"

    answer = api("POST", path, a_participant("+1 555 867 5310", "UNKNOWN"))

    assert_refused(answer, 409, 20409, "addresses[0]")
    holder = get_customer(conversation)["id"]
    assert answer.headers["X-Conflicting-Resource-Id"] == holder


def test_create_conversation_of_the_same_customer_reuses_the_first(
    api, configuration, conversation
):
    body = {"configurationId": configuration, "participants": [a_participant()]}

    answer = api("POST", CONVERSATIONS, body)

    assert_refused(answer, 409, 20409, "open conversation")
    assert answer.headers["X-Conflicting-Resource-Id"] == conversation["id"]
    api("PATCH", f"{CONVERSATIONS}/{conversation['id']}", {"status": "CLOSED"})
    assert api("POST", CONVERSATIONS, body).status_code == 201


@pytest.mark.parametrize(
    ("grouping", "status"),
    [
        ("GROUP_BY_PARTICIPANT_ADDRESSES", 409),
        ("GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE", 201),
    ],
)
def test_conversation_grouping_by_addresses_minds_channels_or_not(
    api, configure, grouping, status
):
    id_ = configure("grouped", conversationGroupingType=grouping)

    def open_on(channel: str) -> int:
        both = [
            a_participant(channel=channel),
            a_participant(SHOP, "AGENT", channel=channel),
        ]
        body = {"configurationId": id_, "participants": both}
        return api("POST", CONVERSATIONS, body).status_code

    assert (open_on("SMS"), open_on("SMS"), open_on("VOICE")) == (201, 409, status)


def test_conversation_inline_configuration_needs_store_and_grouping(api, store):
    whole = {"memoryStoreId": store, "conversationGroupingType": "GROUP_BY_PROFILE"}

    made = api("POST", CONVERSATIONS, {"configuration": whole})

    assert made.status_code == 201
    assert made.json()["configurationId"] is None
    assert made.json()["configuration"]["memoryExtractionEnabled"] is False
    for name in whole:
        part = {key: value for key, value in whole.items() if key != name}
        answer = api("POST", CONVERSATIONS, {"configuration": part})
        assert_refused(answer, 400, 20001, f"configuration.{name}")


def test_patch_conversation_merges_metadata_within_bounds(api, conversation):
    path = f"{CONVERSATIONS}/{conversation['id']}"
    api("PATCH", path, {"metadata": {"order": "7", "shop": "north"}})

    found = api("PATCH", path, {"metadata": {"order": None, "tier": "gold"}}).json()
    many = {f"key{n}": "x" for n in range(8)}

    assert found["metadata"] == {"shop": "north", "tier": "gold"}
    assert_refused(api("PATCH", path, {"metadata": many}), 400, 20001, "metadata")
    assert_refused(
        api("PATCH", path, {"metadata": {"a b": "x"}}), 400, 20001, "metadata"
    )


def test_fetch_conversation_of_a_foreign_account_is_404(make_api, conversation):
    stranger = make_api("stranger")
    path = f"{CONVERSATIONS}/{conversation['id']}"

    assert_refused(stranger("GET", path), 404, 20404)
    assert_refused(stranger("PATCH", path, {"name": "x"}), 404, 20404)
    assert_refused(stranger("DELETE", path), 404, 20404)
    assert_refused(stranger("POST", f"{path}/Communications", a_message()), 404, 20404)
    assert stranger.get(CONVERSATIONS).json()["conversations"] == []


def test_list_participants_is_in_the_order_in_which_they_came(api, conversation, path):
    found = api.get(f"{path}/Participants").json()["participants"]

    assert [each["type"] for each in found] == ["CUSTOMER", "HUMAN_AGENT"]
    assert found == conversation["participants"]


def test_fetch_participant_answers_what_the_list_does(api, conversation, path):
    for each in conversation["participants"]:
        assert api.get(f"{path}/Participants/{each['id']}").json() == each


def test_participant_named_by_an_address_has_no_name(api, path):
    [customer, _] = api.get(f"{path}/Participants").json()["participants"]
    sent_back = {key: customer[key] for key in ("name", "type", "addresses")}

    answer = api("PUT", f"{path}/Participants/{customer['id']}", sent_back).json()

    assert answer["name"] == CUSTOMER
    assert Participant.objects.get(id=customer["id"]).name == ""


def test_participants_of_one_conversation_are_limited(api, path, say, monkeypatch):
    monkeypatch.setattr(wire, "PARTICIPANTS_PER_CONVERSATION", 3)
    say(author=a_party("+15557770000"))
    late = a_message(author=a_party("+15557770001"))

    for answer in (
        api("POST", f"{path}/Participants", a_participant("+15557770001", "AGENT")),
        api("POST", f"{path}/Communications", late),
    ):
        assert_refused(answer, 400, 20001, "participants: at most 3")
    say(author=a_party("+15557770000"))


def test_participant_strangers_behind_one_address_stay_apart(
    api, store, open_conversation
):
    def call(name: str, phone: str) -> dict:
        addresses = [a_party("desk@hotel.example", "EMAIL"), a_party(phone)]
        stranger = {"type": "CUSTOMER", "name": name, "addresses": addresses}
        return open_conversation(stranger)

    ada = call("Ada", "+12025550161")
    bob = call("Bob", "+12025550162")

    [pair] = api.get(f"/v1/Stores/{store}/MergeSuggestions").json()["suggestions"]
    assert pair["profiles"] == [get_customer(each)["profileId"] for each in (ada, bob)]
    assert pair["contradictions"] == ["names", "phones"]
    [told] = list_diagnostics(bob)
    assert told == (
        530001,
        "addresses[0]: held by a profile with another name and phone number, a merge is "
        "suggested",
    )


def test_participant_address_that_is_a_placeholder_is_diagnosed(open_conversation):
    addresses = [a_party("noreply@hotel.example", "EMAIL"), a_party(CUSTOMER)]

    made = open_conversation({"type": "CUSTOMER", "addresses": addresses})

    assert get_customer(made)["profileId"]
    [(_, reason)] = list_diagnostics(made)
    assert reason == "addresses[0]: a placeholder, which names nobody"


def test_an_erased_address_leaves_the_conversation_without_a_profile(
    api, make_profile, open_conversation
):
    api("DELETE", f"{make_profile(phone=CUSTOMER)}?suppress=true")

    customer = get_customer(open_conversation())

    assert not customer.get("profileId")
    assert not Profile.objects.exists()
    assert "erased" in Diagnostic.objects.get().reason
    assert Suppression.objects.get(id_type="phone").refused == 1
