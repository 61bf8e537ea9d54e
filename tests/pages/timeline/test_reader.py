"""Reading observations and summaries side by side, whatever pages they come in."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.signing import BadSignature
from django.utils import timezone

from console.contract.times import to_wire
from console.pages.timeline.selectors.filters import Filters
from console.pages.timeline.selectors.reader import Cursor, Place, Reader
from console.service.memory.models import Observation, Summary
from console.tenants.memory import open_store
from tests.factories import make_items, make_profile


def spread(model, step: timedelta) -> None:
    """As if each had been learned `step` after the one before."""
    now = timezone.now().replace(microsecond=0)
    rows = list(model.objects.order_by("-created_at", "-id"))
    for place, row in enumerate(rows):
        moment = now - place * step
        model.objects.filter(pk=row.pk).update(created_at=moment, updated_at=moment)


def read_all(store, profile, *, a_step: int = 1, **filters: str) -> list:
    """Everything, from one request to the next as an address would carry it."""
    found, cursor = [], Cursor()
    while not cursor.is_end:
        start = Cursor.unpack(cursor.pack())
        reader = Reader(store, profile, start, Filters(**filters), size=5)
        for _ in range(a_step):
            found += reader.read()
        cursor = reader.cursor
    return found


@pytest.mark.parametrize("a_step", [1, 3])
@pytest.mark.parametrize(
    ("every_observation_s", "every_summary_s"), [(0, 0), (60, 700), (700, 60), (7, 7)]
)
def test_every_item_is_read_once_and_in_order(
    tenant, a_step, every_observation_s, every_summary_s
):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=23, summaries=17)
    spread(Observation, timedelta(seconds=every_observation_s))
    spread(Summary, timedelta(seconds=every_summary_s))

    found = read_all(open_store(tenant), profile, a_step=a_step)

    ids = [item.id for item in found]
    assert len(ids) == len(set(ids)) == 40


def test_a_step_is_newer_than_all_that_follow_it(tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=12, summaries=12)
    spread(Observation, timedelta(minutes=1))
    spread(Summary, timedelta(minutes=3))
    reader = Reader(open_store(tenant), profile, Cursor(), size=4)

    steps = []
    while not reader.cursor.is_end:
        steps.append([item.created_at for item in reader.read()])

    assert sum(map(len, steps)) == 24
    for step, following in pairwise(steps):
        assert min(step) >= max(following)


def test_what_is_learned_meanwhile_repeats_nothing(tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=6, summaries=6)
    spread(Observation, timedelta(minutes=1))
    spread(Summary, timedelta(minutes=10))
    store = open_store(tenant)
    first = Reader(store, profile, Cursor(), size=4)
    seen = [item.id for item in first.read()]

    make_items(tenant, profile, observations=1, summaries=1)
    rest = Reader(store, profile, first.cursor, size=4)
    while not rest.cursor.is_end:
        seen += [item.id for item in rest.read()]

    assert len(seen) == len(set(seen)) == 12


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"kind": "observation"}, 12),
        ({"kind": "summary"}, 4),
        ({"source": "voice"}, 3),
        ({"source": "voice", "kind": "observation"}, 2),
    ],
)
def test_a_reader_keeps_to_its_filters(tenant, filters, count):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=10, summaries=3)
    make_items(tenant, profile, observations=2, summaries=1, source="voice")

    found = read_all(open_store(tenant), profile, **filters)

    assert len(found) == count


def test_a_cursor_travels_in_an_address_and_nobody_can_make_one_up():
    cursor = Cursor(Place("abc"), Place("", timezone.now().replace(microsecond=0)), 7)

    assert Cursor.unpack(cursor.pack()) == cursor
    assert to_wire(cursor.summaries.below) not in cursor.pack()
    with pytest.raises(BadSignature):
        Cursor.unpack("made-up")
