"""Two profiles that turn out to be one person. Contract 7 and 12.2."""

import pytest
import time_machine

from console.service.memory.embedding_jobs import make_vectors
from console.service.memory.models import (
    IdentitySettings,
    IndexEntry,
    MergedProfile,
    Observation,
    Profile,
)
from tests.service.conftest import (
    a_summary,
    an_observation,
    assert_refused,
)

PHONE = "+15558675310"


def id_of(path: str) -> str:
    return path.rsplit("/", 1)[1]


@pytest.fixture
def ada(make_profile) -> str:
    return make_profile("ada@b.com", firstName="Ada", city="London")


@pytest.fixture
def caller(api, store) -> str:
    """The same person by phone, known a moment later; the path of that profile."""
    path = f"/v1/Stores/{store}/Profiles"
    traits = {"Contact": {"phone": PHONE, "firstName": "A.", "country": "UK"}}
    return f"{path}/{api('POST', path, {'traits': traits}).json()['id']}"


@pytest.fixture
def both(api, store, ada, caller):
    """A write that shows that they are one person; answers what it was answered."""

    def write():
        traits = {"Contact": {"email": "ada@b.com", "phone": PHONE}}
        return api("POST", f"/v1/Stores/{store}/Profiles", {"traits": traits})

    return write


def test_the_earliest_profile_goes_on(api, both, ada, caller):
    answer = both()

    assert answer.json()["id"] == id_of(ada)
    assert Profile.objects.count() == 1
    assert MergedProfile.objects.get().id == id_of(caller)


def test_everything_moves_with_its_id(api, both, observe, summarise, ada, caller):
    [kept] = observe("likes tea", path=ada)
    first, second = observe("likes coffee", "has a dog", path=caller)
    api("PATCH", f"{caller}/Observations/{first['id']}", {"content": "likes cocoa"})
    [summary] = summarise("asked about cocoa", path=caller)

    both()

    told = api.get(f"{ada}/Observations").json()["observations"]
    assert {o["id"] for o in told} == {kept["id"], first["id"], second["id"]}
    revisions = api.get(f"{ada}/Observations/{first['id']}/Revisions").json()
    assert revisions["revisions"][0]["content"] == "likes cocoa"
    assert len(revisions["revisions"]) == 2
    [same] = api.get(f"{ada}/ConversationSummaries").json()["summaries"]
    assert same["id"] == summary["id"]
    assert not Observation.objects.filter(profile_id=id_of(caller)).exists()


def test_recall_and_lookup_see_one_person(api, both, observe, store, ada, caller):
    observe("likes cocoa", path=caller)
    make_vectors.func()
    both()

    recalled = api("POST", f"{ada}/Recall", {"query": "cocoa"}).json()
    by_phone = api(
        "POST",
        f"/v1/Stores/{store}/Profiles/Lookup",
        {"idType": "phone", "value": PHONE},
    ).json()

    assert recalled["observations"][0]["content"] == "likes cocoa"
    assert by_phone["profiles"] == [id_of(ada)]
    entry = IndexEntry.objects.get()
    assert (entry.profile_id, entry.model) == (id_of(ada), "use-3")


def test_of_two_values_of_a_trait_the_newer_one_stays(api, ada, caller, both):
    api("PATCH", ada, {"traits": {"Contact": {"city": "Paris"}}})
    api("PATCH", caller, {"traits": {"Contact": {"city": "Rome"}}})
    api("PATCH", ada, {"traits": {"Contact": {"country": "FR"}}})

    both()

    contact = api.get(ada).json()["traits"]["Contact"]
    assert contact == {
        "email": "ada@b.com",
        "phone": PHONE,
        "firstName": "A.",
        "city": "Rome",
        "country": "FR",
    }


def test_identifiers_are_united_under_their_limit(api, store, ada, caller, both):
    settings = IdentitySettings.objects.get(store_id=store)
    for config in settings.identifier_configs:
        config["limit"] = 2
    settings.save()
    for path, values in ((ada, ("a1", "a2")), (caller, ("c1", "c2"))):
        for value in values:
            api("POST", f"{path}/Identifiers", {"idType": "chat", "value": value})

    both()

    sets = {
        s["idType"]: s["values"]
        for s in api.get(f"{ada}/Identifiers").json()["identifiers"]
    }
    assert sets == {"chat": ["c1", "c2"], "email": ["ada@b.com"], "phone": [PHONE]}


