"""Contract 16.1: what the older dialect never showed is read and deleted as today."""

import pytest

from console.service.urls import urlpatterns
from tests.service.conftest import CONVERSATION, assert_refused
from tests.service.memory.api.v1_services.conftest import as_current

READS = [
    "",
    "/Traits",
    "/Identifiers",
    "/Identifiers/email",
    "/Observations",
    "/ConversationSummaries",
]


def test_every_address_of_a_store_is_there_in_both_dialects():
    routes = [str(pattern.pattern) for pattern in urlpatterns]
    current = [route for route in routes if route.startswith("v1/Stores/")]
    older = [route for route in routes if route.startswith("v1/Services/")]

    assert current
    assert older[1:] == [route.replace("Stores", "Services") for route in current]


@pytest.mark.parametrize("tail", READS)
def test_a_profile_reads_the_same_in_both_dialects(api, person, note, sum_up, tail):
    note("likes tea", conversationIds=[CONVERSATION])
    sum_up({"conversationId": CONVERSATION, "content": "x", "source": "desk"})

    older, current = api.get(person + tail), api.get(as_current(person) + tail)

    assert older.status_code == 200
    assert older.json() == current.json()


def test_profiles_are_listed_and_a_token_stays_in_its_dialect(api, service, person):
    traits = {"traits": {"Contact": {"email": "second@b.com"}}}
    second = api("POST", f"{service}/Profiles", traits).json()["id"]
    path = f"{service}/Profiles"

    first = api.get(path, pageSize="1").json()

    token = first["meta"]["nextToken"]
    assert first["profiles"] == [second]
    assert api.get(path, pageToken=token).json()["profiles"] == [
        person.rpartition("/")[2]
    ]
    assert_refused(api.get(as_current(path), pageToken=token), 400, 400, "pageToken")


def test_a_profile_is_deleted_for_good_in_both_dialects(api, person):
    answer = api("DELETE", person)

    assert answer.status_code == 202
    assert_refused(api.get(person), 404, 20404)
    assert_refused(api.get(as_current(person)), 404, 20404)


def test_an_identifier_is_added_and_found_and_removed(api, service, person):
    chat = {"idType": "chat", "value": "ada-1"}

    added = api("POST", f"{person}/Identifiers", chat)
    found = api("POST", f"{service}/Profiles/Lookup", chat).json()["profiles"]
    removed = api("DELETE", f"{person}/Identifiers/chat")

    assert added.status_code == removed.status_code == 202
    assert found == [{"id": person.rpartition("/")[2]}]
    assert_refused(api.get(f"{person}/Identifiers/chat"), 404, 20404)


def test_a_merged_profile_leads_to_its_canonical_one_in_the_same_dialect(
    api, service, person
):
    phone = {"Contact": {"phone": "+15558675310"}}
    later = api("POST", f"{service}/Profiles", {"traits": phone}).json()["id"]
    both = {"Contact": {"email": "a@b.com"} | phone["Contact"]}
    api("POST", f"{service}/Profiles", {"traits": both})
    gone = f"{service}/Profiles/{later}"

    read = api.get(f"{gone}/Observations")
    body = {"observations": [{"content": "likes tea", "source": "desk"}]}
    written = api("POST", f"{gone}/Observations", body)

    for answer, status in ((read, 301), (written, 308)):
        assert answer.status_code == status
        assert answer.headers["Location"].endswith(f"{person}/Observations")
        assert answer.headers["Canonical-Profile-Id"] == person.rpartition("/")[2]


def test_a_bulk_write_wants_declared_groups_as_it_does_today(api, service, person):
    items = [{"traits": {"Contact": {"email": "a@b.com", "city": "Rome"}}}]
    undeclared = [{"traits": items[0]["traits"] | {"Account": {"tier": "gold"}}}]

    skipped = api("PUT", f"{service}/Profiles/Bulk", {"profiles": undeclared})
    answer = api("PUT", f"{service}/Profiles/Bulk", {"profiles": items})

    operation = api.get(skipped.json()["statusUrl"]).json()
    assert operation["refusals"][0]["field"] == "traits.Account"
    assert answer.status_code == 202
    assert api.get(person).json()["traits"]["Contact"]["city"] == "Rome"
