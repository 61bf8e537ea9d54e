"""Reading observations and summaries side by side, whatever pages they come in."""

from datetime import timedelta

import pytest
from django.core.signing import BadSignature
from django.utils import timezone

from console.pages.timeline.reader import (
    Cursor,
    ListPosition,
    TimelineFilters,
    TimelineReader,
    get_place,
)
from console.service.memory.models import Observation, Summary
from console.tenants.vault import open_store
from tests.factories import make_items, make_profile


def spread(model, step: timedelta) -> None:
    """As if each had happened `step` after the one learned after it."""
    now = timezone.now().replace(microsecond=0)
    rows = list(model.objects.order_by("created_at", "id"))
    for place, row in enumerate(rows):
        model.objects.filter(pk=row.pk).update(occurred_at=now - place * step)


def read_all(store, profile, *, reads_a_step: int = 1, **filters: str) -> list:
    """Everything, from one request to the next as an address carries the cursor."""
    found, cursor = [], Cursor()
    while not cursor.is_end:
        start = Cursor.decode(cursor.encode())
        reader = TimelineReader(
            store, profile, start, TimelineFilters(**filters), page_size=5
        )
        for _ in range(reads_a_step):
            found += reader.read()
        cursor = reader.cursor
    return found


@pytest.mark.parametrize("reads_a_step", [1, 3])
@pytest.mark.parametrize(
    ("observation_gap_s", "summary_gap_s"), [(0, 0), (60, 700), (700, 60), (7, 7)]
)
def test_timeline_reader_reads_every_item_once(
    tenant, reads_a_step, observation_gap_s, summary_gap_s
):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=23, summaries=17)
    spread(Observation, timedelta(seconds=observation_gap_s))
    spread(Summary, timedelta(seconds=summary_gap_s))

    found = read_all(open_store(tenant), profile, reads_a_step=reads_a_step)

    ids = [item.id for item in found]
    assert len(ids) == len(set(ids)) == 40


def test_timeline_reader_reads_newest_first(tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=12, summaries=12)
    spread(Observation, timedelta(minutes=1))
    spread(Summary, timedelta(minutes=3))
    reader = TimelineReader(open_store(tenant), profile, Cursor(), page_size=4)

    steps = []
    while not reader.cursor.is_end:
        steps.append([get_place(item) for item in reader.read()])

    places = [place for step in steps for place in step]
    assert len(places) == 24
    assert places == sorted(places)


def test_timeline_reader_repeats_nothing_when_something_is_added(tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=6, summaries=6)
    spread(Observation, timedelta(minutes=1))
    spread(Summary, timedelta(minutes=10))
    store = open_store(tenant)
    first = TimelineReader(store, profile, Cursor(), page_size=4)
    seen = [item.id for item in first.read()]

    make_items(tenant, profile, observations=1, summaries=1)
    rest = TimelineReader(store, profile, first.cursor, page_size=4)
    while not rest.cursor.is_end:
        seen += [item.id for item in rest.read()]

    # What was added happened before all the rest.
    assert len(seen) == len(set(seen)) == 14


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"kind": "observation"}, 12),
        ({"kind": "summary"}, 4),
        # Summaries of every source: the memory lists them so.
        ({"source": "voice"}, 6),
        ({"source": "voice", "kind": "observation"}, 2),
    ],
)
def test_timeline_reader_applies_its_filters(tenant, filters, count):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=10, summaries=3)
    make_items(tenant, profile, observations=2, summaries=1, source="voice")

    found = read_all(open_store(tenant), profile, **filters)

    assert len(found) == count


def test_cursor_is_signed_in_an_address():
    cursor = Cursor(ListPosition("abc"), ListPosition("", (-1_767_600_000, -1)), 7)

    assert Cursor.decode(cursor.encode()) == cursor
    assert "1767600000" not in cursor.encode()
    with pytest.raises(BadSignature):
        Cursor.decode("made-up")