def test_a_read_of_the_old_id_is_sent_to_the_canonical_one(api, both, ada, caller):
    both()

    for under in ("", "/Traits", "/Identifiers", "/Identifiers/phone", "/Observations"):
        answer = api.get(caller + under, pageSize="5")
        assert answer.status_code == 301
        assert answer.headers["Canonical-Profile-Id"] == id_of(ada)
        target = f"http://testserver{ada}{under}?pageSize=5"
        assert answer.headers["Location"] == target
        assert answer.json() == {
            "message": "This profile was merged into another.",
            "uri": target,
        }
        assert api.get(target).status_code == 200


def test_a_write_under_the_old_id_is_sent_to_the_canonical_one(
    api, both, observe, ada, caller
):
    [seen] = observe("likes tea", path=caller)
    both()

    for method, under, body in (
        ("PATCH", "", {"traits": {}}),
        ("POST", "/Identifiers", {"idType": "chat", "value": "ada"}),
        ("POST", "/Observations", {"observations": [an_observation()]}),
        ("PATCH", f"/Observations/{seen['id']}", {"source": "desk"}),
        ("POST", "/ConversationSummaries", {"summaries": [a_summary()]}),
        ("POST", "/Recall", {"query": "tea"}),
        ("DELETE", f"/Observations/{seen['id']}", None),
        ("DELETE", "/Identifiers/phone", None),
        ("DELETE", "", None),
    ):
        answer = api(method, caller + under, body)
        assert answer.status_code == 308, (method, under)
        assert answer.headers["Location"] == f"http://testserver{ada}{under}"
        again = api(method, answer.headers["Location"], body)
        assert again.status_code in (200, 202)


def test_one_memory_is_answered_under_the_old_id_with_the_canonical_one_named(
    api, both, observe, summarise, ada, caller
):
    [seen] = observe("likes tea", path=caller)
    [summary] = summarise("asked about tea", path=caller)
    both()

    for under in (
        f"Observations/{seen['id']}",
        f"Observations/{seen['id']}/Revisions",
        f"ConversationSummaries/{summary['id']}",
    ):
        answer = api.get(f"{caller}/{under}")
        assert answer.status_code == 200
        assert answer.headers["Canonical-Profile-Id"] == id_of(ada)
        assert "Canonical-Profile-Id" not in api.get(f"{ada}/{under}").headers


def test_an_installation_can_answer_reads_of_the_old_id_at_once(
    api, both, ada, caller, settings
):
    settings.MEMORY_FOLLOW_MERGED = True
    both()

    answer = api.get(caller)

    assert (answer.status_code, answer.json()["id"]) == (200, id_of(ada))
    assert answer.headers["Canonical-Profile-Id"] == id_of(ada)
    assert api("PATCH", caller, {"traits": {}}).status_code == 308


def test_an_identifier_of_another_profile_merges_the_two(api, ada, caller):
    answer = api(
        "POST", f"{caller}/Identifiers", {"idType": "email", "value": "ada@b.com"}
    )

    assert answer.status_code == 202
    assert Profile.objects.get().id == id_of(ada)
    assert api.get(f"{ada}/Identifiers/phone").json()["values"] == [PHONE]


def test_a_patch_with_an_identifier_of_another_merges_and_writes(api, ada, caller):
    traits = {"Contact": {"email": "ada@b.com", "firstName": "Augusta"}}

    answer = api("PATCH", caller, {"traits": traits})

    assert answer.status_code == 202
    contact = api.get(ada).json()["traits"]["Contact"]
    assert (contact["firstName"], contact["phone"]) == ("Augusta", PHONE)


def test_a_changed_identifier_of_another_merges(api, ada, caller):
    body = {"idType": "phone", "oldValue": PHONE, "newValue": "+15558675311"}
    api("POST", f"{ada}/Identifiers", {"idType": "phone", "value": "+15558675311"})

    answer = api("PATCH", f"{caller}/Identifiers/phone", body)

    assert answer.status_code == 202
    assert api.get(f"{ada}/Identifiers/phone").json()["values"] == ["+15558675311"]
    assert Profile.objects.count() == 1


