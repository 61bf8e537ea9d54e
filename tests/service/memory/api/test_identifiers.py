"""Contract 11.3 and 12.3."""

import pytest

from console.service.memory.models import Identifier, IdentitySettings
from tests.service.conftest import NOBODY, assert_refused


@pytest.fixture
def add(api, profile):
    def write(value: str, *, id_type: str = "chat", path: str = profile):
        body = {"idType": id_type, "value": value}
        return api("POST", f"{path}/Identifiers", body)

    return write


def limit(id_type: str, count: int, policy: str) -> None:
    settings = IdentitySettings.objects.get()
    for config in settings.identifier_configs:
        if config["idType"] == id_type:
            config.update(limit=count, limitPolicy=policy)
    settings.save()


def values(api, path: str, id_type: str = "chat") -> list[str]:
    return api.get(f"{path}/Identifiers/{id_type}").json()["values"]


def test_list_identifiers_answers_one_array_and_nothing_else(api, profile, add):
    add("ada")

    assert api.get(f"{profile}/Identifiers").json() == {
        "identifiers": [
            {"idType": "chat", "values": ["ada"]},
            {"idType": "email", "values": ["a@b.com"]},
        ]
    }


def test_create_identifier_keeps_a_value_normalised_and_once(api, profile, add):
    for value in (" Ada ", "Ada", "Bob"):
        answer = add(value)
        assert (answer.status_code, answer.json().keys()) == (202, {"message"})

    assert values(api, profile) == ["Ada", "Bob"]


def test_identifier_values_stand_in_the_order_of_their_coming(api, profile, add):
    for value in ("c", "a", "b", "c"):
        add(value)

    assert values(api, profile) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("policy", "kept"), [("fifo", ["b", "c"]), ("lifo", ["a", "b"])]
)
def test_identifier_limit_policy_says_which_value_goes(api, profile, add, policy, kept):
    limit("chat", 2, policy)

    for value in ("a", "b", "c"):
        assert add(value).status_code == 202

    assert values(api, profile) == kept


@pytest.mark.parametrize(
    ("policy", "kept"), [("fifo", ["b", "c"]), ("lifo", ["a", "b"])]
)
def test_delete_identifier_takes_one_value_by_the_policy(
    api, profile, add, policy, kept
):
    limit("chat", 10, policy)
    for value in ("a", "b", "c"):
        add(value)

    answer = api("DELETE", f"{profile}/Identifiers/chat")

    assert answer.status_code == 202
    assert values(api, profile) == kept


def test_delete_identifier_with_remove_all_takes_all_values_of_one_type(
    api, profile, add
):
    for value in ("a", "b"):
        add(value)

    api("DELETE", f"{profile}/Identifiers/chat", params={"removeAll": "true"})

    assert_refused(api.get(f"{profile}/Identifiers/chat"), 404, 20404)
    assert values(api, profile, "email") == ["a@b.com"]


def test_identifier_type_that_the_settings_forgot_can_still_be_removed(
    api, profile, add
):
    add("ada")
    settings = IdentitySettings.objects.get()
    settings.identifier_configs = settings.identifier_configs[1:]
    settings.save()

    assert values(api, profile) == ["ada"]
    assert api("DELETE", f"{profile}/Identifiers/chat").status_code == 202
    assert_refused(add("ada"), 400, 400, "idType")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"idType": "chat"}, "value: required"),
        ({"value": "x"}, "idType: required"),
        ({"idType": "c", "value": "x"}, "idType"),
        ({"idType": "badge", "value": "x"}, "idType"),
        ({"idType": "chat", "value": "x" * 256}, "value"),
        ({"idType": "chat", "value": ""}, "value"),
        ({"idType": "phone", "value": "x"}, "value"),
        ({"idType": "chat", "value": "x", "force": True}, "force: unknown field"),
    ],
)
def test_create_identifier_refuses_what_does_not_fit(api, profile, body, field):
    answer = api("POST", f"{profile}/Identifiers", body)

    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_fetch_identifier_does_not_find_the_unknown(api, store, profile, add):
    nobody = f"/v1/Stores/{store}/Profiles/{NOBODY}"
    assert_refused(api.get(f"{nobody}/Identifiers"), 404, 20404)
    assert_refused(add("x", path=nobody), 404, 20404)
    assert_refused(api("DELETE", f"{nobody}/Identifiers/email"), 404, 20404)
    assert_refused(api("DELETE", f"{profile}/Identifiers/chat"), 404, 20404)
    assert_refused(api.get(f"{profile}/Identifiers/chat"), 404, 20404)


def test_delete_identifier_reads_remove_all_as_true_or_false(api, profile):
    path = f"{profile}/Identifiers/email"

    answer = api("DELETE", path, params={"removeAll": "1"})

    assert_refused(answer, 400, 400, "removeAll")
    assert_refused(api("DELETE", path, {"value": "a@b.com"}), 400, 520046, "value")
    assert Identifier.objects.count() == 1
