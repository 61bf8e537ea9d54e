"""One account never learns of another; one store never of its neighbour."""

from dataclasses import dataclass

import pytest
from django.apps import apps

from console.service.models import ProgramWrite
from tests.service.conftest import CONTROL, CONVERSATION, a_summary, an_observation
from tests.service.routes import every_call

CANARY = "canary-7f3a"
MAPPING = {
    "displayName": CANARY,
    "mappingFrom": {"type": "INGRESS", "columns": ["a"]},
    "mappingTo": {
        "type": "TRAITS",
        "mappings": [{"expression": "a", "traitGroup": "Contact", "traitName": "city"}],
    },
}
BODIES = {
    "Stores": {"displayName": "theirs"},
    "TraitGroups": {"displayName": "Account"},
    "Profiles": {"traits": {"Contact": {"email": "new@b.com"}}},
    "Lookup": {"idType": "email", "value": f"{CANARY}@b.com"},
    "Identifiers": {"idType": "chat", "value": "x"},
    "Observations": {"observations": [an_observation()]},
    "ConversationSummaries": {"summaries": [a_summary()]},
    "Recall": {"query": CANARY},
    "Search": {"query": CANARY},
    "Unmerge": {},
    "Trial": {},
    "ModelUsage": {"calls": 1},
    "DataMappings": MAPPING,
    "Imports": {
        "filename": "people.csv",
        "fileSize": 10,
        "columnMappings": [
            {"columnName": name, "traitGroup": "Contact", "traitName": name}
            for name in ("email", "city")
        ],
    },
}
CHANGES = {
    "IdentityResolutionSettings": {
        "identifierConfigs": [{"idType": "email"}],
        "matchingRules": ["email"],
    },
    "Bulk": {"profiles": [{"traits": {"Contact": {"email": "x@b.com"}}}]},
    "email": {"idType": "email", "oldValue": "x@b.com", "newValue": "y@b.com"},
}


@dataclass
class Owned:
    """Ids of everything that one account has."""

    store: str
    group: str
    profile: str
    observation: str
    summary: str
    operation: str
    mapping: str
    suggestion: str

    def names(self) -> dict[str, str]:
        return vars(self)


@pytest.fixture
def furnish(api, make_store, make_profile, observe, summarise):
    """Fills a new store of an account with one of everything, marked."""

    def make(by, name: str) -> Owned:
        made = by("POST", CONTROL, {"displayName": name})
        operation = by.result(made)
        store = operation["result"]["id"]
        group = {"displayName": "Secret", "description": CANARY}
        by("POST", f"{CONTROL}/{store}/TraitGroups", group)
        mapped = by.result(by("POST", f"{CONTROL}/{store}/DataMappings", MAPPING))
        path = make_profile(f"{CANARY}@b.com", by=by, store=store, city=CANARY)
        items = {"observations": [an_observation(CANARY, source=CANARY)]}
        by("POST", f"{path}/Observations", items)
        items = {"summaries": [a_summary(CANARY, conversationId=CONVERSATION)]}
        by("POST", f"{path}/ConversationSummaries", items)
        for email, phone in (("a", "+12025550161"), ("b", "+12025550162")):
            contact = {"phone": phone, "firstName": f"{CANARY}-{email}"}
            make_profile(f"{email}@b.com", by=by, store=store, **contact)
        both = {"Contact": {"email": "a@b.com", "phone": "+12025550162"}}
        by("POST", f"/v1/Stores/{store}/Profiles", {"traits": both})
        for chat in ("one", "other"):
            merged = make_profile(f"{chat}@c.com", by=by, store=store)
            value = {"idType": "chat", "value": CANARY}
            by("POST", f"{merged}/Identifiers", value)
        waiting = by.get(f"/v1/Stores/{store}/MergeSuggestions").json()
        [seen] = by.get(f"{path}/Observations").json()["observations"]
        [summary] = by.get(f"{path}/ConversationSummaries").json()["summaries"]
        return Owned(
            store=store,
            group="Secret",
            profile=path.rpartition("/")[2],
            observation=seen["id"],
            summary=summary["id"],
            operation=operation["operationId"],
            mapping=mapped["result"]["id"],
            suggestion=waiting["suggestions"][0]["id"],
        )

    return make


def body_of(method: str, path: str) -> dict | None:
    last = path.rpartition("/")[2]
    if last.startswith("mem_suggestion_"):
        return {"decision": "refuse"}
    if last.startswith("conv_learned_"):
        return {"outcome": "dropped"}
    if method == "POST":
        return BODIES[last]
    if last.startswith("mem_datamapping_") and method == "PATCH":
        return {"description": "new"}
    return CHANGES.get(last, {}) if method in {"PATCH", "PUT"} else None


