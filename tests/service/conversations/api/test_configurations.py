"""Conversations 7, and idempotency keys (1)."""

from uuid import uuid4

import pytest

from console.service.conversations.models import Configuration
from tests.service.conversations.conftest import CONFIGURATIONS, assert_refused

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def test_fetch_configuration_answers_it_whole(api, store, configure):
    id_ = configure("support", description="Text messages")

    found = api.get(f"{CONFIGURATIONS}/{id_}").json()

    assert found["id"].startswith("conv_configuration_")
    assert {
        k: v for k, v in found.items() if k not in {"id", "createdAt", "updatedAt"}
    } == {
        "displayName": "support",
        "description": "Text messages",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
        "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 30}}},
        "statusCallbacks": [],
        "intelligenceConfigurationIds": [],
        "traitExtractionStrategyIds": [],
        "observationExtractionStrategyIds": [],
        "memoryExtractionEnabled": False,
        "conversationsV1Bridge": None,
        "version": 1,
    }


def test_configuration_description_may_be_left_out_and_is_a_string(api, store):
    body = {
        "displayName": "bare",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
        "channelSettings": {"VOICE": {"statusTimeouts": {"closed": None}}},
    }
    made = api.result(api("POST", CONFIGURATIONS, body))
    found = api.get(f"{CONFIGURATIONS}/{made['related']['configurationId']}").json()

    assert found["description"] == ""
    assert found["channelSettings"] == {"VOICE": {}}


def test_update_configuration_drops_what_is_left_out(api, store, configure):
    id_ = configure("support", memoryExtractionEnabled=True, description="Texts")
    body = {
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
        "channelSettings": {},
    }

    operation = api.result(api("PUT", f"{CONFIGURATIONS}/{id_}", body))

    found = api.get(f"{CONFIGURATIONS}/{id_}").json()
    assert operation["status"] == "COMPLETED"
    assert operation["related"] == {"configurationId": id_}
    assert "result" not in operation
    assert (found["displayName"], found["version"]) == ("support", 2)
    assert (found["memoryExtractionEnabled"], found["channelSettings"]) == (False, {})


def test_patch_configuration_replaces_channels_and_removes_null_ones(api, configure):
    id_ = configure(
        "support",
        description="Texts",
        channelSettings={
            "SMS": {"statusTimeouts": {"inactive": 10, "closed": 30}},
            "CHAT": {"statusTimeouts": {"closed": 5}},
            "VOICE": {},
        },
    )
    changes = {
        "channelSettings": {"SMS": {"statusTimeouts": {"closed": 9}}, "CHAT": None},
        "description": None,
    }

    api.result(api("PATCH", f"{CONFIGURATIONS}/{id_}", changes))

    found = api.get(f"{CONFIGURATIONS}/{id_}").json()
    assert found["channelSettings"] == {
        "SMS": {"statusTimeouts": {"closed": 9}},
        "VOICE": {},
    }
    assert found["description"] == ""
    assert found["displayName"] == "support"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"displayName": "no/slash"}, "displayName"),
        ({"displayName": "n" * 33}, "displayName"),
        ({"memoryStoreId": "mem_store_x"}, "memoryStoreId"),
        ({"conversationGroupingType": "GROUP_BY_MOON"}, "conversationGroupingType"),
        ({"statusCallbacks": [{"url": "http://a.example"}]}, "statusCallbacks[0].url"),
        ({"channelSettings": {"SMS": {"statusTimeouts": {"closed": 0}}}}, "closed"),
        ({"channelSettings": {"PIGEON": {}}}, "channelSettings"),
        ({"memoryExtractionEnable": True}, "memoryExtractionEnable: unknown field"),
    ],
)
def test_create_configuration_refusals_name_the_field(api, store, changes, word):
    body = {
        "displayName": "support",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
    } | changes

    assert_refused(api("POST", CONFIGURATIONS, body), 400, 20001, word)


