"""Segment's workspace: its settings, whether they work, and its part of the card."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from console.audit.models import AuditEntry
from console.client.segment import SegmentClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.trait_group import NewTraitDefinition, PatchTraitGroup
from console.contract.segment import external_id
from console.demo.segment import Emulator
from console.segment import workspaces
from console.segment.models import Workspace
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import HTMX, make_profile, make_tenant

PAGE = "/tenants/acme/segment/"
GIVEN = {
    "name": "Alpine shop",
    "space": "spa_emulator",
    "region": "US",
    "token": "profile-token",
    "write_key": "write-key",
    "personalization": "on",
}


@pytest.fixture
def segment(settings, tenant):
    workspaces._kept.clear()
    with Emulator() as emulator:
        settings.SEGMENT_URL = emulator.url
        yield emulator


@pytest.fixture
def workspace(segment, tenant):
    return set_up(tenant)


def set_up(tenant, **changes):
    workspace = Workspace(
        tenant=tenant, name="Alpine shop", space="spa_emulator", **changes
    )
    workspace.seal({"token": "profile-token", "write_key": "write-key"})
    workspace.save()
    return workspace


def know(segment, profile="c-1", **traits):
    client = SegmentClient(
        "US", space="spa_emulator", token="profile-token", write_key="write-key"
    )
    phone = external_id("phone", "14155550100")
    event = {
        "type": "identify",
        "messageId": f"m-{profile}",
        "userId": profile,
        "traits": traits,
        "context": {"externalIds": [phone]},
    }
    track = {
        "type": "track",
        "messageId": f"t-{profile}",
        "userId": profile,
        "event": "Tent returned",
    }
    client.send([event, track], "2026-11-27T09:00:00+00:00")
    segment.calls.clear()


def get_actions():
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


def test_workspace_is_saved_sealed_and_said_nowhere(client, segment, operator):
    client.force_login(operator)

    client.post(PAGE, GIVEN)

    kept = Workspace.objects.get()
    given = {"token": "profile-token", "write_key": "write-key"}
    assert kept.secrets == given | {"public_token": ""}
    page = client.get(PAGE).text
    entry = AuditEntry.objects.get(action="segment.changed")
    for secret in ("profile-token", "write-key"):
        assert secret not in page + str(entry.details) + kept.encrypted_token
    assert "token" in entry.details["changed"]


def test_workspace_keeps_secrets_that_are_left_empty(client, workspace, operator):
    client.force_login(operator)

    client.post(PAGE, GIVEN | {"token": "", "write_key": "other-key", "region": "EU"})

    kept = Workspace.objects.get()
    given = {"token": "profile-token", "write_key": "other-key"}
    assert kept.secrets == given | {"public_token": ""}
    assert kept.region == "EU"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("space", "spa emulator", "A space id is spa_"),
        ("token", "", "Profile access token is required."),
        ("write_key", "with blank", "Letters, digits and symbols only"),
        ("region", "CN", "region"),
    ],
)
def test_workspace_names_the_field_that_is_wrong(
    client, segment, operator, field, value, words
):
    client.force_login(operator)

    answer = client.post(PAGE, GIVEN | {field: value})

    assert words in answer.text
    assert not Workspace.objects.exists()


def test_workspace_is_an_operators(client, workspace, agent):
    client.force_login(agent)

    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}check/", headers=HTMX).status_code == 403


def test_check_sees_an_event_arrive(client, workspace, operator):
    client.force_login(operator)

    answer = client.post(f"{PAGE}check/", headers=HTMX)

    assert "Accepted by Segment." in answer.text
    assert "A test event arrived" in answer.text
    assert Workspace.objects.get().is_proven
    assert "segment.checked" in get_actions()


def test_check_names_a_refused_token(client, workspace, segment, operator):
    segment.tokens = {"another"}
    client.force_login(operator)

    answer = client.post(f"{PAGE}check/", headers=HTMX)

    assert "Segment refuses the token" in answer.text
    assert "Unify settings → API access" in answer.text
    assert segment.accepted == []


def test_check_names_the_region_of_a_token(client, workspace, monkeypatch, operator):
    """Each region has hosts of its own, here two paths of one server."""
    ask = workspaces._ask

    def ask_region(kept, region):
        if region == "US":
            raise workspaces.TokenRefused("No.", 401)
        return ask(kept, region)

    monkeypatch.setattr(workspaces, "_ask", ask_region)
    client.force_login(operator)

    answer = client.post(f"{PAGE}check/", headers=HTMX)

    assert "It is of the region EU: set that one." in answer.text


@pytest.mark.parametrize("fault", ["loose", "wrong_key", "wrong_space"])
def test_arrival_says_what_can_have_lost_an_event(
    client, workspace, segment, tenant, operator, time_machine, fault
):
    if fault == "loose":
        workspaces.change(Actor(None), tenant, {"write_key": "loose-key"})
    elif fault == "wrong_key":
        segment.sources.clear()
    else:
        segment.space = "spa_other"
    client.force_login(operator)

    early = client.post(f"{PAGE}check/", headers=HTMX).text
    time_machine.move_to(now() + timedelta(seconds=workspaces.PATIENCE_S + 1))
    late = client.get(f"{PAGE}arrival/", headers=HTMX).text

    assert "it cannot be read yet" in early
    assert "load delay" in early
    for cause in ("write key", "not connected to the space", "another space"):
        assert cause in late
    assert "load delay" not in late
    assert (fault == "loose") == ("source_not_connected" in segment.count_lost())


def test_check_rules_out_the_space_where_somebody_was_found(
    client, workspace, segment, operator, agent, tenant, time_machine
):
    know(segment, email="casey@example.com")
    profile = make_profile(tenant, email="casey@example.com")
    client.force_login(agent)
    client.get(f"/t/acme/profiles/{profile}/segment/", headers=HTMX)
    workspaces.change(Actor(None), tenant, {"write_key": "loose-key"})
    client.force_login(operator)

    client.post(f"{PAGE}check/", headers=HTMX)
    time_machine.move_to(now() + timedelta(seconds=workspaces.PATIENCE_S + 1))
    late = client.get(f"{PAGE}arrival/", headers=HTMX).text

    assert "write key" in late
    assert "another space" not in late


def test_customer_shows_what_segment_knows(client, workspace, segment, tenant, agent):
    know(segment, email="casey@example.com", plan="gold", phone="+14155550100")
    profile = make_profile(tenant, email="casey@example.com")
    client.force_login(agent)

    part = client.get(f"/t/acme/profiles/{profile}/segment/", headers=HTMX).text

    assert "gold" in part
    assert "src_emulator" in part
    assert "Tent returned" in part
    assert "found by email" in part
    assert "Identifiers there" in part
    assert "user_id" in part
    assert {*Workspace.objects.get().types} == {"email", "phone", "user_id"}
    assert "casey@example.com" not in part
    assert "4155550100" not in part
    entry = AuditEntry.objects.get(action="segment.viewed")
    assert "gold" not in str(entry.details)


def test_customer_shows_clear_what_the_card_does(
    client, workspace, segment, tenant, agent
):
    mail, other = "casey@example.com", "casey@work.example"
    know(segment, email=mail, second_email=other, firstName="Casey")
    profile = make_profile(
        tenant, email=mail, firstName="Casey", phone="+1 415 555 0100"
    )
    tenant.pinned_groups = ["Contact"]
    tenant.save()
    client.force_login(agent)
    card = reverse("customers:profile", args=["acme", profile])

    def reveal(kind, ref):
        address = reverse("reveals:reveal", args=["acme", profile, kind, ref])
        why = {"reason_code": "verify", "ticket": "T-1"}
        client.post(address, why, headers=HTMX)

    masked = client.get(f"{card}segment/", headers=HTMX).text
    reveal("identifier", "email")
    part, page = client.get(f"{card}segment/", headers=HTMX).text, client.get(card).text
    reveal("name", "Contact")
    reveal("identifier", "phone")
    named = client.get(f"{card}segment/", headers=HTMX).text

    # In one place by the head's own name, so that it is masked again with it.
    again = f'data-again="shown-identifier-email" dir="auto">{mail}<'
    assert mail not in masked
    assert again in " ".join(part.split())
    assert again in " ".join(page.split())
    assert page.count(mail) == page.count(f">{mail}<") == 2
    assert other not in part + page
    assert "Casey" not in part
    assert ">Casey<" in named
    # As Segment writes it, 14155550100: one value is shown in one way.
    assert ">+14155550100<" in named


def test_customer_is_found_by_a_phone_that_segment_has_in_digits(
    client, workspace, segment, tenant, agent
):
    know(segment, plan="gold")
    profile = make_profile(tenant, phone="+14155550100")
    client.force_login(agent)

    part = client.get(f"/t/acme/profiles/{profile}/segment/", headers=HTMX).text

    assert "gold" in part


def test_customer_of_a_type_that_segment_has_not_shown_is_told_so_until_it_has(
    client, workspace, segment, tenant, agent, operator
):
    store = open_store(tenant)
    card = NewTraitDefinition(data_type="STRING", id_type_promotion="chat")
    store.patch_trait_group("Contact", PatchTraitGroup(traits={"card": card}))
    part = f"/t/acme/profiles/{make_profile(tenant, card='L-7')}/segment/"
    client.force_login(agent)

    lacking = client.get(part, headers=HTMX).text
    segment.limits["chat"] = 1
    ids = {"externalIds": [external_id("chat", "L-7")]}
    event = {"type": "identify", "messageId": "m", "userId": "c-7", "context": ids}
    workspace.open().send([event | {"traits": {"plan": "gold"}}], now().isoformat())
    workspaces._kept.clear()
    there = client.get(part, headers=HTMX).text
    client.force_login(operator)
    page = client.get(PAGE).text

    assert "has shown no identifier of the type chat here" in lacking
    assert "Known here: user_id, email, anonymous_id." in lacking
    assert "gold" in there
    assert "found by chat" in there
    assert page.index("Segment has shown here") < page.index("<dt>chat</dt>")
    assert "L-7" not in str(Workspace.objects.get().types)


def test_absence_names_a_type_that_segment_spells_otherwise(workspace):
    held = [
        IdentifierSet(id_type="Email", values=("casey@example.com",)),
        IdentifierSet(id_type="phone", values=("+14155550100",)),
    ]

    words = workspaces.tell_absence(workspace, held)
    workspace.types = {"phone": now().isoformat()}
    known = workspaces.tell_absence(workspace, held[1:])

    assert "knows the type Email as email, as which it was asked" in words
    assert words.count("no identifier of the type phone") == 1
    assert known == "Segment knows nobody with this customer's identifiers."
    assert workspaces.read_profile(workspace, held) is None


def test_customer_is_asked_for_once_a_minute(
    client, workspace, segment, tenant, agent, monkeypatch
):
    know(segment, email="casey@example.com", plan="gold")
    profile = make_profile(tenant, email="casey@example.com")
    clock = [1000.0]
    monkeypatch.setattr(workspaces, "monotonic", lambda: clock[0])
    client.force_login(agent)
    url = f"/t/acme/profiles/{profile}/segment/"

    client.get(url, headers=HTMX)
    first = len(segment.calls)
    client.get(url, headers=HTMX)
    within = len(segment.calls)
    clock[0] += workspaces.KEEP_S + 1
    client.get(url, headers=HTMX)

    assert (first, within) == (3, 3)
    assert len(segment.calls) == 6


@pytest.mark.parametrize("status", [401, 429, 503])
def test_customer_costs_one_part_where_segment_refuses(
    client, workspace, segment, tenant, agent, status
):
    profile = make_profile(tenant, email="casey@example.com")
    segment.answers = [(status, {})]
    client.force_login(agent)

    part = client.get(f"/t/acme/profiles/{profile}/segment/", headers=HTMX)

    assert part.status_code == 200
    assert "Not shown" in part.text
    assert "Try again" in part.text


def test_customer_is_silent_without_a_workspace_or_with_it_off(
    client, segment, tenant, agent
):
    profile = make_profile(tenant, email="casey@example.com")
    client.force_login(agent)
    card = f"/t/acme/profiles/{profile}/"
    part = f"{card}segment/"

    without = client.get(card).text, client.get(part, headers=HTMX).status_code
    set_up(tenant, personalization=False)
    off = client.get(card).text, client.get(part, headers=HTMX).status_code
    Workspace.objects.update(personalization=True)

    for page, status in (without, off):
        assert part not in page
        assert status == 404
    assert part in client.get(card).text
    assert segment.calls == []


def test_customer_of_another_tenant_never_asks_this_workspace(
    client, workspace, segment, operator, agent
):
    other = make_tenant("other")
    profile = make_profile(other, email="casey@example.com")
    know(segment, email="casey@example.com", plan="gold")
    client.force_login(agent)

    assert client.get(f"/t/other/profiles/{profile}/segment/").status_code == 404
    part = client.get(f"/t/acme/profiles/{profile}/segment/", headers=HTMX).text

    assert "gold" not in part
