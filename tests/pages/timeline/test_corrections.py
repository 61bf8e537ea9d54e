"""Adding to a memory and correcting it: with a reason, once, and only what was seen."""

import re
from datetime import UTC, datetime

import httpx
import pytest

from console.audit.models import AuditEntry
from console.client.account import connect
from console.client.errors import MemoryRefused, MemoryUnreachable
from console.contract.ids import new_id
from console.contract.memory.observation import Observation, PatchObservation
from console.pages.timeline.views.items import correct_item, get_version
from console.profiles.items import OBSERVATION
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile, make_summary, move_tenant

WHY = {"reason_code": "customer", "ticket": "T-88121"}


@pytest.fixture(autouse=True)
def signed_in(client, agent):
    client.force_login(agent)


@pytest.fixture
def profile(tenant: Tenant) -> str:
    return make_profile(tenant)


def at(profile: str, rest: str) -> str:
    return f"/t/acme/profiles/{profile}/{rest}"


def correct_url(profile: str, observation) -> str:
    return at(profile, f"observations/{observation.id}/correct/")


def seen_in(page: str) -> str:
    return re.search(r'name="seen" value="(\w+)"', page)[1]


def outcomes(action: str) -> list[str]:
    rows = AuditEntry.objects.filter(action=action).order_by("seq")
    return [row.outcome for row in rows]


def test_observation_correct_keeps_a_revision(client, tenant, profile):
    observation = make_observation(tenant, profile, "Prefers calls.")
    address = correct_url(profile, observation)
    seen = seen_in(client.get(address).text)

    answer = client.post(
        address, {"content": "Prefers SMS.", "seen": seen} | WHY, follow=True
    )

    assert answer.redirect_chain == [
        (at(profile, f"observations/{observation.id}/"), 302)
    ]
    assert "Corrected. The previous text stays as a revision." in answer.text
    states = open_store(tenant).list_revisions(profile, observation.id).items
    assert [state.content for state in states] == ["Prefers SMS.", "Prefers calls."]


def test_observation_correct_is_logged_before_and_after(client, tenant, profile):
    observation = make_observation(tenant, profile, "Prefers calls.")
    address = correct_url(profile, observation)
    seen = seen_in(client.get(address).text)

    client.post(address, {"content": "Prefers SMS.", "seen": seen} | WHY)

    before, after = AuditEntry.objects.filter(action="observation.corrected").order_by(
        "seq"
    )
    assert (before.outcome, after.outcome) == ("allowed", "done")
    assert before.reason.text == "The customer says it is wrong (ticket T-88121)"
    assert after.object_id == observation.id
    assert after.details["intent"] == before.seq
    assert after.details["updated_at"].endswith("Z")
    assert "Prefers" not in str(before.details) + str(after.details)


def test_summary_correct_says_that_no_history_is_kept(client, tenant, profile):
    summary = make_summary(tenant, profile, "Order sent by post.")
    address = at(profile, f"summaries/{summary.id}/correct/")
    page = client.get(address).text

    answer = client.post(
        address,
        {"content": "Order sent by express.", "seen": seen_in(page)} | WHY,
        follow=True,
    )

    assert "the previous text is gone" in page
    assert "Order sent by express." in answer.text
    assert outcomes("summary.corrected") == ["allowed", "done"]


def test_observation_correct_shows_what_changed_meanwhile(client, tenant, profile):
    observation = make_observation(tenant, profile, "Prefers calls.")
    address = correct_url(profile, observation)
    seen = seen_in(client.get(address).text)
    open_store(tenant).patch_observation(
        profile, observation.id, PatchObservation(content="Prefers post.")
    )
    mine = {"content": "Prefers SMS."} | WHY

    refused = client.post(address, mine | {"seen": seen})
    again = client.post(address, mine | {"seen": seen_in(refused.text)})

    assert refused.status_code == 409
    assert "changed the text while you were writing" in refused.text
    assert "Prefers post." in refused.text
    assert "Prefers SMS." in refused.text
    assert again.status_code == 302


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"content": ""}, "Text is required."),
        ({"content": "x" * 4097}, "At most 4096 characters; this has 4097."),
        ({"content": "Prefers calls."}, "This is the current text already."),
        ({"reason_code": ""}, "Choose a reason."),
        ({"ticket": ""}, "Ticket is required."),
        ({"ticket": "call +1 555"}, "A ticket number has letters"),
    ],
)
def test_observation_correct_says_what_is_not_valid(
    client, tenant, profile, form, words
):
    observation = make_observation(tenant, profile, "Prefers calls.")
    address = correct_url(profile, observation)
    seen = {"seen": seen_in(client.get(address).text)}

    answer = client.post(address, {"content": "Prefers SMS."} | WHY | seen | form)

    assert answer.status_code == 422
    assert words in answer.text
    assert outcomes("observation.corrected") == []


def test_observation_correct_keeps_the_ticket_for_the_next_form(
    client, tenant, profile
):
    observation = make_observation(tenant, profile, "Prefers calls.")
    address = correct_url(profile, observation)
    seen = seen_in(client.get(address).text)
    client.post(address, {"content": "Prefers SMS.", "seen": seen} | WHY)

    assert 'value="T-88121"' in client.get(address).text


def test_observation_correct_needs_a_masked_text_revealed(client, tenant, profile):
    observation = make_observation(tenant, profile, "Call him on +1 555 867 5310.")

    page = client.get(correct_url(profile, observation)).text

    assert "Part of the text is masked" in page
    assert "555 867" not in page
    assert "<textarea" not in page


