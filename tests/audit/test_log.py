import pytest
from django.db import DatabaseError, connection, transaction

from console.accounts.models import User
from console.audit.log import AuditUnavailable, ReasonRefused, log, log_view
from console.audit.models import (
    GENESIS,
    AuditEntry,
    AuditHead,
    AuditReason,
    UnknownAction,
    digest_reason,
)
from console.core.observability import request_id
from console.databases.disk import DiskFull
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant

pytestmark = pytest.mark.django_db

SHOP = Tenant(slug="alpenglow", name="Alpenglow")
OFFICER = User(pk=7, email="officer@demo.example", name="Olive Officer")


def log_plain(action="profile.viewed", **fields):
    return log(Actor(None), action, **fields)


def test_log_says_who_did_what_with_which_outcome():
    token = request_id.set("4f2c")

    log(
        Actor(OFFICER, SHOP, Role.OFFICER),
        "observation.deleted",
        "observation",
        "mem_observation_01kce57bqte2vr3vckwgb1zdtb",
        about=["mem_profile_01kce57bqte2vr3vckwgb1zdtb"],
        outcome="done",
        reason="The customer asked for it",
        revisions=2,
    )

    request_id.reset(token)
    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.actor, entry.role) == (
        "7",
        "officer@demo.example",
        "officer",
    )
    assert (entry.tenant, entry.action) == ("alpenglow", "observation.deleted")
    assert entry.details == {"revisions": 2}
    assert entry.request_id == "4f2c"
    assert entry.reason.text == "The customer asked for it"


def test_log_names_the_profile_whose_data_it_is_about():
    log_plain("profile.viewed", object_type="profile", object_id="mem_profile_a")
    log_plain("observation.viewed", object_id="mem_observation_b", about=["me_a"])

    named = AuditEntry.objects.order_by("seq").values_list("profile_id", "version")
    assert list(named) == [("mem_profile_a", 2), ("me_a", 2)]


def test_log_writes_an_entry_for_each_profile():
    about = ["mem_profile_a", "mem_profile_b", "mem_profile_a"]

    first = log_plain("merge.accepted", about=about, reason="The same person")

    named = AuditEntry.objects.order_by("seq").values_list("profile_id", flat=True)
    assert list(named) == ["mem_profile_a", "mem_profile_b"]
    assert first.seq == 1
    assert AuditReason.objects.count() == 2


def test_log_refuses_to_leave_out_whose_data_it_is():
    with pytest.raises(ValueError, match="whose observation it is"):
        log_plain("observation.viewed", object_type="observation", object_id="mem_o")


def test_log_numbers_and_chains_entries():
    first, second = log_plain(), log_plain()

    assert (first.seq, second.seq) == (1, 2)
    assert (first.prev, second.prev) == (GENESIS, first.hash)
    head = AuditHead.objects.get()
    assert (head.seq, head.hash) == (2, second.hash)


def test_log_entries_read_back_match_their_hash():
    log_plain(mode="query", count=20)

    entry = AuditEntry.objects.get()

    assert entry.is_intact
    assert entry.at.microsecond % 1000 == 0


def test_log_chains_a_digest_of_the_reason():
    log_plain(reason="Wrong person")

    reason = AuditReason.objects.get()

    entry = AuditEntry.objects.get()
    assert entry.reason_digest == digest_reason(reason.salt, "Wrong person")
    assert "Wrong person" not in str(AuditEntry.objects.values().get())
    assert "Wrong person" not in str(reason)


def test_log_is_rolled_back_with_the_change():
    with transaction.atomic():
        log_plain()
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()
    assert log_plain().seq == 1


def test_log_refuses_an_unknown_action():
    with pytest.raises(UnknownAction, match=r"profile\.eaten"):
        log_plain("profile.eaten")


def test_log_refuses_an_unknown_outcome():
    with pytest.raises(ValueError, match="perhaps"):
        log_plain(outcome="perhaps")


def test_log_refuses_a_reason_over_the_limit():
    with pytest.raises(
        ReasonRefused, match="Reason: at most 200 characters; this has 201"
    ):
        log_plain(reason="x" * 201)

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "bad", ["\n", "\x1b[31m", "\x00", "\u202e", "\u2028", "\ud800"]
)
def test_log_refuses_a_reason_that_is_not_one_plain_line(bad):
    with pytest.raises(ReasonRefused, match="Reason: must be one line"):
        log_plain(reason=f'ticket 12{bad}{{"seq": 99}}')


@pytest.mark.parametrize(
    "identifier",
    ["ann@example.com", "+15558675310", "email:ann", "a b", "x" * 129, "a\n"],
)
def test_log_refuses_an_identifier_as_object_id(identifier):
    with pytest.raises(ValueError, match=r"^object_id is not an opaque id$"):
        log_plain(object_id=identifier)


@pytest.mark.parametrize(
    "details",
    [
        {"Name": 1},
        {"ok": True},
        {"ratio": 0.5},
        {"list": []},
        {"text": "x" * 121},
        {"text": "a\nb"},
        {"big": 2**53},
    ],
)
def test_log_refuses_details_that_are_no_counts_or_names(details):
    with pytest.raises(ValueError, match="not a count or a short name"):
        log_plain(**details)


def test_log_that_cannot_be_written_is_a_503():
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_audithead RENAME TO audit_elsewhere")

        with pytest.raises(
            AuditUnavailable, match="nothing was shown or changed"
        ) as no:
            log_plain()

        transaction.set_rollback(True)
    assert no.value.status == 503
    assert isinstance(no.value.__cause__, DatabaseError)


@pytest.mark.parametrize("action", ["access.denied", "session.opened", "audit.read"])
def test_log_keeps_a_full_disks_room_for_who_comes_and_is_denied(full_disk, action):
    log(Actor(OFFICER, SHOP), action)

    with pytest.raises(DiskFull):
        log(Actor(OFFICER, SHOP), "profile.viewed")


@pytest.mark.django_db(transaction=True)
def test_log_view_refuses_a_transaction():
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        log_view(Actor(OFFICER, SHOP), "access.denied", outcome="denied")

    log_view(Actor(OFFICER, SHOP), "access.denied", outcome="denied")

    assert AuditEntry.objects.get().outcome == "denied"
