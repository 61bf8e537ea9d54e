"""What an observation said before, what changed, and who changed it."""

import html
import re
from datetime import timedelta

import pytest

from console.audit.log import log
from console.contract.times import to_wire
from console.service.memory.models import Observation
from console.tenants.actor import Actor
from console.tenants.memory import open_store
from tests.factories import HTMX, make_observation, make_profile
from tests.pages.urls import page_url


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def page(profile: str, name: str = "timeline", *args: str) -> str:
    return page_url(name, profile, *args)


def test_revisions_open_with_the_words_that_changed(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    open_store(tenant).patch_observation(profile, seen.id, content="Lives in Bergen.")

    part = client.get(page(profile, "observation", seen.id), headers=HTMX).text

    assert "<html" not in part
    assert "<del>Oslo</del>" in part
    assert "<ins>Bergen</ins>" in part
    assert "by the memory's API" in part
    assert "as it was written, from chat" in part
    assert part.count("present") == 1


def test_a_revision_names_who_wrote_it_here(client, tenant, agent):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    store = open_store(tenant)
    store.patch_observation(profile, seen.id, content="Lives in Bergen.")
    changed = store.fetch_observation(profile, seen.id)
    for details in ({"updated_at": to_wire(changed.updated_at)}, {"count": 1}):
        log(
            Actor(agent, tenant),
            "observation.corrected",
            object_type="observation",
            object_id=seen.id,
            **details,
        )

    part = client.get(page(profile, "observation", seen.id), headers=HTMX).text

    assert f"by {agent.email}" in part


def test_a_revision_of_something_masked_says_only_that(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Call +15558675310.")
    open_store(tenant).patch_observation(profile, seen.id, content="Call +15558675410.")

    part = client.get(page(profile, "observation", seen.id), headers=HTMX).text

    assert "What changed is masked." in part
    assert "8675" not in part


def test_many_revisions_have_pages(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "State 0.")
    for number in range(1, 22):
        open_store(tenant).patch_observation(
            profile, seen.id, content=f"State {number}."
        )

    text = client.get(page(profile, "observation", seen.id)).text
    earlier = html.unescape(re.search(r'href="(\?page|[^"]+\?page)=([^"]+)"', text)[2])
    second = client.get(page(profile, "observation", seen.id) + "?page=" + earlier).text

    assert "State 0." not in text
    assert "State 0." in second
    assert "as it was written" in second
    assert "as it was written" not in text


def test_a_changed_observation_says_so_on_the_timeline(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    row = Observation.objects.get(id=seen.id)
    Observation.objects.update(created_at=row.created_at - timedelta(days=2))

    text = client.get(page(profile)).text

    assert 'class="history"' in text
