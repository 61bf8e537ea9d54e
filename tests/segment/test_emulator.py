"""Segment's own client against the emulator, and what Segment takes and loses."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from segment.analytics.client import Client

from console.demo.seeding import connect_segment
from console.demo.segment import EmulatedSource, Emulator, fill
from tests.factories import HTMX, make_profile

CASEY = "phone:15554455"
PROFILES = "/v1/spaces/spa_emulator/collections/users/profiles"


@pytest.fixture
def segment():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def official(segment):
    return Client("write-key", host=segment.url, sync_mode=True, gzip=True)


def read(segment, resource="traits", of="user_id:c-1", token="profile-token", **query):
    return httpx.get(
        f"{segment.url}{PROFILES}/{of}/{resource}", params=query, auth=(token, "")
    )


def send(segment, route, key="write-key", **event):
    return httpx.post(f"{segment.url}/v1/{route}", json=event, auth=(key, ""))


def test_official_client_identifies_and_tracks(segment, official):
    official.identify("c-1", {"plan": "gold", "email": "casey@example.com"})
    official.track("c-1", "Tent returned", {"order": 7})

    assert read(segment).json()["traits"] == {
        "email": "casey@example.com",
        "plan": "gold",
    }
    found = read(segment, "external_ids", of="email:casey@example.com").json()["data"]
    assert {(each["type"], each["id"]) for each in found} == {
        ("user_id", "c-1"),
        ("email", "casey@example.com"),
    }
    [event] = read(segment, "events").json()["data"]
    assert (event["event"], event["properties"]) == ("Tent returned", {"order": 7})
    assert segment.lost == []


def test_traits_come_in_pages_with_source_and_time(segment):
    send(segment, "identify", userId="c-1", traits={f"t{n:02}": n for n in range(12)})

    first = read(segment, verbose="true").json()

    assert (len(first["traits"]), first["cursor"]["has_more"]) == (10, True)
    assert first["traits"]["t00"]["source_id"] == "src_emulator"
    rest = read(segment, next=first["cursor"]["next"]).json()
    assert (rest["traits"], rest["cursor"]["has_more"]) == (
        {"t10": 10, "t11": 11},
        False,
    )


def test_phone_is_an_identifier_by_external_ids_alone(segment):
    phone = {
        "id": "15554455",
        "type": "phone",
        "collection": "users",
        "encoding": "none",
    }
    send(segment, "identify", userId="c-1", traits={"phone": "15554455"})
    assert read(segment, of=CASEY).status_code == 404

    send(
        segment,
        "identify",
        userId="c-1",
        context={"externalIds": [phone]},
        traits={"plan": "gold"},
    )

    assert read(segment, of=CASEY).json()["traits"]["plan"] == "gold"


def test_profiles_merge_and_the_last_trait_wins(segment):
    now = datetime.now(UTC)
    send(segment, "identify", anonymousId="a-1", traits={"plan": "free"})
    send(
        segment,
        "identify",
        userId="c-1",
        traits={"plan": "old"},
        timestamp=str(now - timedelta(days=1)),
        sentAt=str(now),
    )

    send(segment, "identify", userId="c-1", anonymousId="a-1", traits={"a": 1})

    assert len(segment.profiles) == 1
    assert read(segment).json()["traits"] == {"a": 1, "plan": "free"}


def test_event_counts_once_by_its_message_id(segment):
    for _ in range(2):
        send(segment, "track", userId="c-1", event="Paid", messageId="m-1")

    assert len(segment.accepted) == 1
    assert segment.count_lost() == {"duplicate": 1}


@pytest.mark.parametrize(
    ("reason", "route", "event"),
    [
        ("no_user_anon_id", "identify", {"traits": {"a": 1}}),
        ("no_event", "track", {"userId": "c-1"}),
        (
            "message_id_too_long",
            "track",
            {"userId": "c-1", "event": "Paid", "messageId": "m" * 101},
        ),
        ("group_id", "group", {"userId": "c-1", "groupId": ""}),
        (
            "wrong_write_key",
            "track",
            {"userId": "c-1", "event": "Paid", "key": "other"},
        ),
        ("wrong_region", "track", {"userId": "c-1", "event": "Paid", "key": "eu"}),
        (
            "source_not_connected",
            "track",
            {"userId": "c-1", "event": "Paid", "key": "loose-key"},
        ),
    ],
)
def test_lost_event_answers_200(segment, reason, route, event):
    segment.sources["eu"] = EmulatedSource("src_eu", region="EU")

    answer = send(segment, route, **event)

    assert answer.status_code == 200
    assert segment.count_lost() == {reason: 1}
    assert read(segment).status_code == 404


@pytest.mark.parametrize("body", [b"{", b'{"a": "' + b"x" * 33_000 + b'"}'])
def test_bad_json_and_what_is_too_long_are_refused(segment, body):
    answer = httpx.post(f"{segment.url}/v1/track", content=body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("of", "token", "status", "code"),
    [
        ("user_id:c-1", "other", 401, "authentication_error"),
        ("user_id:nobody", "profile-token", 404, "not_found"),
        ("user_id:C-1", "profile-token", 404, "not_found"),
    ],
)
def test_profile_refuses_other_tokens_and_knows_no_other_casing(
    segment, of, token, status, code
):
    send(segment, "identify", userId="c-1", traits={"a": 1})

    answer = read(segment, of=of, token=token)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_demo_shows_what_a_web_shop_knows(segment, settings, client, tenant, agent):
    settings.SEGMENT_URL = segment.url
    fill(segment)
    connect_segment(tenant)
    profile = make_profile(tenant, email="maren.okafor@example.com")
    client.force_login(agent)

    part = client.get(f"/t/acme/profiles/{profile}/segment/", headers=HTMX).text

    assert "lifetime_value" in part
    assert "Cart abandoned" in part
    assert "Demonstration: an emulator on this machine" in part
    assert tenant.assistants.get().perception
