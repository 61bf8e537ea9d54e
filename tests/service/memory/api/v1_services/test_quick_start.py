"""What an older client does from its first day on, call by call. Contract 16."""

from tests.service.memory.api.v1_services.conftest import SERVICES

CONVERSATION = "CH0123456789abcdef0123456789abcdef"
CALLER = "+15558675310"
CONTACT = {
    "phone": CALLER,
    "firstName": "Ada",
    "lastName": "Byron",
    "email": "ada@example.com",
}


def test_a_client_of_the_older_dialect_needs_no_change(api):
    """One story: each call uses what an earlier one answered."""
    store = api(
        "POST",
        SERVICES,
        {"uniqueName": "my-app-memory", "friendlyName": "Memory of my app"},
    ).json()
    people = f"{SERVICES}/{store['sid']}/Profiles"

    profile = api("POST", people, {"traits": {"Contact": CONTACT}}).json()
    lookup = api("POST", f"{people}/Lookup", {"idType": "phone", "value": CALLER})
    profile_id = lookup.json()["profiles"][0]["id"]
    assert profile_id == profile["id"]

    person = f"{people}/{profile_id}"
    seen = {
        "content": "Asks where order 77 is; wants it by express. Prefers SMS.",
        "source": "custom_extraction",
        "occurredAt": "2026-04-20T14:30:00Z",
        "conversationIds": [CONVERSATION],
    }
    written = api("POST", f"{person}/Observations", {"observations": [seen]})
    assert written.is_success
    told = {"content": "Has two dogs", "source": "voice_agent"}
    written = api("POST", f"{person}/Observations", {"observations": [told]})
    assert written.is_success

    summary = {
        "conversationId": CONVERSATION,
        "content": "Called about order 77: it goes by express now.",
        "source": "manual",
    }
    assert api("POST", f"{person}/ConversationSummaries", summary).is_success

    limits = {"observationsLimit": 10, "summariesLimit": 3}
    for question in ({"conversationId": CONVERSATION}, {"query": "express order"}):
        recalled = api("POST", f"{person}/Recall", question | limits).json()
        ranked = [item["content"] for item in recalled["observations"]]
        assert ranked == [seen["content"], told["content"]]
        assert [s["content"] for s in recalled["summaries"]] == [summary["content"]]
        assert all("score" in item for item in recalled["observations"])
    loaded = api("POST", f"{person}/Recall", {"observationsLimit": 5}).json()
    newest = [item["content"] for item in loaded["observations"]]
    assert newest == [told["content"], seen["content"]]


def test_each_client_of_ours_has_a_store_and_none_sees_another(api):
    stores = [
        api(
            "POST", SERVICES, {"uniqueName": f"client-{n}", "friendlyName": f"No. {n}"}
        ).json()
        for n in (1, 2)
    ]
    one, other = (f"{SERVICES}/{store['sid']}/Profiles" for store in stores)

    ids = [
        api("POST", people, {"traits": {"Contact": CONTACT}}).json()["id"]
        for people in (one, other)
    ]

    assert stores[0]["sid"] != stores[1]["sid"]
    for people, id_ in zip((one, other), ids, strict=True):
        lookup = api("POST", f"{people}/Lookup", {"idType": "phone", "value": CALLER})
        assert lookup.json() == {"normalizedValue": CALLER, "profiles": [{"id": id_}]}
    assert api.get(f"{one}/{ids[1]}").status_code == 404


def test_a_caller_nobody_knows_has_an_empty_list_of_profiles(api, service):
    lookup = api(
        "POST", f"{service}/Profiles/Lookup", {"idType": "phone", "value": CALLER}
    )

    assert lookup.status_code == 200
    assert lookup.json()["profiles"] == []
