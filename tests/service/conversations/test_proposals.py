"""Conversations 12.5: what is heard is proposed, and written by nobody but a person."""

import pytest

from console.service.conversations import learning
from tests.service.conversations.conftest import CONVERSATIONS, assert_refused

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
ADA = "ada@example.com"


@pytest.fixture
def configuration(configure) -> str:
    return configure(memoryExtractionEnabled=True)


@pytest.fixture
def person(conversation) -> str:
    return conversation["participants"][0]["profileId"]


@pytest.fixture
def hear(api, store, conversation, say, person):
    """What is proposed of the customer when these were said."""

    def run(*texts: str) -> list[dict]:
        for text in texts:
            say(text)
        api("PATCH", f"{CONVERSATIONS}/{conversation['id']}", {"status": "CLOSED"})
        learning.learn.func()
        return list_proposed()

    def list_proposed() -> list[dict]:
        path = f"/v1/Stores/{store}/Profiles/{person}/Provenance"
        return api.get(path, outcome="proposed").json()["learned"]

    run.again = list_proposed
    return run


@pytest.fixture
def decide(api, store, person):
    def run(proposal: dict, outcome: str):
        path = f"/v1/Stores/{store}/Profiles/{person}/Provenance/{proposal['id']}"
        return api("PATCH", path, {"outcome": outcome})

    return run


def fetch_traits(api, store, profile):
    return api.get(f"/v1/Stores/{store}/Profiles/{profile}").json()["traits"]


def test_proposal_names_the_trait_and_the_turn_and_writes_nothing(
    api, store, person, hear
):
    [proposed] = hear(f"Please write to {ADA.upper()} from now on.")

    assert proposed["item"] == {"group": "Contact", "name": "email"}
    assert (proposed["kind"], proposed["content"]) == ("trait", ADA)
    assert len(proposed["communicationIds"]) == 1
    assert "email" not in fetch_traits(api, store, person).get("Contact", {})
    assert "heldBy" not in proposed


def test_decide_learned_writes_a_proposal_that_is_accepted(
    api, store, person, hear, decide
):
    [proposed] = hear(f"Please write to {ADA} from now on.")

    accepted = decide(proposed, "added")

    assert accepted.status_code == 202
    assert fetch_traits(api, store, person)["Contact"]["email"] == ADA
    assert hear.again() == []
    assert_refused(decide(proposed, "dropped"), 400, 400, "decided before")


def test_proposal_that_was_dismissed_is_not_made_again(
    api, conversation, store, hear, decide
):
    [proposed] = hear(f"Please write to {ADA} from now on.")
    decide(proposed, "dropped")
    api("POST", f"{CONVERSATIONS}/{conversation['id']}/Learned", {})
    learning.learn.func()

    assert hear.again() == []


@pytest.mark.parametrize(
    "text",
    [
        "Please write to ada@example from now on.",
        "Please call me at +1 555 867 5310 from now on.",
        "Please call me tomorrow at 10.",
    ],
)
def test_proposal_is_of_what_is_valid_and_not_known(hear, text):
    assert hear(text) == []


def test_proposal_is_not_made_of_what_may_not_be_remembered(api, store, hear):
    rules = f"/v1/ControlPlane/Stores/{store}/LearningRules"
    api("PUT", rules, {"kinds": {"mail": "redact"}})

    assert hear(f"Please write to {ADA} from now on.") == []


def test_proposal_of_an_order_number_goes_by_the_traits_of_the_store(api, store, hear):
    api(
        "POST",
        f"/v1/ControlPlane/Stores/{store}/TraitGroups",
        {
            "displayName": "Support",
            "description": "",
            "traits": {"orderNumber": {"dataType": "STRING"}},
        },
    )

    [proposed] = hear("My order number is AB-4521 and it never arrived.")

    assert proposed["item"] == {"group": "Support", "name": "orderNumber"}
    assert proposed["content"] == "AB-4521"


@pytest.mark.parametrize("brake", ["on", "off"])
def test_proposal_of_another_customer_s_address_merges_nobody(
    api, store, person, make_profile, hear, decide, brake
):
    path = f"/v1/ControlPlane/Stores/{store}/IdentityResolutionSettings"
    settings = api.get(path).json()
    api("PUT", path, settings | {"mergeBrake": brake})
    other = make_profile(ADA, firstName="Ada").rpartition("/")[2]

    [proposed] = hear(f"Please write to {ADA} from now on.")
    assert proposed["heldBy"] == other
    heard = [api.get(f"/v1/Stores/{store}/Profiles/{x}") for x in (person, other)]
    decide(proposed, "added")

    after = [api.get(f"/v1/Stores/{store}/Profiles/{x}") for x in (person, other)]
    suggested = api.get(f"/v1/Stores/{store}/MergeSuggestions").json()["suggestions"]
    assert [x.status_code for x in (*heard, *after)] == [200] * 4
    assert [pair["contradictions"] for pair in suggested] == [["heard"]]
    found = api(
        "POST",
        f"/v1/Stores/{store}/Profiles/Lookup",
        {"idType": "email"} | {"value": ADA},
    )
    assert found.json()["profiles"] == [other]