def test_merging_on_and_on_leads_every_old_id_to_one(
    api, both, make_profile, ada, caller
):
    third = make_profile("third@b.com")
    both()
    api("POST", f"{third}/Identifiers", {"idType": "email", "value": "ada@b.com"})
    early = make_profile("early@b.com")
    Profile.objects.filter(id=id_of(early)).update(created_at="2020-01-01T00:00:00Z")

    api("POST", f"{ada}/Identifiers", {"idType": "email", "value": "early@b.com"})

    assert Profile.objects.get().id == id_of(early)
    for path in (ada, caller, third):
        assert api.get(path).headers["Canonical-Profile-Id"] == id_of(early)


def test_with_the_profile_go_the_ids_that_led_to_it(api, both, ada, caller):
    both()

    api("DELETE", ada)

    assert_refused(api.get(caller), 404, 20404)
    assert not MergedProfile.objects.exists()


def test_a_value_that_may_be_shared_needs_a_second_one_to_mean_somebody(
    api, store, make_profile
):
    settings = IdentitySettings.objects.get(store_id=store)
    for config in settings.identifier_configs:
        config["enforceUnique"] = False
    settings.save()
    path = f"/v1/Stores/{store}/Profiles"
    one = id_of(make_profile("family@b.com", phone=PHONE))

    def create(**contact: str) -> str:
        return api("POST", path, {"traits": {"Contact": contact}}).json()["id"]

    assert create(email="family@b.com") != one
    assert create(email="family@b.com", phone=PHONE) == one
    assert Profile.objects.count() == 2


def test_a_fuzzy_type_means_the_most_similar_value_and_merges_nobody(
    api, store, make_profile
):
    settings = IdentitySettings.objects.get(store_id=store)
    for config in settings.identifier_configs:
        config["matchingAlgo"] = "fuzzy"
        config["matchingThreshold"] = 90
    settings.save()
    near = id_of(make_profile("augusta.king@b.com"))
    other = id_of(make_profile("nobody.else@b.com"))
    profiles = f"/v1/Stores/{store}/Profiles"

    def lookup(email: str) -> list[str]:
        body = {"idType": "email", "value": email}
        return api("POST", f"{profiles}/Lookup", body).json()["profiles"]

    assert lookup("augusta.kong@b.com") == [near]
    assert lookup("charles.b@b.com") == []
    traits = {"Contact": {"email": "augusta.kinq@b.com"}}
    assert api("POST", profiles, {"traits": traits}).json()["id"] == near
    assert lookup("nobody.else@b.com") == [other]
    assert Profile.objects.count() == 2


def test_another_store_keeps_its_own_person(api, make_store, make_profile, both, ada):
    elsewhere = make_profile("ada@b.com", store=make_store("client-2"))

    both()

    assert api.get(elsewhere).json()["id"] == id_of(elsewhere)
    assert_refused(api.get(elsewhere.replace(id_of(elsewhere), id_of(ada))), 404, 20404)


def test_a_profile_names_its_old_ids_to_who_asks(api, ada, caller, both):
    both()

    asked = api.get(ada, includeMergedIds="true").json()

    assert asked["mergedIds"] == [id_of(caller)]
    assert "mergedIds" not in api.get(ada).json()


def test_a_redirect_that_would_be_too_long_begins_anew(api, ada, caller, both):
    both()

    answer = api.get(f"{caller}/Traits", pageToken="0" * 2048)

    assert answer.status_code == 301
    assert answer.json()["uri"].endswith(f"/Profiles/{id_of(ada)}/Traits")
    assert answer.headers["Location"] == answer.json()["uri"]


def test_recall_as_of_before_a_merge_has_nothing_of_the_other(
    api, both, observe, ada, caller
):
    with time_machine.travel("2027-01-01T09:00:00Z", tick=False):
        observe("likes tea", path=ada)
        observe("likes coffee", path=caller)
    with time_machine.travel("2027-01-02T09:00:00Z", tick=False):
        both()

    before, after = (
        api("POST", f"{ada}/Recall", {"asOf": f"2027-01-0{day}T12:00:00Z"}).json()
        for day in (1, 2)
    )

    assert [each["content"] for each in before["observations"]] == ["likes tea"]
    assert len(after["observations"]) == 2
