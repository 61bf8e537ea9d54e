"""PATCH of an identifier: one value in the place of another. Contract 11.3."""

import pytest

from console.service.memory.models import Identifier


def test_patch_identifier_keeps_its_place(api, profile):
    for value in ("one", "two"):
        api("POST", f"{profile}/Identifiers", {"idType": "chat", "value": value})
    body = {"idType": "chat", "oldValue": " one ", "newValue": "first"}

    answer = api("PATCH", f"{profile}/Identifiers/chat", body)

    assert answer.status_code == 202
    values = api.get(f"{profile}/Identifiers/chat").json()["values"]
    assert values == ["first", "two"]


def test_patch_identifier_that_changes_nothing_is_accepted(api, profile):
    body = {"idType": "email", "oldValue": "a@b.com", "newValue": "A@B.com "}

    answer = api("PATCH", f"{profile}/Identifiers/email", body)

    assert answer.status_code == 202
    assert Identifier.objects.get().value == "a@b.com"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"idType": "chat", "oldValue": "a@b.com", "newValue": "x"}, 400, "idType"),
        (
            {"idType": "email", "oldValue": "no@b.com", "newValue": "x@b.com"},
            404,
            "oldValue",
        ),
        ({"idType": "email", "oldValue": "a@b.com"}, 400, "newValue"),
        ({"idType": "email", "oldValue": "a@b.com", "newValue": " "}, 400, "newValue"),
    ],
)
def test_patch_identifier_refuses_what_does_not_fit(api, profile, body, status, words):
    answer = api("PATCH", f"{profile}/Identifiers/email", body)

    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert Identifier.objects.get().value == "a@b.com"
