"""Conversations 12.5: rules for what clients write, where a store says so."""

import pytest

from console.service.conversations import models
from tests.service.conftest import assert_refused
from tests.service.csv_files import read_file, upload_file

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
CARD = "4111 1111 1111 1111"


@pytest.fixture
def apply_rules(api, store):
    def put(**rules) -> None:
        path = f"/v1/ControlPlane/Stores/{store}/LearningRules"
        body = {"appliesToWrites": True, **rules}
        assert api("PUT", path, body).status_code == 202

    return put


def an_observation(content: str, source: str = "crm") -> dict[str, object]:
    return {
        "content": content,
        "source": source,
        "occurredAt": "2026-01-05T09:00:00Z",
        "conversationIds": [],
    }


def list_contents(api, profile) -> list[str]:
    found = api.get(f"{profile}/Observations", orderBy="ASC").json()
    return [each["content"] for each in found["observations"]]


def test_write_rules_are_off_until_the_store_says_so(api, profile):
    body = {"observations": [an_observation(f"Pays by {CARD}, has asthma.")]}

    answer = api("POST", f"{profile}/Observations", body)

    assert answer.json() == {"message": "accepted"}
    assert CARD in list_contents(api, profile)[0]


def test_write_rules_redact_hold_back_and_drop_observations(api, profile, apply_rules):
    apply_rules(kinds={"religion": "drop"})
    contents = (f"Pays by {CARD}.", "Has asthma.", "Goes to the mosque.", "Likes tea.")
    body = {"observations": [an_observation(each) for each in contents]}

    answer = api("POST", f"{profile}/Observations", body)
    [held] = api.get(f"{profile}/Provenance", outcome="quarantined").json()["learned"]

    assert answer.status_code == 202
    assert answer.json()["message"].split("; ") == [
        "accepted",
        "observations[0].content: Redacted by the rules, version 1: card.",
        "observations[1].content: Quarantined by the rules, version 1: health.",
        "observations[2].content: Dropped by the rules, version 1: religion.",
    ]
    assert list_contents(api, profile) == ["Pays by [card removed].", "Likes tea."]
    assert held["content"] == "Has asthma."

    api("PATCH", f"{profile}/Provenance/{held['id']}", {"outcome": "added"})
    [_, _, released] = api.get(f"{profile}/Observations", orderBy="ASC").json()[
        "observations"
    ]
    assert released["content"] == "Has asthma."
    assert released["source"] == "crm"
    assert released["occurredAt"] == "2026-01-05T09:00:00Z"


def test_list_provenance_filters_by_outcome(api, profile, apply_rules):
    apply_rules()
    contents = ("Has asthma.", "Likes tea.")
    body = {"observations": [an_observation(each) for each in contents]}
    api("POST", f"{profile}/Observations", body)

    [held] = api.get(f"{profile}/Provenance", outcome="quarantined").json()["learned"]
    dropped = api.get(f"{profile}/Provenance", outcome="dropped").json()["learned"]

    assert held["outcome"] == "quarantined"
    assert dropped == []


def test_write_rules_hold_back_no_more_than_a_person_can_judge(
    api, monkeypatch, profile, apply_rules
):
    monkeypatch.setattr(models, "WAITING_PER_PROFILE", 1)
    apply_rules()
    path = f"{profile}/Observations"

    first = api("POST", path, {"observations": [an_observation("Has asthma.")]})
    body = {"observations": [an_observation(x) for x in ("Tea.", "Has diabetes.")]}

    assert first.status_code == 202
    assert_refused(api("POST", path, body), 400, 400, "wait for a decision")
    assert list_contents(api, profile) == []


def test_write_rules_redact_summaries_and_corrections(api, profile, apply_rules):
    body = {"observations": [an_observation("Likes tea.")]}
    api("POST", f"{profile}/Observations", body)
    [item] = api.get(f"{profile}/Observations").json()["observations"]
    apply_rules()

    summary = an_observation(f"Has asthma, pays by {CARD}.") | {
        "conversationId": "conv_conversation_01k5x7m3q2f8r9s4t6v0w1y2za"
    }
    del summary["conversationIds"]
    path = f"{profile}/ConversationSummaries"
    told = api("POST", path, {"summaries": [summary]}).json()["message"]
    content = {"content": f"Likes tea, pays by {CARD}."}
    api("PATCH", f"{profile}/Observations/{item['id']}", content)

    [shown] = api.get(path).json()["summaries"]
    assert shown["content"] == "Has [health removed], pays by [card removed]."
    assert "summaries[0].content: Redacted by the rules" in told
    assert list_contents(api, profile) == ["Likes tea, pays by [card removed]."]


def test_write_rules_go_by_the_source(api, profile, apply_rules):
    exception = {"kind": "any", "action": "keep", "source": "clinic/*"}
    apply_rules(exceptions=[exception])
    body = {"observations": [an_observation("Has asthma.", "clinic/notes")]}

    api("POST", f"{profile}/Observations", body)

    assert list_contents(api, profile) == ["Has asthma."]


def test_write_rules_judge_a_correction_by_the_source_of_its_item(
    api, profile, apply_rules
):
    body = {"observations": [an_observation("Likes tea.", "clinic/notes")]}
    api("POST", f"{profile}/Observations", body)
    [item] = api.get(f"{profile}/Observations").json()["observations"]
    apply_rules(exceptions=[{"kind": "any", "action": "drop", "source": "clinic/*"}])

    told = api(
        "PATCH", f"{profile}/Observations/{item['id']}", {"content": "Has gout."}
    )

    assert "Not stored by the rules" in told.json()["message"]
    assert list_contents(api, profile) == ["Likes tea."]


def test_write_rules_store_no_trait_that_is_not_kept(api, store, apply_rules):
    apply_rules(kinds={"mail": "drop"})
    people = f"/v1/Stores/{store}/Profiles"
    contact = {"email": "a@b.com", "city": "Bern", "street": f"Card {CARD}"}

    made = api("POST", people, {"traits": {"Contact": contact}}).json()
    why = "traits.Contact.street: Not stored by the rules, version 1: card."
    profile = f"{people}/{made['id']}"
    patched = api("PATCH", profile, {"traits": {"Contact": {"state": "I have asthma"}}})
    bulk = api(
        "PUT", f"{people}/Bulk", {"profiles": [{"traits": {"Contact": contact}}]}
    )
    operation = api.result(bulk) if "Location" in bulk.headers else None
    operation = operation or api.get(bulk.json()["statusUrl"]).json()

    assert why in made["message"]
    assert "traits.Contact.state: Not stored" in patched.json()["message"]
    [refusal] = operation["refusals"]
    assert (refusal["field"], refusal["stored"]) == ("traits.Contact.street", True)
    stored = api.get(profile).json()["traits"]["Contact"]
    assert stored == {"email": "a@b.com", "city": "Bern"}


def test_write_rules_refuse_a_cell_of_an_import(api, store, apply_rules):
    apply_rules()

    rows = f"Mail,First\r\na@b.com,Ada\r\nb@b.com,{CARD}\r\n"
    shown, operation = read_file(api, store, upload_file(api, store, rows))

    assert shown["status"] == "COMPLETED"
    [refusal] = operation["refusals"]
    assert refusal["reason"] == "Not stored by the rules, version 1: card."
    assert refusal["stored"] is True
