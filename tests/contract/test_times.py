"""Contract section 3."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.contract.times import from_wire, to_wire

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NINE, "2026-01-05T09:00:00Z"),
        (NINE.replace(microsecond=999_999), "2026-01-05T09:00:00Z"),
        (NINE.astimezone(timezone(timedelta(hours=14))), "2026-01-05T09:00:00Z"),
        (datetime(987, 1, 5, tzinfo=UTC), "0987-01-05T00:00:00Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59Z"),
    ],
)
def test_a_moment_is_written_in_whole_seconds_of_utc(moment, text):
    assert to_wire(moment) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T09:00:00Z",
        "2026-01-05t09:00:00z",
        "2026-01-05 09:00:00Z",
        " 2026-01-05T09:00:00+00:00 ",
        "2026-01-05T09:00:00-00:00",
        "2026-01-05T23:00:00+14:00",
        "2026-01-05T09:00:00.000Z",
        "2026-01-05T09:00:00.000000000Z",
    ],
)
def test_any_way_of_writing_a_moment_is_read(text):
    assert from_wire(text) == NINE
    assert from_wire(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-05",
        "2026-01-05T09:00Z",
        "2026-01-05T09:00:00",
        "2026-02-30T09:00:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T09:00:60Z",
        "2026-01-05T09:00:00,5Z",
        "2026-01-05T09:00:00+25:00",
        "2026-01-05T09:00:00+0100",
        "2026-W02-1T09:00:00Z",
        "20260105T090000+00:00",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-01-05T09:00:00Z",
        "1767600000",
    ],
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_wire(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back(moment):
    assert from_wire(to_wire(moment)) == moment.replace(microsecond=0)
