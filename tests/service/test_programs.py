"""What the audit log says of programs that use the API, and of commands at a shell."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.databases.vault import decrypt
from console.profiles import programs
from console.profiles.models import Hold
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests import factories


@pytest.fixture(autouse=True)
def nothing_told_yet(monkeypatch):
    monkeypatch.setattr(programs, "_used", {})
    refused = {"count": 0, "told_at": -programs.REFUSALS_EVERY_S}
    monkeypatch.setattr(programs, "_refused", refused)


@pytest.fixture
def tenant(api, store) -> Tenant:
    return Tenant.objects.create(
        slug="acme", name="Acme", account_sid=api.sid, store_id=store
    )


def entries(*names: str) -> list[tuple]:
    chosen = AuditEntry.objects.exclude(action="key.used").order_by("seq")
    return list(chosen.values_list(*names))


def test_log_call_writes_an_entry_before_a_deletion_and_after(
    api, tenant, profile, observe
):
    [seen] = observe("likes tea")
    profile_id = profile.rpartition("/")[2]

    answer = api("DELETE", f"{profile}/Observations/{seen['id']}")

    assert answer.status_code == 202
    what = ("observation.deleted", "observation", seen["id"], profile_id)
    assert entries("action", "object_type", "object_id", "profile_id") == [what] * 2
    assert entries("tenant", "actor_id", "role", "outcome") == [
        ("acme", api.sid, "program", "allowed"),
        ("acme", api.sid, "program", "done"),
    ]


def test_log_call_says_when_there_was_nothing_to_delete(api, tenant, profile):
    answer = api("DELETE", f"{profile}/Observations/{new_id('mem_observation')}")

    assert answer.status_code == 404
    assert entries("outcome") == [("allowed",), ("failed",)]


@pytest.mark.parametrize("id_", ["ann@example.com", "5558675310"])
def test_log_call_keeps_what_is_no_id_out_of_the_log(api, tenant, store, id_):
    answer = api("DELETE", f"/v1/Stores/{store}/Profiles/{id_}")

    assert answer.status_code in {400, 404}
    assert entries("action") == []


def test_log_call_says_once_a_day_that_a_key_was_used(
    api, tenant, profile, observe, monkeypatch
):
    observe("likes tea")
    monkeypatch.setattr(programs, "_used", {})  # another web process
    observe("likes coffee")

    used = AuditEntry.objects.get(action="key.used")

    assert (used.tenant, used.actor_id, used.profile_id) == ("acme", api.sid, "")
    assert entries("action") == []


def test_log_call_says_nothing_of_what_a_page_asks(tenant, api, monkeypatch):
    tenant = factories.make_tenant("own")
    before = AuditEntry.objects.count()

    open_store(tenant).delete_profile(factories.make_profile(tenant))

    assert AuditEntry.objects.count() == before


def test_log_strange_store_knows_no_foreign_store_from_none(api, make_api, tenant):
    foreign = factories.make_store(make_api("other").sid, "theirs")
    nobodys = new_id("mem_store")

    for store_id in (foreign, nobodys):
        assert api.get(f"/v1/Stores/{store_id}/Profiles").status_code == 404

    assert entries("action", "object_id", "outcome", "actor_id") == [
        ("access.denied", foreign, "denied", api.sid),
        ("access.denied", nobodys, "denied", api.sid),
    ]


def test_log_refused_key_counts_what_comes_at_once(api, http, monkeypatch):
    clock = iter([1000.0, 1000.0, 1001.0, 1090.0, 1090.0])
    monkeypatch.setattr(programs, "monotonic", lambda: next(clock))

    for _ in range(3):
        answer = http.get("/v1/ControlPlane/Stores", auth=(api.sid, "wrong"))
        assert answer.status_code == 401

    assert entries("action", "details", "actor_id") == [
        ("key.refused", {"count": 1}, ""),
        ("key.refused", {"count": 2}, ""),
    ]


def test_log_command_names_the_command_alone(db):
    programs.log_command("account_keys")
    programs.log_command("create_user")
    programs.log_command("")

    assert entries("action", "role", "details") == [
        ("command.run", "command line", {"command": "account_keys"})
    ]


@pytest.fixture
def held(db, officer, http):
    """Somebody on hold under the id of a profile that was merged into theirs; how a
    program of the same account deletes."""
    tenant = factories.make_tenant("own")
    auth = (
        tenant.account_sid,
        decrypt(tenant.encrypted_token, context=tenant.token_context),
    )
    store = open_store(tenant)
    kept = factories.make_profile(tenant, email="ada@example.com")
    twin = factories.make_profile(tenant, phone="+15558675310")
    store.add_identifier(kept, "phone", "+15558675310")
    hold = Hold.objects.create(
        tenant=tenant, profile_id=twin, basis="litigation", set_by=officer
    )
    return tenant, kept, hold, lambda path: http.delete(path, auth=auth)


def test_hold_refuses_what_a_program_deletes(held):
    tenant, kept, hold, delete = held
    fact = factories.make_observation(tenant, kept)
    summary = factories.make_summary(tenant, kept)
    talk = factories.make_conversation(tenant, "Hello.", address="+15558675310")
    one = f"/v1/Stores/{tenant.store_id}/Profiles/{kept}"

    refused = [
        delete(path)
        for path in (
            one,
            one.replace(kept, hold.profile_id),
            f"{one}/Observations/{fact.id}",
            f"{one}/ConversationSummaries/{summary.id}",
            f"{one}/Identifiers/email",
            f"/v2/Conversations/{talk.id}",
            f"/v1/ControlPlane/Stores/{tenant.store_id}",
            f"/v1/ControlPlane/Stores/{tenant.store_id}/TraitGroups/Contact",
        )
    ]

    assert [answer.status_code for answer in refused] == [409] * 8
    assert {answer.json()["message"] for answer in refused} == {
        "A hold of the privacy officers forbids it; nothing was deleted."
    }
    assert open_store(tenant).list_observations(kept).items
    ends = AuditEntry.objects.filter(role="program", outcome="failed")
    assert ends.filter(tenant="own").count() == 8
    assert ends.filter(action="conversation.deleted").count() == 1


@pytest.mark.parametrize("ends", ["lifted", "over"])
def test_hold_that_has_ended_refuses_nothing(held, ends):
    tenant, kept, hold, delete = held
    now = timezone.now()
    if ends == "lifted":
        hold.lifted_at = now
    else:
        hold.until = now.date() - timedelta(days=2)
    hold.save()

    answer = delete(f"/v1/Stores/{tenant.store_id}/Profiles/{kept}")

    assert answer.status_code == 202


def test_hold_refuses_nothing_of_others(held):
    tenant, _, _, delete = held
    other = factories.make_profile(tenant, email="bob@example.com")

    answer = delete(f"/v1/Stores/{tenant.store_id}/Profiles/{other}")

    assert answer.status_code == 202
