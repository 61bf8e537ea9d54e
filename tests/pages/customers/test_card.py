"""The card: who is on the line and what matters, at first sight."""

import re
from datetime import timedelta
from threading import Barrier

import httpx
import pytest
import time_machine
from django.utils import timezone

from console.client.account import connect
from console.client.network import TOGETHER
from console.contract.ids import new_id
from console.contract.memory.observation import Observation
from console.contract.memory.recall import RECALL_ITEMS
from console.contract.times import to_wire
from console.pages.customers import views
from console.pages.customers.models import LastSeen
from console.pages.customers.views import find_not_recallable, get_pause_s
from console.tenants.vault import open_store
from tests.factories import (
    HTMX,
    make_items,
    make_observation,
    make_profile,
    make_summary,
    move_tenant,
)
from tests.pages.odd_memory import PROFILE, OddMemory, serving

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def signed_in(client, agent):
    client.force_login(agent)


def card(profile: str, part: str = "") -> str:
    return f"/t/acme/profiles/{profile}/{part}"


def store_that_recalls(*contents: tuple[str, str]):
    """A store whose Recall knows these ids with these texts, and nothing else."""
    items = [
        {
            "id": id_,
            "content": content,
            "source": "chat",
            "occurredAt": to_wire(NOW),
            "createdAt": to_wire(NOW),
            "updatedAt": to_wire(NOW),
        }
        for id_, content in contents
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        body = {"observations": items, "summaries": [], "communications": []}
        return httpx.Response(200, json=body | {"meta": {"queryTime": 1}})

    account = connect(
        "https://memory.example",
        username="AC" + "0" * 32,
        secret="s",
        transport=httpx.MockTransport(answer),
    )
    return account.store(new_id("mem_store"))


def observation(content: str = "likes tea", age: timedelta = timedelta(0)):
    at = NOW - age
    return Observation(
        id=new_id("mem_observation"),
        content=content,
        source="chat",
        occurred_at=NOW,
        created_at=at,
        updated_at=at,
    )


def test_profile_shows_five_observations_and_three_summaries(client, tenant):
    profile = make_profile(tenant)
    for day in range(1, 8):
        make_observation(
            tenant, profile, f"Fact {day}", occurredAt=f"2026-01-0{day}T09:00:00Z"
        )
        make_summary(
            tenant, profile, f"Story {day}", occurredAt=f"2026-01-0{day}T09:00:00Z"
        )

    shown = client.get(card(profile)).text

    assert re.findall(r"Fact \d", shown) == [f"Fact {n}" for n in (7, 6, 5, 4, 3)]
    assert re.findall(r"Story \d", shown) == [f"Story {n}" for n in (7, 6, 5)]


def test_profile_masks_the_customer(client, tenant):
    profile = make_profile(
        tenant, email="ada@example.com", firstName="Ada", phone="777"
    )

    shown = client.get(card(profile)).text

    assert "A•••" in shown
    assert "777, a trait only" in shown
    assert "a•••@•••.com" in shown
    assert "ada@example.com" not in shown
    assert "/reveal/" in shown


def test_profile_counts_what_is_new_since_the_last_visit(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Known before.")
    first = client.get(card(profile)).text
    LastSeen.objects.update(seen_at=timezone.now() - timedelta(hours=2))

    again = client.get(card(profile)).text

    assert "your last visit" not in first
    assert " new</strong>" not in first
    assert again.count("<strong>1 new</strong> since your last visit") == 2
    assert "your last visit <time" in again
    assert again.count('class="badge new"') == 1


def test_profile_says_nothing_where_nothing_is_new(client, tenant):
    profile = make_profile(tenant)
    client.get(card(profile))
    LastSeen.objects.update(
        seen_at=timezone.now() + timedelta(seconds=5),
        before_at=timezone.now() + timedelta(seconds=5),
    )

    page = client.get(card(profile)).text
    assert profile in page
    assert " new</strong>" not in page


@pytest.fixture
def far(tenant, settings, monkeypatch):
    """The tenant's memory is behind a network, and a page waits for all of its parts."""
    settings.MEMORY_ALLOW_PRIVATE = True
    monkeypatch.setattr(views, "PATIENCE_S", 60)
    with serving(OddMemory()) as memory:
        move_tenant(tenant, memory.address)
        yield memory


PARTS = ("newest/", "newest-summaries/")
HEAD = ("TraitGroups", "Identifiers", "Traits", PROFILE)
# Of Provenance two lists: what is proposed, and what is held back.
BESIDE = ("Observations", "ConversationSummaries", "Provenance")
CALLS = len(HEAD) + len(BESIDE) + 1


def test_profile_asks_once_for_everything_and_at_the_same_time(client, far):
    client.get(card(PROFILE))
    LastSeen.objects.update(seen_at=timezone.now() - timedelta(hours=2))
    far.asked.clear()
    # Each is answered when all have been asked: one round trip, or none at all.
    together = Barrier(CALLS)
    far.together = dict.fromkeys((*HEAD, *BESIDE), together)

    shown = client.get(card(PROFILE)).text

    assert "a•••@•••.com" in shown
    assert "An observation is one fact" in shown
    assert "when a conversation ends" in shown
    assert 'hx-trigger="load"' not in shown
    assert len(far.asked) == len(set(far.asked)) == CALLS == TOGETHER


def test_profile_does_not_wait_for_parts_that_take_longer(client, far, monkeypatch):
    monkeypatch.setattr(views, "PATIENCE_S", 0)
    # The parts are answered when the page is there.
    answered = Barrier(len(BESIDE) + 2)
    far.together = dict.fromkeys(BESIDE, answered)

    shown = client.get(card(PROFILE)).text
    answered.wait(60)
    far.together = {}
    parts = [client.get(card(PROFILE, part), headers=HTMX).text for part in PARTS]

    assert "a•••@•••.com" in shown
    assert shown.count('class="skeleton"') == 2
    assert all(f'hx-get="{card(PROFILE, part)}"' in shown for part in PARTS)
    assert "An observation is one fact" in parts[0]
    assert "when a conversation ends" in parts[1]


@pytest.mark.parametrize(
    "part",
    [
        "TraitGroups",
        "Identifiers",
        "Observations",
        "ConversationSummaries",
        "Provenance",
    ],
)
def test_profile_stands_without_a_part_that_fails(client, far, part):
    far.failing = {part: 500}
    far.values = {"Contact": {"firstName": "Ada"}}

    answer = client.get(card(PROFILE))

    assert answer.status_code == 200
    assert answer.text.count("Not shown:</span>") == 1
    assert "A•••" in answer.text


def test_profile_shows_observations_before_it_is_known_whether_recall_has_them(
    client, far
):
    at = to_wire(timezone.now())
    fresh = {"id": new_id("mem_observation"), "content": "Moves in May."}
    times = dict.fromkeys(("occurredAt", "createdAt", "updatedAt"), at)
    far.observations = [fresh | times | {"source": "chat"}]
    far.failing = {"Recall": 500}

    shown = client.get(card(PROFILE)).text

    assert "Moves in May." in shown
    assert "not yet recallable" not in shown
    assert re.search(r'hx-trigger="load delay:\d+s"', shown)


@pytest.mark.parametrize("part", PARTS)
def test_part_that_fails_says_so_in_its_place(client, far, part):
    far.failing = {"Observations": 500, "ConversationSummaries": 500}

    answer = client.get(card(PROFILE, part), headers=HTMX)

    assert answer.status_code == 200
    assert "Not shown:</span>" in answer.text
    assert f'hx-get="{card(PROFILE, part)}"' in answer.text
    assert "HX-Retarget" not in answer


def test_profile_shows_pinned_groups_in_order(client, tenant):
    profile = make_profile(tenant, email="ada@example.com", city="Bath")
    tenant.pinned_groups = ["Nowhere"]
    tenant.save()

    shown = client.get(card(profile)).text

    assert "Pinned traits" in shown
    assert "Bath" not in shown


def test_profile_lists_merged_ids(client, tenant):
    store = open_store(tenant)
    first = make_profile(tenant, email="ada@example.com")
    second = make_profile(tenant, phone="+15558675310")
    store.add_identifier(second, "email", "ada@example.com")

    asked = client.get(card(second))

    assert asked.status_code == 200
    assert "was merged into this one" in asked.text
    assert "1 merged id" in asked.text
    assert f'data-copy="{second}"' in asked.text
    assert f'data-copy="{first}"' in asked.text


def test_find_not_recallable_finds_what_recall_lacks():
    known, waits, old = (
        observation(),
        observation(),
        observation(age=timedelta(hours=1)),
    )
    store = store_that_recalls((known.id, known.content))

    found = find_not_recallable(
        store, new_id("mem_profile"), [known, waits, old], now=NOW
    )

    assert found == {waits.id}


def test_find_not_recallable_finds_a_correction():
    corrected = observation("likes coffee")
    store = store_that_recalls((corrected.id, "likes tea"))

    found = find_not_recallable(store, new_id("mem_profile"), [corrected], now=NOW)

    assert found == {corrected.id}


def test_find_not_recallable_finds_nothing_in_a_full_answer():
    store = store_that_recalls(
        *((new_id("mem_observation"), "x") for _ in range(RECALL_ITEMS))
    )

    found = find_not_recallable(store, new_id("mem_profile"), [observation()], now=NOW)

    assert found == frozenset()


def test_recent_items_stop_asking_when_recallable(client, tenant):
    profile = make_profile(tenant)
    fresh = make_observation(tenant, profile, "Just said.", occurredAt=to_wire(NOW))

    shown = client.get(card(profile, "newest/"), headers=HTMX).text

    # The embedded memory is recalled from at once.
    assert fresh.id in shown
    assert "not yet recallable" not in shown
    assert "hx-get" not in shown.partition(">")[0]


def test_recent_items_without_htmx_redirect_to_the_card(client, tenant):
    profile = make_profile(tenant)

    answer = client.get(card(profile, "newest/"))

    assert answer.status_code == 302
    assert answer["Location"] == card(profile)


def test_recent_items_wait_for_a_write(client, tenant, settings):
    profile = make_profile(tenant)
    settings.MEMORY_VISIBILITY_LAG_S = 1.0
    form = {
        "content": "Moves in May.",
        "source": "console",
        "occurred_at": "2026-01-05T09:00",
        "reason_code": "learned",
        "ticket": "T-1",
    }

    client.post(card(profile, "observations/add/"), form)
    waiting = client.get(card(profile)).text
    with time_machine.travel(timezone.now() + timedelta(seconds=1.1)):
        listed = client.get(card(profile, "newest/"), headers=HTMX).text

    assert "written, not listed yet" in waiting
    assert "Moves in May." not in waiting
    assert 'hx-trigger="load delay:2s"' in waiting
    assert "Moves in May." in listed
    assert "written, not listed yet" not in listed


@pytest.mark.parametrize(
    ("age_s", "pause"), [(0, 2), (20, 5), (600, 30)], ids=["now", "later", "late"]
)
def test_get_pause_s_grows_with_age(age_s, pause):
    assert get_pause_s(timedelta(seconds=age_s)) == pause


def test_profile_stops_waiting_for_a_lost_write(client, tenant):
    profile = make_profile(tenant)
    session = client.session
    lost = {"digest": to_wire(timezone.now() - timedelta(minutes=11))}
    session["written"] = {profile: lost}
    session.save()

    shown = client.get(card(profile)).text

    assert "written, not listed yet" not in shown
    assert client.session["written"] == {}


@pytest.mark.parametrize("said_at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_profile_does_not_wait_for_what_happened_long_ago(client, tenant, said_at):
    profile = make_profile(tenant)
    for number in range(3):
        make_items(tenant, profile, observations=10, content=f"Filler {number} {{}}.")
    form = {
        "content": "Said at the end of time.",
        "source": "console",
        "occurred_at": said_at,
        "reason_code": "learned",
        "ticket": "T-1",
    }

    added = client.post(card(profile, "observations/add/"), form)
    shown = client.get(card(profile)).text

    assert added.status_code == 302
    assert "written, not listed yet" not in shown