def test_configuration_grouping_cannot_be_changed(api, configuration):
    changes = {"conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"}

    answer = api("PATCH", f"{CONFIGURATIONS}/{configuration}", changes)

    assert_refused(answer, 400, 20001, "conversationGroupingType", "cannot be changed")


def test_configuration_name_is_taken_once_and_the_refusal_names_the_holder(
    api, store, configuration
):
    body = {
        "displayName": "support",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
    }

    answer = api("POST", CONFIGURATIONS, body)

    assert_refused(answer, 409, 20409, "displayName")
    assert answer.headers["X-Conflicting-Resource-Id"] == configuration
    assert answer.json()["details"] == {"conflictingResourceId": configuration}


def test_list_configurations_pages_and_filters_by_store(api, configure, make_store):
    other = make_store("client-2")
    mine = [configure("a"), configure("b"), configure("c")]
    configure("elsewhere", memoryStoreId=other)

    first = api.get(CONFIGURATIONS, pageSize=2).json()
    second = api.get(CONFIGURATIONS, PageToken=first["meta"]["nextToken"]).json()
    filtered = api.get(CONFIGURATIONS, memoryStoreId=other).json()

    assert first["meta"]["key"] == "configurations"
    assert len(first["configurations"]) == 2
    assert [each["id"] for each in second["configurations"]] == [mine[1], mine[0]]
    assert [each["displayName"] for each in filtered["configurations"]] == ["elsewhere"]


def test_configuration_of_a_foreign_account_does_not_exist(make_api, configuration):
    stranger = make_api("stranger")

    path = f"{CONFIGURATIONS}/{configuration}"
    assert_refused(stranger("GET", path), 404, 20404)
    assert_refused(stranger("PATCH", path, {}), 404, 20404)
    assert_refused(stranger("DELETE", path), 404, 20404)
    assert stranger.get(CONFIGURATIONS).json()["configurations"] == []


def test_configuration_body_that_is_no_json_is_415(api, configuration):
    answer = api.send(
        "PATCH",
        f"{CONFIGURATIONS}/{configuration}",
        b"displayName=x",
        **{"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert_refused(answer, 415, 20422)


def test_configuration_idempotency_key_gets_the_first_answer_again(api, store):
    body = {
        "displayName": "once",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
    }
    key = {"Idempotency-Key": str(uuid4())}

    first = api("POST", CONFIGURATIONS, body, headers=key)
    second = api("POST", CONFIGURATIONS, body, headers=key)
    other = api("POST", CONFIGURATIONS, body | {"displayName": "two"}, headers=key)

    assert first.status_code == second.status_code == 202
    assert first.content == second.content
    assert first.headers["Operation-Id"] == second.headers["Operation-Id"]
    assert Configuration.objects.count() == 1
    assert_refused(other, 409, 20409, "Idempotency-Key")
    assert_refused(
        api("POST", CONFIGURATIONS, body, headers={"Idempotency-Key": "x"}), 400, 20001
    )


def test_delete_configuration_lets_its_conversations_go_on(
    api, configuration, conversation
):
    operation = api.result(api("DELETE", f"{CONFIGURATIONS}/{configuration}"))

    assert operation["related"] == {"configurationId": configuration}
    assert_refused(api("GET", f"{CONFIGURATIONS}/{configuration}"), 404, 20404)
    found = api.get(f"/v2/Conversations/{conversation['id']}").json()
    assert found["configuration"]["displayName"] == "support"


def test_fetch_operation_status_knows_no_other_accounts(make_api, api, configuration):
    location = api("DELETE", f"{CONFIGURATIONS}/{configuration}").headers["Location"]

    assert api.get(location).json()["status"] == "COMPLETED"
    assert make_api("other")("GET", location).status_code == 404


def test_list_filters_of_no_such_form_are_refused_by_name(api):
    assert_refused(
        api("GET", f"{CONFIGURATIONS}?memoryStoreId=x"), 400, 20001, "memoryStoreId"
    )
    assert_refused(api("GET", "/v2/Conversations?profileId=x"), 400, 20001, "profileId")
