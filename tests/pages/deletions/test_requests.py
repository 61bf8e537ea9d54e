"""Requests: from the first yes over the second to what the worker does with them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.client.errors import MemoryNotFound, MemoryRefused
from console.pages.deletions import services, steps
from console.pages.deletions.inventory import take_inventory
from console.pages.deletions.models import Deletion, DeletionPolicy, Target
from console.pages.deletions.steps import advance_deletions
from console.profiles.items import PROFILE
from console.profiles.models import Hold, OnHold
from console.service.memory.models import Profile
from console.tenants.actor import Actor
from console.tenants.models import Membership, Role
from console.tenants.vault import open_store
from tests.factories import HTMX, make_observation, make_profile, make_tenant, make_user
from tests.pages.deletions.test_views import INTAKE, confirm, confirm_url, inventory_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(tenant):
    return make_user(Role.OFFICER, tenant, email="second@console.example")


@pytest.fixture
def profile_id(tenant):
    profile_id = make_profile(tenant, email="ann@example.com")
    make_observation(tenant, profile_id, "Sails on Sundays.")
    return profile_id


@pytest.fixture
def requested(client, officer, profile_id) -> Deletion:
    """By an officer, of a whole profile."""
    client.force_login(officer)
    url = confirm_url("profile", profile_id)
    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")
    return Deletion.objects.get()


def address(deletion, move=""):
    args = [deletion.tenant.slug, deletion.pk, *filter(None, [move])]
    return reverse("deletions:move" if move else "deletions:deletion", args=args)


def post(client, deletion, move, **fields):
    """A button of the page, as it is shown now."""
    page = client.get(address(deletion))
    seen = {"version": str(Deletion.objects.get(pk=deletion.pk).version)}
    if b'name="inventory"' in page.content:
        seen["inventory"] = inventory_of(page)
    return client.post(address(deletion, move), seen | fields, follow=True)


def as_person(user):
    client = Client()
    client.force_login(user)
    return client


def work(**after):
    """What the worker does that much later; answers the state of the only deletion."""
    with time_machine.travel(timezone.now() + timedelta(**after), tick=False):
        advance_deletions.func()
    return Deletion.objects.get().state


def told():
    entries = AuditEntry.objects.filter(action__startswith="deletion.").order_by("seq")
    names = entries.exclude(action="deletion.previewed").values_list(
        "action", flat=True
    )
    return [name.partition(".")[2] for name in names]


def test_request_is_approved_by_another_person_and_carried_out(
    requested, second, tenant, profile_id
):
    response = post(as_person(second), requested, "approve")

    requested.refresh_from_db()
    assert (requested.state, requested.approved_by) == ("cooling", second)
    assert "Until then it can be cancelled" in response.text
    assert work(hours=23) == "cooling"
    with time_machine.travel(timezone.now() + timedelta(hours=24), tick=False):
        page = as_person(second).get(address(requested))
    assert "Its deletion begins in a moment" in page.text
    assert work(hours=24, seconds=1) == "verifying"
    with pytest.raises(MemoryNotFound):
        open_store(tenant).fetch_profile(profile_id)
    assert work(hours=24, seconds=12) == "verifying"
    assert work(hours=24, seconds=30) == "done"
    assert work(hours=49) == "done"
    done = Deletion.objects.get()
    assert (len(done.rounds), bool(done.checked_at), done.due_at) == (4, True, None)
    assert told() == ["opened", "requested", "approved", "started", "finished"]


def test_request_waits_until_the_console_keeps_nothing_of_it(requested, second):
    """A session of a colleague who has just written there still names the profile."""
    post(as_person(second), requested, "approve")
    work(hours=25)
    keeper = as_person(second)
    session = keeper.session
    session["pending"] = {requested.profile_id: {}}
    session.save()

    assert work(hours=25, seconds=20) == "verifying"
    assert Deletion.objects.get().words == "Found by sessions."
    for minute in (2, 4):
        state = work(hours=25, minutes=minute)
    assert state == "done"


def test_request_is_done_though_a_session_names_the_profile(requested, second, agent):
    """Home has listed it for somebody, whose session goes on."""
    post(as_person(second), requested, "approve")
    with time_machine.travel(timezone.now() + timedelta(hours=24.95)):
        keeper = as_person(agent)
        keeper.get("/t/acme/profiles/last/", {"id": requested.profile_id}, headers=HTMX)
        assert requested.profile_id in str(dict(keeper.session))

    assert work(hours=25) == "verifying"
    assert work(hours=25, minutes=1) == "verifying"
    assert Deletion.objects.get().words == "Found by sessions."
    for minute in (3, 6):
        state = work(hours=25, minutes=minute)
    assert state == "done"
    assert requested.profile_id not in str(
        [x.get_decoded() for x in Session.objects.all()]
    )
    assert Session.objects.filter(pk=keeper.cookies["session"].value).exists()


def test_request_that_comes_back_in_between_is_no_success(requested, second, tenant):
    post(as_person(second), requested, "approve")
    work(hours=25)
    Profile.objects.create(
        store_id=tenant.store_id,
        id=requested.profile_id,
        created_at=requested.created_at,
    )

    assert work(hours=25, seconds=20) == "returned"
    assert "get" in Deletion.objects.get().words
    assert Deletion.objects.get().certificate == ""


def test_request_is_not_approved_by_who_made_it(requested, client):
    page = client.get(address(requested)).text
    seen = {"version": requested.version, "inventory": requested.inventory}

    response = client.post(address(requested, "approve"), seen)

    assert "Another person has to approve it" in page
    assert "Approve exactly this" not in page
    assert response.status_code == 403
    assert Deletion.objects.get().state == "awaiting"


def test_request_offers_its_approval_at_the_head(requested, second):
    page = as_person(second).get(address(requested)).text

    head, _, listed = page.partition("Approve exactly this")
    assert "It waits for your approval" in head
    assert "Cancel the request" in listed
    assert "Another person has to approve it" not in page
    assert "Approve exactly this" not in listed


def test_request_is_not_approved_long_after_the_sign_in(requested, second):
    person = as_person(second)
    page = person.get(address(requested))
    seen = {"version": requested.version, "inventory": inventory_of(page)}

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        asked = person.post(address(requested, "approve"), seen, headers=HTMX)

    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    requested.refresh_from_db()
    assert (requested.state, requested.approved_by) == ("awaiting", None)


def test_request_is_approved_once_by_two_tabs(requested, second):
    first, other = as_person(second), as_person(second)
    seen = {"version": requested.version, "inventory": requested.inventory}

    first.post(address(requested, "approve"), seen)
    late = other.post(address(requested, "approve"), seen, follow=True)

    assert "It has moved on. Nothing was changed by you." in late.text
    assert told().count("approved") == 1


def test_request_is_approved_once_by_two_officers(requested, second, tenant):
    third = make_user(Role.OFFICER, tenant)
    seen = {"version": requested.version, "inventory": requested.inventory}
    clients = as_person(second), as_person(third)

    for client in clients:
        client.post(address(requested, "approve"), seen)

    assert Deletion.objects.get().approved_by == second
    assert work(hours=25) == "verifying"
    gone = AuditEntry.objects.filter(action="profile.deleted")
    assert gone.count() == 1


def at_once(*acts):
    """What each answers; they begin together."""
    together = Barrier(len(acts))

    def run(act):
        try:
            together.wait(60)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_request_is_approved_and_carried_out_once_by_two_at_the_same_moment(
    tenant, second, client, officer, profile_id
):
    DeletionPolicy.objects.create(tenant=tenant, cool_off_hours=0)
    client.force_login(officer)
    url = confirm_url("profile", profile_id)
    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")
    requested = Deletion.objects.get()
    third = make_user(Role.OFFICER, tenant, email="third@console.example")
    people = [as_person(second), as_person(third)]
    seen = {
        "version": str(requested.version),
        "inventory": inventory_of(people[0].get(address(requested))),
    }

    answers = at_once(
        *(partial(each.post, address(requested, "approve"), seen) for each in people)
    )
    at_once(advance_deletions.func, advance_deletions.func)

    # The second is led to the page, or told by it that somebody was quicker.
    assert 302 in {answer.status_code for answer in answers}
    assert [told().count(move) for move in ("approved", "started")] == [1, 1]
    ends = AuditEntry.objects.filter(action="profile.deleted")
    assert [entry.outcome for entry in ends] == ["done"]
    assert Deletion.objects.get().state == "verifying"


def test_request_that_moves_under_a_page_tells_who_came_second(requested, second):
    """Between reading the row and writing it."""
    by = Actor(second, requested.tenant, Role.OFFICER)
    stale = Deletion.objects.get()
    services.cancel(requested, by)

    with pytest.raises(steps.Overtaken):
        services.approve(stale, by, stale.inventory)


def test_request_takes_no_other_requests_form(requested, client, second, tenant):
    other = make_profile(tenant, email="bob@example.com")
    url = confirm_url("profile", other)
    confirm(client, url, other[-6:], tenant_confirmation="acme")
    theirs = Deletion.objects.get(profile_id=other)
    seen = {"version": theirs.version, "inventory": theirs.inventory}

    as_person(second).post(address(requested, "approve"), seen)

    requested.refresh_from_db()
    assert requested.approved_by is None
    assert requested.state == "previewed"


def test_request_is_void_when_the_data_change(requested, second, tenant, profile_id):
    make_observation(tenant, profile_id, "Said a minute ago.")

    response = post(as_person(second), requested, "approve")

    requested.refresh_from_db()
    assert (requested.state, requested.counts["observations"]) == ("previewed", 2)
    assert "observations 1 → 2" in response.text
    assert told()[-1] == "voided"


def test_request_is_void_when_the_data_change_after_the_approval(
    requested, second, tenant, profile_id
):
    post(as_person(second), requested, "approve")
    make_observation(tenant, profile_id, "Said a minute ago.")

    assert work(hours=25) == "previewed"
    assert open_store(tenant).fetch_profile(profile_id)


@pytest.mark.parametrize("change", ["role", "account"])
def test_request_is_void_when_who_said_yes_may_no_longer(
    requested, second, profile_id, change
):
    post(as_person(second), requested, "approve")
    if change == "role":
        Membership.objects.filter(user=second).update(role=Role.AGENT)
    else:
        second.is_active = False
        second.save()

    assert work(hours=25) == "previewed"
    assert "second@console.example may no longer delete here" in (
        Deletion.objects.get().words
    )


def test_request_is_not_approved_by_a_disabled_account(requested, second):
    client = as_person(second)
    second.is_active = False
    second.save()

    client.post(address(requested, "approve"), {"version": requested.version})

    assert Deletion.objects.get().state == "awaiting"


@pytest.mark.parametrize(
    ("hours", "state"), [(71.99, "cooling"), (72.01, "previewed"), (-1, "previewed")]
)
def test_approval_is_given_within_72_hours(requested, second, hours, state):
    client = as_person(second)
    page = {"version": requested.version, "inventory": requested.inventory}

    # Also by a clock that was set back: an hour before it was requested.
    with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
        client.force_login(second)
        client.post(address(requested, "approve"), page)

    assert Deletion.objects.get().state == state


def test_approval_that_nobody_used_for_72_hours_is_void(requested, second):
    post(as_person(second), requested, "approve")

    assert work(hours=24 + 72) == "previewed"


def test_request_that_nobody_approved_is_sent_back(requested):
    assert work(hours=73) == "previewed"
    assert "within 72 hours" in Deletion.objects.get().words


def test_request_is_cancelled_in_the_cool_off(requested, second, client, profile_id):
    post(as_person(second), requested, "approve")

    page = post(client, requested, "cancel").text

    assert "Nothing was deleted" in page
    assert work(hours=25) == "cancelled"


def test_request_ignores_a_later_policy(requested, second):
    DeletionPolicy.objects.create(tenant=requested.tenant, approval_above=None)

    assert work(hours=25) == "awaiting"


def test_request_needs_one_person_where_the_policy_says_so(
    client, officer, tenant, profile_id
):
    DeletionPolicy.objects.create(tenant=tenant, approval_above=None, cool_off_hours=0)
    client.force_login(officer)
    url = confirm_url("profile", profile_id)
    assert "One person decides alone here" in client.get(url).text

    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")

    assert Deletion.objects.get().needs_approval is None
    assert work(seconds=1) == "verifying"


def test_fact_needs_another_person_where_the_policy_asks_always(
    client, officer, second, tenant, profile_id
):
    DeletionPolicy.objects.create(tenant=tenant, approval_above=0, cool_off_hours=0)
    [item] = open_store(tenant).list_observations(profile_id).items
    client.force_login(officer)
    url = confirm_url("observation", profile_id, item.id)

    confirm(client, url, item.id[-6:], tenant_confirmation="acme")

    asked = Deletion.objects.get()
    assert asked.state == "awaiting"
    post(as_person(second), asked, "approve")
    assert work(seconds=1) == "verifying"


def test_confirmation_refuses_a_look_alike_letter(client, officer, profile_id):
    client.force_login(officer)
    url = confirm_url("profile", profile_id)

    response = confirm(client, url, profile_id[-6:], tenant_confirmation="аcme")

    assert list(response.context["form"].errors) == ["tenant_confirmation"]
    assert not Deletion.objects.exists()


def test_request_follows_a_merge_and_is_confirmed_again(
    requested, second, tenant, profile_id
):
    other = make_profile(tenant, email="ann.b@example.com", phone="+14155550123")
    open_store(tenant).add_identifier(profile_id, "phone", "+14155550123")
    canonical = open_store(tenant).fetch_profile(profile_id).id

    post(as_person(second), requested, "approve")

    requested.refresh_from_db()
    assert canonical == open_store(tenant).fetch_profile(other).id
    assert (requested.state, requested.profile_id) == ("previewed", canonical)


def test_late_observation_after_the_deletion_reaches_nobody(
    requested, second, tenant, profile_id
):
    post(as_person(second), requested, "approve")
    work(hours=25)

    with pytest.raises(MemoryNotFound):
        make_observation(tenant, profile_id, "Said five seconds later.")
    # Who asked to be forgotten is not learned again from anywhere.
    with pytest.raises(MemoryRefused):
        make_profile(tenant, email="ann@example.com")

    assert open_store(tenant).lookup("email", "ann@example.com").profiles == ()


def test_request_of_another_tenant_is_404(requested, tenant):
    foreign = make_tenant("globex")
    client = as_person(make_user(Role.OFFICER, foreign))
    args = ["globex", requested.pk]

    assert client.get(reverse("deletions:deletion", args=args)).status_code == 404
    for move in ("confirm", "approve", "cancel", "count", "check"):
        url = reverse("deletions:move", args=[*args, move])
        assert client.post(url, {"version": requested.version}).status_code == 404


@pytest.mark.parametrize("move", ["confirm", "approve", "cancel", "count", "check"])
def test_move_deletion_by_get_is_refused(requested, second, move):
    assert as_person(second).get(address(requested, move)).status_code == 405


def test_move_deletion_by_an_unknown_move_is_404(requested, second):
    assert post(as_person(second), requested, "explode").status_code == 404


def test_add_request_takes_several_identifiers_at_several_tenants(
    client, officer, tenant, profile_id
):
    globex = make_tenant("globex")
    Membership.objects.create(user=officer, tenant=globex, role=Role.OFFICER)
    theirs = make_profile(globex, email="ann@example.com")
    other = make_profile(tenant, email="anna@example.com")
    client.force_login(officer)
    form = INTAKE | {
        "identifiers": "email:ann@example.com\n\nemail:anna@example.com",
        "tenants": ["acme", "globex"],
    }

    response = client.post(reverse("deletions:add", args=["acme"]), form, follow=True)

    opened = Deletion.objects.all()
    assert {each.profile_id for each in opened} == {profile_id, theirs, other}
    assert len({each.case for each in opened}) == 1
    assert {each.state for each in opened} == {"previewed"}
    assert "Globex: profile" in response.text
    first = response.context["deletion"]
    typed = {"confirmation": first.tail, "tenant_confirmation": first.tenant.slug}
    following = post(client, first, "confirm", **typed)
    assert "This is the next of the same letter" in following.text
    assert following.context["deletion"].state == "previewed"


def test_request_is_confirmed_by_who_opened_it(client, officer, second, profile_id):
    client.force_login(officer)
    form = INTAKE | {"identifiers": profile_id}
    client.post(reverse("deletions:add", args=["acme"]), form)
    opened = Deletion.objects.get()

    shown = as_person(second).get(address(opened))
    typed = {"confirmation": opened.tail, "tenant_confirmation": "acme"}
    seen = {"version": opened.version, "inventory": opened.inventory}
    refused = as_person(second).post(address(opened, "confirm"), typed | seen)

    assert f"It waits for {officer.email}" in shown.text
    assert "Request deletion" not in shown.text
    assert refused.status_code == 403
    assert Deletion.objects.get().state == "previewed"
    assert not Deletion.objects.waiting_for(second).exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("email:nobody@example.com", "Line 1: Nobody has it here."),
        ("Ann", "Line 1: Begin with the type, such as email:."),
        (
            "\n".join(f"email:a{n}@example.com" for n in range(21)),
            "At most 20 at once.",
        ),
    ],
)
def test_add_request_says_which_line_is_wrong(client, officer, tenant, lines, said):
    client.force_login(officer)

    response = client.post(
        reverse("deletions:add", args=["acme"]), INTAKE | {"identifiers": lines}
    )

    assert response.status_code == 422
    assert said in response.text
    assert not Deletion.objects.exists()


def test_add_request_refuses_a_day_to_come(client, officer, profile_id):
    client.force_login(officer)
    form = INTAKE | {"identifiers": profile_id, "received_on": "1 Jan 2999"}

    response = client.post(reverse("deletions:add", args=["acme"]), form)

    assert "this day is still to come" in response.text


def test_add_request_leads_to_the_one_that_stands(requested, client, profile_id):
    form = INTAKE | {"identifiers": profile_id}

    response = client.post(reverse("deletions:add", args=["acme"]), form, follow=True)

    assert "1 of 1 had been requested before" in response.text
    assert (
        f'<a href="{address(requested)}">Acme …{profile_id[-6:]}</a>' in response.text
    )
    assert Deletion.objects.get() == requested


def test_delete_selection_in_one_request(client, officer, second, tenant, profile_id):
    make_observation(tenant, profile_id, "Keeps a dog on board.")
    ids = [each.id for each in open_store(tenant).list_observations(profile_id).items]
    kept = make_observation(tenant, profile_id, "Prefers the window.")
    query = "&".join(f"id={id_}" for id_ in ids)
    client.force_login(officer)
    url = reverse("deletions:selection", args=["acme", profile_id]) + f"?{query}"

    client.post(url, INTAKE)
    asked = Deletion.objects.get()
    typed = {"confirmation": profile_id[-6:], "tenant_confirmation": "acme"}
    post(client, asked, "confirm", **typed)
    post(as_person(second), asked, "approve")

    assert work(hours=25) == "verifying"
    left = open_store(tenant).list_observations(profile_id).items
    assert [each.id for each in left] == [kept.id]
    gone = AuditEntry.objects.filter(action="observation.deleted")
    assert {entry.object_id for entry in gone} == set(ids)


def test_delete_selection_without_a_fact_is_404(client, officer, profile_id):
    client.force_login(officer)

    url = reverse("deletions:selection", args=["acme", profile_id])

    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("received", "due", "urgency"),
    [(13, 31, ""), (14, 31, "amber"), (25, 31, "red"), (32, 31, "past")],
)
def test_deadline_is_a_month_after_it_came(requested, received, due, urgency):
    today = timezone.localdate()
    requested.received_on = today - timedelta(days=received)

    assert 28 <= (requested.deadline - requested.received_on).days <= due
    assert requested.urgency == urgency


def test_deadline_of_the_31st_is_the_end_of_a_shorter_month(requested):
    requested.received_on = timezone.localdate().replace(year=2026, month=1, day=31)

    assert str(requested.deadline) == "2026-02-28"


def test_show_deletion_asks_again_while_the_worker_is_at_it(
    requested, second, client, profile_id
):
    post(as_person(second), requested, "approve")
    work(hours=25)

    part = client.get(address(requested), headers=HTMX).text
    moved = client.get(address(requested), {"from": "executing"}, headers=HTMX)

    assert moved["HX-Refresh"] == "true"
    assert "Round 1 of 3 found nothing" in part
    assert part.lstrip().startswith('<section id="deletions-outcome"')


def test_policy_is_an_operators_to_change(client, operator, officer, tenant):
    url = reverse("deletions:policy", args=["acme"])
    form = {
        "approval_above": "-1",
        "cool_off_hours": "0",
        "reason_code": "trial",
        "ticket": "OPS-1",
    }
    client.force_login(officer)
    refused = client.post(url, form)
    client.force_login(operator)

    client.post(url, form)

    policy = DeletionPolicy.of(tenant)
    assert refused.status_code == 403
    assert (policy.approval_above, policy.cool_off_hours) == (None, 0)
    entry = AuditEntry.objects.get(action="deletion.arranged")
    assert entry.details == {"approval_above": "", "cool_off_hours": 0}


def test_hold_refuses_a_single_fact(client, officer, tenant, profile_id):
    [item] = open_store(tenant).list_observations(profile_id).items
    Hold.objects.create(
        tenant=tenant, profile_id=profile_id, basis="law", set_by=officer
    )
    client.force_login(officer)

    url = confirm_url("observation", profile_id, item.id)
    response = confirm(client, url, item.id[-6:])

    assert response.status_code == 409
    assert open_store(tenant).fetch_observation(profile_id, item.id)


def test_hold_refuses_a_request(requested, second, client, officer, profile_id):
    post(as_person(second), requested, "approve")
    Hold.objects.create(
        tenant=requested.tenant, profile_id=profile_id, basis="law", set_by=officer
    )

    assert work(hours=25) == "refused"
    again = client.post(
        reverse("deletions:add", args=["acme"]), INTAKE | {"identifiers": profile_id}
    )
    assert again.status_code == 422
    assert "On hold: A law says" in again.text


def test_add_request_opens_none_where_one_line_is_refused(
    client, officer, tenant, profile_id
):
    others = [make_profile(tenant, email=f"ann{n}@example.com") for n in range(2)]
    Hold.objects.create(
        tenant=tenant, profile_id=profile_id, basis="law", set_by=officer
    )
    client.force_login(officer)
    lines = "\n".join([others[0], "", profile_id, others[1]])
    form = INTAKE | {"identifiers": lines}

    response = client.post(reverse("deletions:add", args=["acme"]), form)

    assert "Line 3: On hold: A law says" in response.text
    assert others[1] in response.text
    assert not Deletion.objects.exists()


def test_open_requests_opens_none_where_one_is_refused_late(
    officer, tenant, profile_id
):
    actor = Actor(officer, tenant, Role.OFFICER)
    free = make_profile(tenant, email="anna@example.com")
    found = [
        (take_inventory([Target(PROFILE, id_, id_)], actor), actor)
        for id_ in (free, profile_id)
    ]
    Hold.objects.create(
        tenant=tenant, profile_id=profile_id, basis="law", set_by=officer
    )

    with pytest.raises(OnHold):
        services.open_requests(found, ticket="T-1")

    assert not Deletion.objects.exists()
