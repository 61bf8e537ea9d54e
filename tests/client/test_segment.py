"""The client of Segment against the emulator of its APIs."""

import socket

import pytest

from console.client.segment import (
    NotInSegment,
    SegmentClient,
    SegmentProblem,
    TokenRefused,
)
from console.contract.segment import external_id
from console.demo.segment import Emulator

CASEY = "email:casey+tent@example.com"
SENT_AT = "2026-11-27T09:00:00+00:00"


@pytest.fixture
def emulator(settings):
    with Emulator() as segment:
        settings.SEGMENT_URL = segment.url
        yield segment


@pytest.fixture
def segment(emulator):
    return SegmentClient(
        "US", space="spa_emulator", token="profile-token", write_key="write-key"
    )


def identify(**traits):
    return {
        "type": "identify",
        "messageId": f"m-{len(traits)}-{traits}"[:50],
        "userId": "c-1",
        "traits": traits,
        "context": {"externalIds": [external_id("phone", "15554455")]},
    }


def test_segment_answers_what_was_sent(segment):
    paid = {"type": "track", "messageId": "m", "userId": "c-1", "event": "Paid"}
    segment.send(
        [
            identify(email="casey+tent@example.com", plan="gold", seats=None),
            {**paid, "properties": {"order": 7}, "timestamp": SENT_AT},
        ],
        SENT_AT,
    )

    traits = segment.fetch_traits(CASEY)

    assert traits["plan"].value == "gold"
    assert traits["plan"].source_id == "src_emulator"
    assert traits["plan"].updated_at
    assert traits.keys() == {"email", "plan"}
    [event] = segment.fetch_events("phone:15554455")
    assert (event.event, event.properties) == ("Paid", {"order": 7})
    assert [each.type for each in segment.fetch_external_ids("user_id:c-1")] == [
        "user_id",
        "email",
        "phone",
    ]


def test_segment_reads_more_than_ten_traits(segment):
    segment.send([identify(**{f"t{n}": n for n in range(150)})], SENT_AT)

    assert len(segment.fetch_traits("user_id:c-1")) == 150


def test_segment_knows_nobody(segment):
    with pytest.raises(NotInSegment, match="nobody"):
        segment.fetch_traits("email:nobody@example.com")


def test_segment_refuses_the_token(segment, emulator):
    emulator.tokens.clear()

    with pytest.raises(TokenRefused, match="another space or region"):
        segment.fetch_traits(CASEY)


@pytest.mark.parametrize(
    ("status", "may_repeat"), [(429, True), (503, True), (400, False)]
)
def test_segment_says_whether_the_same_may_succeed(
    segment, emulator, status, may_repeat
):
    emulator.answers = [(status, {"Retry-After": "7"})]

    with pytest.raises(SegmentProblem) as caught:
        segment.send([identify(plan="gold")], SENT_AT)

    assert caught.value.may_repeat is may_repeat
    assert caught.value.retry_after_s == (7.0 if status == 429 else None)


def test_segment_that_nobody_answers_for_is_no_traceback(segment, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.SEGMENT_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"

        with pytest.raises(SegmentProblem, match="could not be asked") as caught:
            segment.fetch_traits(CASEY)

    assert caught.value.may_repeat


@pytest.mark.parametrize(
    "events", [[identify(words="x" * 33_000)], [identify(plan="gold")] * 2501]
)
def test_segment_is_sent_nothing_that_is_too_long(segment, emulator, events):
    with pytest.raises(ValueError, match="at most"):
        segment.send(events, SENT_AT)

    assert emulator.calls == []


def test_segment_shows_no_secret_and_no_customer(segment):
    segment.send([identify(plan="gold")], SENT_AT)

    shown = repr([segment, segment.fetch_traits("user_id:c-1")])

    assert "token" not in shown.replace("SegmentClient", "")
    assert "write-key" not in shown
    assert "gold" not in shown
