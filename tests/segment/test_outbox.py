"""What was learned: found once, held, sent once, and never of a deleted profile."""

from datetime import timedelta

import httpx
import pytest
from django.urls import set_urlconf
from django.utils import timezone

from console.client.segment import SegmentClient
from console.contract.conversations.learning import DecideLearned
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import PatchObservation
from console.databases.encryption import decrypt
from console.demo.segment import Emulator
from console.segment import outbox
from console.segment.models import Erasure, Outgoing, Talk, Watched, Workspace
from console.service.outbox import hand_over
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from console.wsgi import application
from tests.factories import (
    make_conversation,
    make_observation,
    make_profile,
    move_tenant,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def segment(settings):
    with Emulator() as emulator:
        settings.SEGMENT_URL = emulator.url
        yield emulator


@pytest.fixture
def workspace(segment, tenant):
    return set_up(tenant)


def set_up(tenant, *, perception=True, **fields):
    workspace = Workspace(
        tenant=tenant,
        name="Alpine shop",
        space="spa_emulator",
        seen_until=timezone.now() - timedelta(hours=1),
        **fields,
    )
    secrets = {"token": "profile-token", "write_key": "write-key"}
    workspace.seal(secrets | {"public_token": "public-token"})
    workspace.save()
    tenant.assistants.create(name="Helper", perception=perception)
    return workspace


def learn(tenant, *texts, **traits):
    """A customer of whom that is known."""
    profile_id = make_profile(tenant, **(traits or {"email": "casey@example.com"}))
    for text in texts:
        make_observation(tenant, profile_id, text)
    return profile_id


def run(tenant):
    outbox.tell_segment.func(str(tenant.pk))


def release(tenant):
    assert outbox.release(tenant, Outgoing.objects.all())


def list_states():
    return list(Outgoing.objects.order_by("pk").values_list("state", flat=True))


def test_observation_is_held_until_it_is_sent_and_then_sent_once(
    workspace, segment, tenant
):
    profile_id = learn(tenant, "Sails on Sundays.")
    run(tenant)
    held = list_states(), len(segment.accepted)

    release(tenant)
    run(tenant)
    run(tenant)

    assert held == (["held"], 0)
    assert list_states() == ["sent"]
    [event] = segment.accepted
    row = Outgoing.objects.get()
    assert event["messageId"] == row.subject
    assert event["properties"]["content"] == "Sails on Sundays."
    assert event["anonymousId"] == profile_id
    assert segment.find("email", "casey@example.com").history
    assert "Sails" not in row.sealed
    assert segment.lost == []


def test_accepted_proposal_becomes_an_identify(workspace, segment, tenant):
    said = "Please write to ada@example.com from now on."
    talk = make_conversation(tenant, said, closes=True)
    profile_id = talk.participants[0].profile_id
    client = open_store(tenant).conversations
    [proposed] = client.list_provenance(profile_id, outcome="proposed").items
    run(tenant)
    before = Outgoing.objects.filter(kind="identify").count()
    client.decide_learned(profile_id, proposed.id, DecideLearned(outcome="added"))

    run(tenant)
    release(tenant)
    run(tenant)

    row = Outgoing.objects.get(kind="identify")
    assert (before, row.names, row.state) == (0, "Contact.email", "sent")
    assert row.subject == proposed.id
    known = segment.find("phone", "15558675310")
    assert known.traits["email"].value == "ada@example.com"


def test_outbox_sends_as_it_comes_where_that_was_chosen(segment, tenant):
    set_up(tenant, sends=True)
    learn(tenant, "Sails on Sundays.")

    run(tenant)
    run(tenant)

    assert list_states() == ["sent"]


def test_outbox_takes_nothing_of_an_assistant_that_does_not_perceive(segment, tenant):
    workspace = set_up(tenant, perception=False)
    learn(tenant, "Sails on Sundays.")

    run(tenant)
    outbox.start_due()

    assert list_states() == []
    workspace.refresh_from_db()
    assert workspace.seen_until is None


@pytest.mark.parametrize(
    ("by", "states"), [("Helper", ["held"]), ("Silent", []), ("", [])]
)
def test_outbox_holds_what_was_tried_as_an_assistant_that_perceives(
    segment, tenant, by, states
):
    set_up(tenant, sends=True)
    tenant.assistants.create(name="Silent")
    talk = Talk.objects.create(
        conversation_id="conv_conversation_01kzzzzzzzzzzzzzzzzzzzzzzz",
        assistant=tenant.assistants.filter(name=by).first(),
    )
    profile_id = learn(tenant)
    make_observation(
        tenant, profile_id, "Sails.", conversationIds=[talk.conversation_id]
    )

    run(tenant)
    run(tenant)

    assert list_states() == states


def test_outbox_begins_with_what_is_learned_after_it_was_switched_on(segment, tenant):
    workspace = set_up(tenant)
    Workspace.objects.update(seen_until=None)
    learn(tenant, "Sails on Sundays.")

    run(tenant)

    workspace.refresh_from_db()
    assert workspace.seen_until
    assert list_states() == []


def test_outbox_sends_nothing_that_the_memory_has_deleted(workspace, segment, tenant):
    gone = learn(tenant, "Sails on Sundays.")
    there = learn(tenant, "Reads maps.", email="robin@example.com")
    no_more = (
        make_observation(tenant, there, "Rows.").id,
        make_observation(tenant, there, "Rides.").id,
    )
    run(tenant)
    store = open_store(tenant)
    store.delete_profile(gone)
    store.delete_observation(there, no_more[0])
    change = PatchObservation(retracted_for="wrong_fact")
    store.patch_observation(there, no_more[1], change)

    release(tenant)
    run(tenant)

    assert [each["anonymousId"] for each in segment.accepted] == [there]
    assert Outgoing.objects.get().profile_id == there


def test_outbox_sends_nothing_of_a_profile_whose_deletion_has_begun(
    workspace, segment, tenant
):
    profile_id = learn(tenant, "Sails on Sundays.")
    run(tenant)
    release(tenant)
    outbox.block(tenant, [profile_id], ["c-1"], suppresses=True)

    run(tenant)
    held = list_states()
    outbox.settle(tenant, profile_id, is_deleted=True)

    assert segment.accepted == []
    assert held == ["held"]
    assert list_states() == []


def test_deletion_is_asked_for_and_followed_to_its_end(
    workspace, segment, tenant, time_machine
):
    profile_id = learn(tenant, "Sails on Sundays.")
    outbox.block(tenant, [profile_id], ["c-1"], suppresses=True)
    outbox.settle(tenant, profile_id, is_deleted=True)
    states = []

    for _ in range(3):
        run(tenant)
        states.append(Erasure.objects.get().state)
        time_machine.move_to(timezone.now() + timedelta(hours=2))

    assert states == ["requested", "requested", "finished"]
    [asked] = segment.deletions.values()
    assert asked["subjectIds"] == ["c-1"]
    assert asked["regulationType"] == "SUPPRESS_WITH_DELETE"
    assert Erasure.objects.get().sealed == ""


def test_deletion_waits_for_a_token_and_says_so(workspace, segment, tenant):
    workspace.seal({"token": "profile-token", "write_key": "write-key"})
    workspace.save()
    for id_, value in (("mem_profile_a", "c-1"), ("mem_profile_b", "")):
        outbox.block(tenant, [id_], [value] if value else [], suppresses=False)
        outbox.settle(tenant, id_, is_deleted=True)

    run(tenant)

    waits, impossible = Erasure.objects.order_by("profile_id")
    assert (waits.state, waits.words) == ("waiting", outbox.NO_TOKEN)
    assert (impossible.state, impossible.words) == ("nothing", outbox.NO_USER_ID)
    assert segment.deletions == {}


def test_event_is_sent_again_when_segment_asked_for(
    workspace, segment, tenant, time_machine
):
    learn(tenant, "Sails on Sundays.")
    run(tenant)
    release(tenant)
    segment.answers = [(429, {"Retry-After": "300"})]

    run(tenant)
    late = Outgoing.objects.get()
    time_machine.move_to(timezone.now() + timedelta(seconds=301))
    run(tenant)

    assert (late.state, late.tries) == ("due", 1)
    assert late.due_at >= timezone.now() - timedelta(seconds=20)
    assert "no more calls" in late.words
    assert list_states() == ["sent"]
    assert len(segment.accepted) == 1


def test_event_that_is_refused_fails_in_words(workspace, segment, tenant):
    learn(tenant, "Sails on Sundays.")
    run(tenant)
    release(tenant)
    segment.answers = [(400, {})]

    run(tenant)

    row = Outgoing.objects.get()
    assert (row.state, row.due_at) == ("failed", None)
    assert "400" in row.words


def test_event_whose_answer_was_lost_counts_once(
    workspace, segment, tenant, monkeypatch, time_machine
):
    """The worker is killed when Segment has it and the outbox does not know."""
    learn(tenant, "Sails on Sundays.")
    run(tenant)
    release(tenant)
    send = SegmentClient.send

    def send_and_die(*given):
        send(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(SegmentClient, "send", send_and_die)
    with pytest.raises(KeyboardInterrupt):
        run(tenant)
    monkeypatch.setattr(SegmentClient, "send", send)
    time_machine.move_to(timezone.now() + outbox.LEASE)

    run(tenant)

    assert list_states() == ["sent"]
    assert len(segment.accepted) == 1
    assert segment.count_lost() == {"duplicate": 1}


def test_event_that_was_tried_a_day_ago_is_left_to_a_person(workspace, segment, tenant):
    learn(tenant, "Sails on Sundays.")
    run(tenant)
    release(tenant)
    Outgoing.objects.update(first_at=timezone.now() - timedelta(days=1))

    run(tenant)

    row = Outgoing.objects.get()
    assert (row.state, row.words) == ("failed", outbox.TOO_OLD)
    assert segment.accepted == []


def test_event_that_is_too_long_fails_and_is_never_cut(
    workspace, segment, tenant, monkeypatch
):
    monkeypatch.setattr(outbox, "EVENT_BYTES", 300)
    learn(tenant, "Sails. " * 50)

    run(tenant)

    row = Outgoing.objects.get()
    assert row.state == "failed"
    assert "bytes: Segment takes" in row.words
    assert outbox.release(tenant, Outgoing.objects.all()) == 0


def test_batch_holds_no_more_than_segment_takes(
    workspace, segment, tenant, monkeypatch
):
    monkeypatch.setattr(outbox, "BATCH_BYTES", outbox.FRAME_BYTES + 1000)
    profile_id = learn(tenant, *(f"Sails on day {n}." for n in range(7)))
    run(tenant)
    release(tenant)

    run(tenant)

    assert list_states() == ["sent"] * 7
    batches = [call for call in segment.calls if call[1] == "/v1/batch"]
    assert len(batches) > 2
    assert all(len(body) < 2000 for _, _, body in batches)
    assert {each["anonymousId"] for each in segment.accepted} == {profile_id}


def test_outbox_keeps_no_text_for_longer_than_a_month(workspace, tenant, time_machine):
    profile_id = learn(tenant, "Sails on Sundays.")
    run(tenant)
    release(tenant)
    run(tenant)
    make_observation(tenant, profile_id, "Reads maps.")
    run(tenant)
    time_machine.move_to(timezone.now() + outbox.KEPT + timedelta(minutes=1))

    outbox.start_due()

    row = Outgoing.objects.get()
    assert (row.state, row.content) == ("sent", None)


@pytest.fixture
def delete(workspace, tenant):
    """How a program deletes in the tenant's store."""
    transport = httpx.WSGITransport(app=application, raise_app_exceptions=True)
    http = httpx.Client(transport=transport, base_url="http://testserver")
    token = decrypt(tenant.encrypted_token, context=tenant.token_context)
    path = f"/v1/Stores/{tenant.store_id}/Profiles"
    auth = tenant.account_sid, token
    yield lambda id_, query="": http.delete(f"{path}/{id_}{query}", auth=auth)
    set_urlconf(None)


def introduce(email, user_id):
    """To Segment, which knows this user by this address then."""
    now = timezone.now().isoformat()
    event = {"type": "identify", "messageId": user_id, "userId": user_id}
    client = Workspace.objects.get().open()
    client.send([event | {"traits": {"email": email}, "timestamp": now}], now)


def list_asked(segment):
    return [
        (each["subjectIds"], each["regulationType"])
        for each in segment.deletions.values()
    ]


def test_deletion_by_a_program_is_asked_for_once(segment, tenant, delete):
    gone = learn(tenant)
    there = learn(tenant, email="robin@example.com")
    introduce("casey@example.com", "c-1")
    introduce("robin@example.com", "c-2")

    answer = delete(gone, "?suppress=true")
    run(tenant)
    before = list_asked(segment)
    hand_over()
    Watched.objects.update(due_at=timezone.now())
    for _ in range(3):
        run(tenant)

    assert (answer.status_code, before) == (202, [])
    assert list_asked(segment) == [(["c-1"], "SUPPRESS_WITH_DELETE")]
    assert not Watched.objects.exists()
    assert open_store(tenant).fetch_profile(there)


def test_deletion_of_a_merged_profile_is_asked_for_by_nobody(segment, tenant, delete):
    kept = learn(tenant)
    twin = learn(tenant, phone="+15558675310")
    introduce("casey@example.com", "c-1")
    store = open_store(tenant)
    store.add_identifier(kept, "phone", "+15558675310")
    [merged] = {kept, twin} - {store.fetch_profile(kept).id}

    answers = [delete(merged), delete("mem_profile_01kzzzzzzzzzzzzzzzzzzzzzzz")]
    hand_over()
    run(tenant)
    run(tenant)

    assert [each.status_code for each in answers] == [308, 404]
    assert list_asked(segment) == []


def test_deletion_by_a_program_waits_for_who_the_customer_is(tenant, delete):
    profile_id = learn(tenant)
    kept = tenant.encrypted_token
    move_tenant(tenant, tenant.address)

    refused = delete(profile_id)
    Tenant.objects.update(encrypted_token=kept)

    assert refused.status_code == 409
    assert "cannot be read; nothing was deleted" in refused.json()["message"]
    assert open_store(Tenant.objects.get()).fetch_profile(profile_id)


def test_deletion_that_is_not_carried_out_is_asked_for_by_nobody(
    segment, tenant, delete, time_machine
):
    profile_id = learn(tenant)
    outbox.note_deletion(tenant, profile_id, suppresses=False)

    run(tenant)
    time_machine.move_to(timezone.now() + outbox.LOOK_EVERY + timedelta(minutes=1))
    run(tenant)
    run(tenant)

    assert list_asked(segment) == []
    assert not Watched.objects.exists()


def test_deletion_of_a_hosted_memory_is_asked_for_when_it_is_gone_for_a_day(
    workspace, segment, tenant, monkeypatch, time_machine
):
    monkeypatch.setattr(outbox, "get_tenant_guard", lambda tenant: "one")
    gone = learn(tenant, "Sails.")
    merged = learn(tenant, "Reads.", phone="+15558675310")
    kept = learn(tenant, email="robin@example.com")
    introduce("casey@example.com", "c-1")
    introduce("robin@example.com", "c-2")
    run(tenant)
    store = open_store(tenant)
    store.delete_profile(gone)
    store.add_identifier(kept, "phone", "+15558675310")
    asked = []

    for _ in range(3):
        time_machine.move_to(timezone.now() + outbox.LOOK_EVERY + timedelta(minutes=1))
        run(tenant)
        run(tenant)
        asked.append(list_asked(segment))

    assert asked == [[], [(["c-1"], "DELETE_ONLY")], [(["c-1"], "DELETE_ONLY")]]
    [watched] = Watched.objects.all()
    assert watched.profile_id == store.fetch_profile(merged).id
    assert (watched.gone_at, "phone" in watched.content) == (None, True)


def test_deletion_is_asked_for_by_no_store_that_was_changed_or_is_empty(
    workspace, segment, tenant
):
    for store_id, id_ in ((tenant.store_id, "mem_profile_a"), ("mem_store_b", "b")):
        held = [IdentifierSet(id_type="userId", values=("c-1",))]
        outbox.watch(tenant, id_, held, due_at=timezone.now(), gone_at=timezone.now())
        Watched.objects.filter(profile_id=id_).update(store_id=store_id)

    run(tenant)
    run(tenant)

    assert list_asked(segment) == []
    assert Watched.objects.get().profile_id == "mem_profile_a"
