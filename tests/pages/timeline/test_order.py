"""One order, by occurrence, of rows, headings and exports; whatever the memory can do."""

import json
import re
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from console.client import network
from console.service.memory.models import Observation, Summary
from console.service.wsgi import application
from tests.factories import HTMX, make_items, make_observation, make_profile
from tests.pages.timeline.test_timeline import find_next
from tests.pages.urls import page_url

ORDER = "orderBy=occurredAt"


def ignoring(environ, start_response):
    """The memory, as if it had never heard of this order."""
    query = environ["QUERY_STRING"].replace(ORDER, "")
    return application(environ | {"QUERY_STRING": query}, start_response)


@pytest.fixture(params=["application", "ignoring"])
def memory(request, settings):
    if request.param != "application":
        settings.MEMORY_APPLICATION = f"{__name__}.{request.param}"
        network._http.cache_clear()
    yield request.param
    network._http.cache_clear()


@pytest.fixture
def profile(memory, tenant):
    """25 observations and 25 summaries, learned in another order than they happened."""
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=25, summaries=25)
    first = datetime(2019, 3, 1, 9, tzinfo=UTC)
    at = [first + timedelta(hours=7 * number) for number in range(50)]
    Random(7).shuffle(at)
    rows = [*Observation.objects.order_by("id"), *Summary.objects.order_by("id")]
    for row, occurred_at in zip(rows, at, strict=True):
        type(row).objects.filter(pk=row.pk).update(occurred_at=occurred_at)
    return profile


def read_all(client, profile, **query) -> str:
    """Every row, as somebody sees them who loads more until the end."""
    answers = [client.get(page_url("timeline", profile), query, follow=True).text]
    while address := find_next(answers[-1]):
        answers.append(client.get(address, headers=HTMX).text)
    return "".join(answers)


def test_timeline_is_in_one_order_to_its_end(client, agent, profile):
    client.force_login(agent)

    text = read_all(client, profile)

    rows = "".join(re.findall(r'<li class="timeline-row".*?</li>', text, re.DOTALL))
    times = re.findall(r'<time datetime="([^"]+)"\s+title', rows)
    assert len(times) == 50
    assert times == sorted(times, reverse=True)
    headings = re.findall(r'<time datetime="(\d{4}-\d\d-\d\d)">', text)
    assert headings == sorted(set(headings), reverse=True)
    [kinds] = {frozenset(re.findall(r'data-kind="(\w+)"', text))}
    assert kinds == {"observation", "summary"}


def test_timeline_says_how_far_it_is_until_it_is_in_order(
    client, agent, profile, memory, tenant, settings
):
    settings.BUDGET_STEPS = 1
    make_items(tenant, profile, observations=60)
    make_observation(
        tenant, profile, "Of the future.", occurredAt="2030-01-05T09:00:00Z"
    )
    client.force_login(agent)

    text = client.get(page_url("timeline", profile)).text

    if memory == "application":
        assert "Of the future." in text
    else:
        assert "Putting the timeline in order: 75 items read" in text
        assert "Of the future." not in text
        text = client.get(find_next(text), headers=HTMX).text
        assert text.index("Of the future.") < text.index("5 January 2026")


def test_timeline_filters_in_whatever_order_a_memory_lists(client, agent, profile):
    client.force_login(agent)

    text = read_all(client, profile, kind="summary", end="2019-03-04", words="summary")

    rows = "".join(re.findall(r'<li class="timeline-row".*?</li>', text, re.DOTALL))
    times = re.findall(r'<time datetime="([^"]+)"\s+title', rows)
    assert times == sorted(times, reverse=True)
    assert set(re.findall(r'data-kind="(\w+)"', text)) == {"summary"}
    assert "4 March 2019" in text
    assert "5 March 2019" not in text


def test_export_is_in_the_order_of_the_timeline(client, officer, profile):
    client.force_login(officer)
    rows = re.findall(
        r'data-row[^>]+href="[^"]+/(mem_\w+)/"', read_all(client, profile)
    )

    address = page_url("export", profile) + "?what=timeline&format=json"
    exported = json.loads(client.get(address).getvalue())

    assert len(rows) == 50
    assert [item["id"] for item in exported["items"]] == rows