def test_a_foreign_id_is_answered_as_an_unknown_one(api, make_api, furnish):
    theirs = furnish(make_api("theirs"), "client-1")
    unknown = {name: made_up(value) for name, value in theirs.names().items()}
    calls = zip(every_call(**theirs.names()), every_call(**unknown), strict=True)

    tried = 0
    for (method, foreign), (_, random) in calls:
        if foreign == random:  # A collection of the account.
            continue
        tried += 1
        body = body_of(method, foreign)
        one, other = api(method, foreign, body), api(method, random, body)
        assert one.status_code == 404, (method, foreign)
        assert one.content == other.content
        assert same_headers(one) == same_headers(other)
        assert CANARY not in one.text
    assert tried > 30


def made_up(value: str) -> str:
    """Another id of the same kind; a name stays, it is asked for in another store."""
    head, _, tail = value.rpartition("_")
    return f"{head}_{'0' * len(tail)}" if head else value


def same_headers(answer) -> list[tuple[str, str]]:
    """All but the request's own id."""
    own = {"x-request-id", "twilio-request-id"}
    return sorted(item for item in answer.headers.multi_items() if item[0] not in own)


@pytest.mark.parametrize(
    "field", ["profile", "observation", "summary", "group", "mapping", "suggestion"]
)
def test_an_id_of_ones_own_other_store_is_as_unknown(api, store, furnish, field):
    """Nested under a store of one's own: a known store never opens a foreign child."""
    other = furnish(api, "client-2")
    mine = furnish(api, "client-3")
    if field == "group":
        path = f"{CONTROL}/{mine.store}/TraitGroups/Secret"
        assert api("DELETE", path).status_code == 202
    mixed = mine.names() | {field: getattr(other, field)}
    unknown = mine.names() | {field: made_up(getattr(other, field))}
    calls = zip(every_call(**mixed), every_call(**unknown), strict=True)

    for (method, foreign), (_, random) in calls:
        if getattr(other, field) not in foreign:
            continue
        body = body_of(method, foreign)
        one, other_answer = api(method, foreign, body), api(method, random, body)
        assert one.status_code == 404, (method, foreign)
        assert one.content == other_answer.content
    assert api.get(f"{CONTROL}/{other.store}/TraitGroups/Secret").status_code == 200


def test_lists_lookup_and_recall_hold_nothing_of_a_neighbour(
    api, make_api, furnish, store, profile, observe
):
    neighbours = [furnish(make_api("theirs"), "client-1"), furnish(api, "client-2")]
    observe("mine", conversationIds=[CONVERSATION])
    base = f"/v1/Stores/{store}/Profiles"

    lookup = api("POST", f"{base}/Lookup", BODIES["Lookup"]).json()
    recalled = [
        api("POST", f"{profile}/Recall", question).text
        for question in ({}, {"query": CANARY}, {"conversationId": CONVERSATION})
    ]

    assert lookup["profiles"] == []
    paths = [base, profile]
    paths += [f"{CONTROL}/{store}/{child}" for child in ("TraitGroups", "DataMappings")]
    paths += [f"{profile}/{child}" for child in ("Traits", "Observations")]
    for text in [*recalled, *(api.get(path).text for path in paths)]:
        assert CANARY not in text
        for neighbour in neighbours:
            assert neighbour.profile not in text
    assert neighbours[0].store not in api.get(CONTROL).text


def test_the_same_person_in_two_stores_is_two_profiles(api, furnish):
    one, other = furnish(api, "client-2"), furnish(api, "client-3")

    assert one.profile != other.profile


def test_a_token_of_a_neighbours_list_opens_nothing(api, make_api, furnish, store):
    other = make_api("theirs")
    theirs = furnish(other, "client-1")
    path = f"/v1/Stores/{theirs.store}/Profiles"
    traits = {"traits": {"Contact": {"email": "second@b.com"}}}
    other("POST", path, traits)
    token = other.get(path, pageSize="1").json()["meta"]["nextToken"]

    assert api.get(path, pageToken=token).status_code == 404
    mine = api.get(f"/v1/Stores/{store}/Profiles", pageToken=token)
    assert mine.status_code == 400
    assert theirs.store not in mine.text


def test_deleting_a_store_leaves_its_neighbour_whole(api, furnish):
    gone, kept = furnish(api, "client-2"), furnish(api, "client-3")
    tables = apps.get_app_config("service").get_models()
    # But for what the audit log has still to take.
    scoped = [m for m in tables if hasattr(m, "store_id") and m is not ProgramWrite]
    before = {m: m.objects.filter(store_id=kept.store).count() for m in scoped}

    api.result(api("DELETE", f"{CONTROL}/{gone.store}"))

    assert len(scoped) == 32
    for model, count in before.items():
        assert model.objects.filter(store_id=kept.store).count() == count
        assert not model.objects.filter(store_id=gone.store).exists()
    assert api.get(f"{CONTROL}/{kept.store}").status_code == 200


def test_the_memory_never_asks_the_consoles_database(
    api, profile, observe, django_assert_num_queries
):
    api.get(profile)  # which its key is logged for, once a day

    with django_assert_num_queries(0):
        observe("x")
        api("POST", f"{profile}/Recall", {"query": "x"})
