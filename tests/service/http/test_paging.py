"""Contract section 4: every list, forward and back."""

from datetime import UTC, datetime

import pytest
import time_machine

from console.service.memory.models import Observation, Summary
from tests.service.conftest import CONTROL, assert_refused
from tests.service.walk import walk

STRING = {"dataType": "STRING"}
LISTS = ["stores", "traitGroups", "profiles", "traits", "observations", "summaries"]
CAPS = {
    "stores": 100,
    "traitGroups": 50,
    "profiles": 1000,
    "traits": 100,
    "observations": 50,
    "summaries": 50,
}


@pytest.fixture
def seven(request, api, store, make_store, make_profile, declare):
    """Answers a function that makes seven items of a list and gives its path."""

    def stores() -> str:
        for number in range(6):
            make_store(f"more-{number}")
        return CONTROL

    def trait_groups() -> str:
        for number in range(6):
            declare(f"G{number}")
        return f"{CONTROL}/{store}/TraitGroups"

    def profiles() -> str:
        for number in range(7):
            make_profile(f"{number}@b.com")
        return f"/v1/Stores/{store}/Profiles"

    def traits() -> str:
        names = ("firstName", "lastName", "city", "dob", "state", "street")
        path = make_profile(**dict.fromkeys(names, "x"))
        return f"{path}/Traits"

    def observations() -> str:
        # In one batch: they share their moment of creation.
        request.getfixturevalue("observe")(*map(str, range(7)))
        return f"{request.getfixturevalue('profile')}/Observations"

    def summaries() -> str:
        request.getfixturevalue("summarise")(*map(str, range(7)))
        return f"{request.getfixturevalue('profile')}/ConversationSummaries"

    return {
        "stores": stores,
        "traitGroups": trait_groups,
        "profiles": profiles,
        "traits": traits,
        "observations": observations,
        "summaries": summaries,
    }


@pytest.mark.parametrize("key", LISTS)
def test_a_list_is_read_forward_and_back(api, seven, key):
    path = seven[key]()
    whole = api.get(path).json()[key]

    pages = list(walk(api, path, pageSize="3"))
    last = api.get(path, pageToken=pages[1]["meta"]["nextToken"])
    back = [last.json()]
    while token := back[-1]["meta"].get("previousToken"):
        back.append(api.get(path, pageToken=token).json())

    assert len(whole) == 7
    assert [len(page[key]) for page in pages] == [3, 3, 1]
    assert [item for page in pages for item in page[key]] == whole
    assert [page[key] for page in back] == [page[key] for page in reversed(pages)]
    shapes = [set(page["meta"]) for page in pages]
    assert shapes == [
        {"key", "pageSize", "nextToken"},
        {"key", "pageSize", "nextToken", "previousToken"},
        {"key", "pageSize", "previousToken"},
    ]
    assert [set(page["meta"]) for page in back] == shapes[::-1]
    for page in pages:
        assert page.keys() == {key, "meta"}
        assert page["meta"]["key"] == key
        assert page["meta"]["pageSize"] == len(page[key])


@pytest.mark.parametrize("key", [key for key in LISTS if key != "summaries"])
def test_an_ordered_list_is_read_both_ways(api, seven, key):
    path = seven[key]()
    newest_first = api.get(path).json()[key]

    pages = walk(api, path, pageSize="2", orderBy="ASC")

    assert api.get(path, orderBy="DESC").json()[key] == newest_first
    read = [item for page in pages for item in page[key]]
    assert read == newest_first[::-1]


@pytest.mark.parametrize("key", LISTS)
def test_a_list_that_fits_has_no_tokens(api, seven, key):
    path = seven[key]()

    listed = api.get(path, pageSize="7").json()

    assert listed["meta"] == {"key": key, "pageSize": 7}


@pytest.mark.parametrize("key", LISTS)
def test_a_size_above_the_cap_is_clamped(api, seven, key):
    path = seven[key]()

    for size in (CAPS[key] + 1, 10**9, "9" * 5000):
        answer = api.get(path, pageSize=str(size))
        assert answer.status_code == 200
        assert len(answer.json()[key]) == 7


def test_the_cap_is_what_the_array_may_hold(api, profile, observe):
    for _ in range(6):
        observe(*(["x"] * 10))
    path = f"{profile}/Observations"

    page = api.get(path, pageSize="1000").json()

    assert len(page["observations"]) == page["meta"]["pageSize"] == 50
    rest = api.get(path, pageToken=page["meta"]["nextToken"]).json()
    assert len(rest["observations"]) == 10


@pytest.mark.parametrize("size", ["0", "-1", "abc", "1.5", "٣", "1e3", " 5", "+5"])
def test_a_size_that_is_none_is_refused(api, size):
    assert_refused(api.get(CONTROL, pageSize=size), 400, 400, "pageSize")


def test_an_order_that_is_none_is_refused(api):
    assert_refused(api.get(CONTROL, orderBy="newest"), 400, 400, "orderBy")


