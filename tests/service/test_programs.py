"""What the audit log says of programs that use the API, and of commands at a shell."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.audit.log import log
from console.audit.models import AuditEntry
from console.audit.verification import verify_log
from console.contract.ids import new_id
from console.databases.encryption import decrypt
from console.profiles import programs
from console.profiles.models import Hold
from console.service import outbox
from console.service.http.request import ASKING, LISTENER
from console.service.models import ProgramWrite
from console.service.wsgi import application
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests import factories
from tests.service.exchanges import play


@pytest.fixture(autouse=True)
def nothing_told_yet(monkeypatch):
    monkeypatch.setattr(programs, "_used", {})
    refused = {"count": 0, "told_at": -programs.REFUSALS_EVERY_S}
    monkeypatch.setattr(programs, "_refused", refused)
    monkeypatch.setattr(outbox, "_looked", {"at": -1.0, "full": 0.0})


@pytest.fixture
def tenant(api, store) -> Tenant:
    return Tenant.objects.create(
        slug="acme", name="Acme", account_sid=api.sid, store_id=store
    )


def entries(*names: str) -> list[tuple]:
    outbox.hand_over()
    chosen = AuditEntry.objects.exclude(action="key.used").order_by("seq")
    return list(chosen.values_list(*names))


def test_write_is_one_entry_by_its_key(api, tenant, profile):
    profile_id = profile.rpartition("/")[2]
    said = {
        "content": "likes tea",
        "source": "bot",
        "occurredAt": "2026-01-05T09:00:00Z",
    }

    answer = api("POST", f"{profile}/Observations", {"observations": [said]})

    assert answer.status_code == 202
    what = ("program.wrote", "profile", profile_id, profile_id)
    assert entries("action", "object_type", "object_id", "profile_id") == [what] * 2
    assert entries("details", "tenant", "actor_id", "role", "outcome") == [
        ({"call": call}, "acme", api.sid, "program", "done")
        for call in ("create_profile", "create_observations")
    ]


def test_write_counts_its_items_and_names_what_it_made(api, tenant, profile, observe):
    seen, _ = observe("likes tea", "likes coffee")
    settings = {
        "memoryStoreId": tenant.store_id,
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryExtractionEnabled": False,
    }
    talk = api("POST", "/v2/Conversations", {"configuration": settings}).json()["id"]

    api("DELETE", f"{profile}/Observations/{seen['id']}")
    api("DELETE", f"/v2/Conversations/{talk}")

    assert entries("action", "object_type", "object_id", "details", "tenant")[1:] == [
        (
            "program.wrote",
            "profile",
            profile.rpartition("/")[2],
            {"call": "create_observations", "count": 2},
            "acme",
        ),
        (
            "program.wrote",
            "conversation",
            talk,
            {"call": "create_conversation"},
            "acme",
        ),
        ("observation.deleted", "observation", seen["id"], {}, "acme"),
        ("conversation.deleted", "conversation", talk, {}, "acme"),
    ]


def test_every_write_of_the_api_is_one_row_and_what_is_refused_none(
    db, settings, monkeypatch
):
    # The calls are played in a transaction, which is rolled back.
    monkeypatch.setattr(programs, "log_view", log)
    told, settings.MEMORY_APPLICATION = [], f"{__name__}.count_rows"
    count_rows.told = told

    play()

    wrong = [
        (method, path, status, rows)
        for method, path, status, rows in told
        if rows != is_change(method, path, status)
    ]
    assert wrong == []
    assert sum(rows for *_, rows in told) > 60


def is_change(method: str, path: str, status: int) -> bool:
    reads = method in {"GET", "HEAD"} or path.endswith(ASKING)
    return not reads and status < 300 and not path.startswith("/v1/Uploads/")


def count_rows(environ, start_response):
    """The service as programs reach it; what each call leaves in the outbox."""
    before, seen = ProgramWrite.objects.count(), []

    def start(status, headers, *more):
        seen.append(int(status[:3]))
        return start_response(status, headers, *more)

    chunks = application(environ | {LISTENER: programs}, start)
    rows = ProgramWrite.objects.count() - before
    count_rows.told.append(
        (environ["REQUEST_METHOD"], environ["PATH_INFO"], seen[0], rows)
    )
    return chunks


def test_write_is_told_once_when_it_is_done_later(api, tenant, profile, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 0.01

    answer = api("PATCH", profile, {"traits": {"Contact": {"firstName": "Ada"}}})
    settings.MEMORY_VISIBILITY_LAG_S = 0.0
    traits = api.get(profile).json()["traits"]

    assert answer.status_code == 202
    assert traits["Contact"]["firstName"] == "Ada"
    calls = [details["call"] for (details,) in entries("details")]
    assert calls == ["create_profile", "patch_profile"]


def test_writes_are_refused_while_too_many_wait(api, tenant, profile, monkeypatch):
    monkeypatch.setattr(outbox, "WAITING_MAX", 1)
    monkeypatch.setattr(outbox, "_looked", {"at": -1.0, "full": 0.0})

    refused = api("PATCH", profile, {"traits": {"Contact": {"firstName": "Ada"}}})
    read = api.get(profile)

    assert (refused.status_code, read.status_code) == (503, 200)
    assert "wait for the audit log" in refused.json()["message"]
    assert "firstName" not in read.text
    assert int(refused.headers["Retry-After"]) > 0


def test_hand_over_takes_nothing_twice(api, tenant, profile, observe, monkeypatch):
    observe("likes tea")
    with monkeypatch.context() as killed:
        killed.setattr(ProgramWrite.objects, "filter", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            outbox.hand_over()
    observe("likes coffee")

    calls = [details["call"] for (details,) in entries("details")]

    assert calls == ["create_profile", "create_observations", "create_observations"]
    assert verify_log().is_sound
    assert not ProgramWrite.objects.exists()


def test_hand_over_loses_nothing_while_the_log_cannot_be_written(
    api, tenant, profile, monkeypatch
):
    with monkeypatch.context() as unwritable:
        unwritable.setattr("console.audit.log.append", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            outbox.hand_over()

    assert ProgramWrite.objects.count() == 1
    assert [details["call"] for (details,) in entries("details")] == ["create_profile"]


def test_reading_is_told_once_a_day(api, tenant, profile, monkeypatch):
    api.get(profile)
    monkeypatch.setattr(programs, "_used", {})  # another web process
    api.get(profile)

    used = AuditEntry.objects.get(action="key.used")

    assert (used.tenant, used.actor_id, used.profile_id) == ("acme", api.sid, "")


def test_write_says_nothing_of_what_a_page_asks(tenant, api, monkeypatch):
    tenant = factories.make_tenant("own")
    before = AuditEntry.objects.count()

    open_store(tenant).delete_profile(factories.make_profile(tenant))

    assert not ProgramWrite.objects.exists()
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
    ends = AuditEntry.objects.filter(role="program", outcome="denied")
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