def test_observation_correct_keeps_to_its_profile(client, tenant, profile):
    other = make_profile(tenant)
    observation = make_observation(tenant, other, "Not yours.")

    assert client.get(correct_url(profile, observation)).status_code == 404
    answer = client.post(correct_url(profile, observation), {"content": "x"} | WHY)
    assert answer.status_code == 404


def test_observation_correct_needs_permission(client, tenant, profile, auditor):
    observation = make_observation(tenant, profile, "Prefers calls.")
    client.force_login(auditor)

    answer = client.get(correct_url(profile, observation))

    assert answer.status_code == 403


def test_correct_item_logs_a_refusal_as_failed(rf, tenant, agent, profile):
    store = open_store(tenant)
    observation = make_observation(tenant, profile, "Prefers calls.")
    request = rf.post("/")
    request.actor = Actor(agent, tenant, Role.AGENT)

    with pytest.raises(MemoryRefused):
        correct_item(
            request,
            store,
            profile,
            OBSERVATION,
            observation,
            content="x" * 5000,
            reason="why",
        )

    assert outcomes("observation.corrected") == ["allowed", "failed"]


def test_observation_correct_says_what_is_not_visible_yet(
    client, tenant, profile, settings
):
    observation = make_observation(tenant, profile, "Prefers calls.")
    address = correct_url(profile, observation)
    seen = seen_in(client.get(address).text)
    settings.MEMORY_VISIBILITY_LAG_S = 30.0

    answer = client.post(
        address, {"content": "Prefers SMS.", "seen": seen} | WHY, follow=True
    )

    assert "does not show it yet" in answer.text
    assert outcomes("observation.corrected") == ["allowed", "done"]


def test_correct_item_is_done_although_reading_back_fails(rf, tenant, agent):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            return httpx.Response(202, json={"message": "accepted"})
        return httpx.Response(404, json={"code": 20404, "message": "no", "status": 404})

    account = connect(
        "https://memory.example",
        username="AC" + "0" * 32,
        secret="s",
        transport=httpx.MockTransport(answer),
    )
    request = rf.post("/")
    request.actor = Actor(agent, tenant, Role.AGENT)
    at = datetime(2026, 1, 5, tzinfo=UTC)
    said = Observation(
        id=new_id("mem_observation"),
        content="Calls.",
        source="chat",
        occurred_at=at,
        created_at=at,
        updated_at=at,
    )

    is_visible = correct_item(
        request,
        account.store(new_id("mem_store")),
        new_id("mem_profile"),
        OBSERVATION,
        said,
        content="SMS.",
        reason="why",
    )

    assert not is_visible
    assert outcomes("observation.corrected") == ["allowed", "done"]


def test_get_version_depends_on_the_text(tenant, profile):
    store = open_store(tenant)
    observation = make_observation(tenant, profile, "Prefers calls.")
    store.patch_observation(
        profile, observation.id, PatchObservation(content="Prefers SMS.")
    )

    # In the same second: the wire's times cannot tell the two apart.
    now = store.fetch_observation(profile, observation.id)
    assert get_version(now) != get_version(observation)


def test_observation_add_fails_when_the_memory_is_down(
    client, tenant, profile, settings
):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")
    form = {
        "content": "Moves in May.",
        "source": "console",
        "occurred_at": "2026-01-05T09:00",
    }

    answer = client.post(at(profile, "observations/add/"), form | WHY)

    assert answer.status_code == MemoryUnreachable.status
    assert outcomes("observation.added") == ["allowed", "failed"]


def test_observation_add_sends_source_time_and_conversation(client, tenant, profile):
    conversation = "conv_conversation_00000000000000000000000000"
    form = {
        "content": "Moves in May.",
        "source": "branch office",
        "occurred_at": "2026-01-05T09:00",
        "conversation": conversation,
    }

    answer = client.post(at(profile, "observations/add/"), form | WHY, follow=True)

    [added] = open_store(tenant).list_observations(profile).items
    assert added.content == "Moves in May."
    assert added.source == "branch office"
    assert added.conversation_ids == (conversation,)
    assert added.occurred_at.isoformat() == "2026-01-05T09:00:00+00:00"
    assert "Moves in May." in answer.text
    assert "written, not listed yet" not in answer.text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"source": "a/b;c"}, "Use letters, digits, spaces"),
        ({"occurred_at": "tomorrow"}, "Must be a day and a time, such as"),
        ({"conversation": "77b0"}, "conv_conversation_"),
    ],
)
def test_observation_add_says_what_is_not_valid(client, tenant, profile, form, words):
    right = {
        "content": "Moves in May.",
        "source": "console",
        "occurred_at": "2026-01-05T09:00",
    }

    answer = client.post(at(profile, "observations/add/"), right | WHY | form)

    assert answer.status_code == 422
    assert words in answer.text
    assert not open_store(tenant).list_observations(profile).items


def test_observation_correct_does_not_tell_what_is_masked(client, tenant, profile):
    said = "Call back on +15558675310."
    observation = make_observation(tenant, profile, said)
    address = correct_url(profile, observation)
    seen = seen_in(client.post(address, {"content": "x", "seen": "x"} | WHY).text)

    right = client.post(address, {"content": said, "seen": seen} | WHY)

    assert right.status_code == 302
    assert outcomes("observation.corrected") == ["allowed", "done"]
