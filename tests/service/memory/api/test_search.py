"""Finding customers by words, an extension of ours."""

import pytest

from console.service.memory.models import Trait, TraitTerm
from tests.service.conftest import assert_refused

NAMES = {"Contact": ["firstName", "lastName"]}


@pytest.fixture
def search(api, store):
    def ask(query: str, **body) -> list[str]:
        path = f"/v1/Stores/{store}/Profiles/Search"
        answer = api("POST", path, {"query": query, **body})
        assert answer.status_code == 200, answer.json()
        return answer.json()["profiles"]

    return ask


@pytest.fixture
def person(api, store):
    def create(email: str, **contact: str) -> str:
        traits = {"Contact": {"email": email, **contact}}
        path = f"/v1/Stores/{store}/Profiles"
        return api("POST", path, {"traits": traits}).json()["id"]

    return create


def list_terms() -> set[bytes]:
    return {bytes(term) for term in TraitTerm.objects.values_list("term", flat=True)}


@pytest.mark.parametrize(
    "query", ["soren", "SØREN", "Kierk", "søren kierke", "kierkegaard Sør", "s@k.dk"]
)
def test_search_profiles_finds_words_and_beginnings_in_any_writing(
    search, person, query
):
    person("other@k.dk", firstName="Regine", lastName="Olsen")
    soren = person("s@k.dk", firstName="Søren", lastName="Kierkegaard")

    assert search(query) == [soren]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("kierk", {"words": NAMES}),
        ("søren", {"whole": {"Contact": ["email"]}}),
        ("s@k", {"whole": {"Contact": ["email"]}}),
        ("søren s@k.dk", {"words": NAMES, "whole": {"Contact": ["email"]}}),
        ("kierkegaard", {"prefix": {}}),
        ("sør kierkegaard", {"prefix": NAMES}),
    ],
)
def test_search_profiles_finds_no_more_than_it_was_allowed(search, person, query, body):
    person("s@k.dk", firstName="Søren", lastName="Kierkegaard")

    assert search(query, **body) == []


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("kierkegaard søren", {"words": NAMES}),
        ("S@K.dk", {"whole": {"Contact": ["email"]}}),
        ("søren kier", {"prefix": NAMES}),
    ],
)
def test_search_profiles_finds_what_it_was_allowed(search, person, query, body):
    soren = person("s@k.dk", firstName="Søren", lastName="Kierkegaard")

    assert search(query, **body) == [soren]


def test_search_profiles_says_that_there_are_more(api, store, person):
    for number in range(3):
        person(f"a{number}@b.com", firstName="Ada")

    path, body = f"/v1/Stores/{store}/Profiles/Search", {"query": "ada", "limit": 2}
    answer = api("POST", path, body).json()

    assert (len(answer["profiles"]), answer["hasMore"]) == (2, True)


def test_search_profiles_keeps_to_its_store(search, person, make_store, make_profile):
    make_profile("same@b.com", store=make_store("client-2"))
    mine = person("same@b.com")

    assert search("same@b.com") == [mine]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [("", 520046, "query: "), ("?!", 400, "query: must hold a letter or a digit")],
)
def test_search_profiles_refuses_a_query_without_words(
    api, store, query, code, message
):
    answer = api("POST", f"/v1/Stores/{store}/Profiles/Search", {"query": query})

    assert_refused(answer, 400, code, message)


def test_search_profiles_follows_changed_and_removed_traits(api, store, search, person):
    id_ = person("a@b.com", firstName="Mathilde", city="Tromsø")
    path = f"/v1/Stores/{store}/Profiles/{id_}"

    api("PATCH", path, {"traits": {"Contact": {"firstName": "Ada", "city": None}}})

    assert (search("ada"), search("mathilde"), search("tromso")) == ([id_], [], [])
    assert not {b"mathilde", b"tromso"} & list_terms()


def test_search_profiles_follows_a_bulk_write(api, store, search, person):
    id_ = person("a@b.com", firstName="Mathilde")
    traits = {"Contact": {"email": "a@b.com", "firstName": "Ada"}}

    for _ in range(2):
        body = {"profiles": [{"traits": traits}]}
        api("PUT", f"/v1/Stores/{store}/Profiles/Bulk", body)

    assert (search("ada"), search("mathilde")) == ([id_], [])


def test_search_profiles_follows_merges_and_their_end(api, store, search, person):
    one = person("a@b.com", firstName="Mathilde")
    other = person("c@d.com", lastName="Sandvik")
    path = f"/v1/Stores/{store}/Profiles"
    body = {"idType": "email", "value": "c@d.com"}

    api("POST", f"{path}/{one}/Identifiers", body)
    assert search("mathilde sandvik") == [one]
    api("POST", f"/v1/Stores/{store}/Merges/{other}/Unmerge")

    assert (search("mathilde"), search("sandvik")) == ([one], [other])


@pytest.mark.parametrize("what", ["Profiles/{id}", "", "TraitGroups/Notes"])
def test_no_word_stays_of_what_was_deleted(api, store, search, person, what):
    control = f"/v1/ControlPlane/Stores/{store}"
    notes = {"displayName": "Notes", "traits": {"hint": {"dataType": "STRING"}}}
    api("POST", f"{control}/TraitGroups", notes)
    id_ = person("a@b.com")
    path = f"/v1/Stores/{store}/Profiles/{id_}"
    api("PATCH", path, {"traits": {"Notes": {"hint": "Mathilde likes fjords"}}})
    assert search("fjords") == [id_]

    base = f"/v1/Stores/{store}" if what.startswith("Profiles") else control
    answer = api("DELETE", f"{base}/{what}".rstrip("/").format(id=id_))

    assert answer.status_code == 202
    assert b"fjords" not in list_terms()
    assert Trait.objects.exists() or not TraitTerm.objects.exists()