def test_capitalised_names_of_older_clients_are_understood(api, seven):
    path = seven["profiles"]()

    first = api.get(path, PageSize="3", Page="0").json()
    second = api.get(path, PageToken=first["meta"]["nextToken"]).json()

    assert len(first["profiles"]) == len(second["profiles"]) == 3
    assert not set(first["profiles"]) & set(second["profiles"])


def test_items_created_in_one_moment_are_each_seen_once(api, store, make_profile):
    with time_machine.travel(1_767_600_000, tick=False):
        made = {make_profile(f"{n}@b.com").rpartition("/")[2] for n in range(5)}
    path = f"/v1/Stores/{store}/Profiles"

    pages = walk(api, path, pageSize="2")

    read = [item for page in pages for item in page["profiles"]]
    assert len(read) == 5
    assert set(read) == made


def test_writes_between_pages_shift_nothing(api, profile, observe):
    observe("1", "2", "3", "4")
    path = f"{profile}/Observations"
    first = api.get(path, pageSize="2").json()
    seen = [item["content"] for item in first["observations"]]

    observe("new")
    api("DELETE", f"{path}/{first['observations'][-1]['id']}")
    second = api.get(path, pageToken=first["meta"]["nextToken"]).json()

    assert seen + [i["content"] for i in second["observations"]] == ["4", "3", "2", "1"]
    back = api.get(path, pageToken=second["meta"]["previousToken"]).json()
    assert [i["content"] for i in back["observations"]] == ["new", "4"]


def test_a_page_that_was_emptied_meanwhile_is_the_end(api, profile, observe):
    observe("1", "2", "3")
    path = f"{profile}/Observations"
    token = api.get(path, pageSize="2").json()["meta"]["nextToken"]

    Observation.objects.all().delete()

    assert api.get(path, pageToken=token).json() == {
        "observations": [],
        "meta": {"key": "observations", "pageSize": 2},
    }


def test_revisions_are_paged(api, profile, observe):
    [seen] = observe("0")
    one = f"{profile}/Observations/{seen['id']}"
    for number in range(1, 5):
        api("PATCH", one, {"content": str(number)})

    pages = list(walk(api, f"{one}/Revisions", pageSize="2"))

    read = [[item["content"] for item in page["revisions"]] for page in pages]
    assert read == [["4", "3"], ["2", "1"], ["0"]]
    assert "previousToken" in pages[2]["meta"]


def test_the_traits_of_a_group_are_paged_by_name(api, store, declare):
    declare("Big", **{f"t{n}": STRING for n in range(5)})
    path = f"{CONTROL}/{store}/TraitGroups/Big"

    pages = list(walk(api, path, pageSize="2", orderBy="ASC"))
    back = api.get(path, pageToken=pages[1]["meta"]["previousToken"]).json()

    read = [sorted(page["traitGroup"]["traits"]) for page in pages]
    assert read == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert sorted(back["traitGroup"]["traits"]) == ["t0", "t1"]
    assert pages[0]["meta"].keys() == {"key", "pageSize", "nextToken"}
    newest = api.get(path, pageSize="1").json()["traitGroup"]["traits"]
    assert list(newest) == ["t4"]


def test_a_trait_that_goes_between_pages_ends_nothing(api, store, declare):
    declare("Big", **{f"t{n}": STRING for n in range(5)})
    path = f"{CONTROL}/{store}/TraitGroups/Big"
    first = api.get(path, pageSize="2", orderBy="ASC").json()

    api("PATCH", path, {"traits": {"t1": {"dataType": ""}}})

    second = api.get(path, pageToken=first["meta"]["nextToken"]).json()
    assert sorted(second["traitGroup"]["traits"]) == ["t2", "t3"]


def test_a_list_of_groups_carries_its_flag(api, store, declare):
    declare("Account", tier=STRING)
    path = f"{CONTROL}/{store}/TraitGroups"

    first = api.get(path, pageSize="1", includeTraits="true").json()
    second = api.get(path, pageToken=first["meta"]["nextToken"]).json()

    assert len(second["traitGroups"][0]["traits"]) == 11


@pytest.mark.parametrize("key", ["observations", "summaries"])
def test_a_list_by_occurrence_is_read_forward_and_back(api, seven, key):
    path = seven[key]()
    kind = {"observations": Observation, "summaries": Summary}[key]
    # In two moments, against the order of creation; one of them twice over a page's end.
    early, late = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    for place, row in enumerate(kind.objects.order_by("created_at", "id")):
        kind.objects.filter(pk=row.pk).update(occurred_at=early if place > 2 else late)

    pages = list(walk(api, path, pageSize="3", orderBy="occurredAt"))
    token = pages[1]["meta"]["previousToken"]
    back = api.get(path, pageToken=token).json()
    oldest = api.get(path, orderBy="occurredAt ASC").json()

    read = [item for page in pages for item in page[key]]
    assert [item["occurredAt"][:4] for item in read] == ["9999"] * 3 + ["0001"] * 4
    assert len({item["id"] for item in read}) == 7
    assert {page["meta"]["orderBy"] for page in pages} == {"occurredAt"}
    assert back[key] == pages[0][key]
    assert oldest[key] == read[::-1]
    assert oldest["meta"]["orderBy"] == "occurredAt ASC"
