"""Attacks through the application's own connection: all refused by the database."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from console.audit.log import log
from console.audit.models import AuditEntry
from console.audit.verification import verify_log
from console.tenants.actor import Actor

pytestmark = pytest.mark.django_db

COLUMNS = (
    "at, actor_id, actor, role, tenant, action, object_type, object_id, outcome, "
    "details, reason_digest, request_id, version, profile_id, prev, hash, seal, seal_key"
)
COPY = (
    f"INTO audit_auditentry (seq, {COLUMNS}) "  # noqa: S608
    f"SELECT {{seq}}, {COLUMNS} FROM audit_auditentry WHERE seq = 2"
)

EVERYWHERE = [
    "UPDATE audit_auditentry SET outcome = 'allowed' WHERE seq = 1",
    "UPDATE audit_auditentry SET seq = seq + 10",
    "UPDATE audit_auditentry SET hash = hash",
    "DELETE FROM audit_auditentry WHERE seq = 3",
    "DELETE FROM audit_auditentry",
    f"INSERT {COPY.format(seq=1)}",
    f"INSERT {COPY.format(seq=9)}",
    f"INSERT {COPY.format(seq=0)}",
    f"INSERT {COPY.format(seq=-1)}",
    f"INSERT {COPY.format(seq='NULL')}",
    f"INSERT {COPY.format(seq=1)} ON CONFLICT (seq) DO UPDATE SET outcome = 'allowed'",
]
SQLITE = [
    f"INSERT OR REPLACE {COPY.format(seq=1)}",
    f"REPLACE {COPY.format(seq=3)}",
    f"INSERT OR IGNORE {COPY.format(seq=9)}",
    "UPDATE OR REPLACE audit_auditentry SET seq = 1 WHERE seq = 2",
]
POSTGRESQL = [
    "TRUNCATE audit_auditentry",
    "TRUNCATE audit_auditentry CASCADE",
    f"INSERT {COPY.format(seq=9)} ON CONFLICT DO NOTHING",
    "SET LOCAL session_replication_role = replica; DELETE FROM audit_auditentry",
    "SET LOCAL session_replication_role = replica; TRUNCATE audit_auditentry",
]


@pytest.fixture
def three_entries():
    for action in ("profile.viewed", "profile.found", "recall.run"):
        log(Actor(None), action)


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize("statement", EVERYWHERE)
def test_append_only_refuses_changes(three_entries, statement):
    before = list(AuditEntry.objects.order_by("seq").values())

    assert refused(statement)

    assert list(AuditEntry.objects.order_by("seq").values()) == before
    assert verify_log().is_sound


@pytest.mark.parametrize("statement", SQLITE)
@pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="words that only SQLite has"
)
def test_append_only_on_sqlite(three_entries, statement):
    before = list(AuditEntry.objects.order_by("seq").values())

    assert refused(statement)

    assert list(AuditEntry.objects.order_by("seq").values()) == before


@pytest.mark.parametrize("statement", POSTGRESQL)
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="words that only PostgreSQL has"
)
def test_append_only_on_postgresql(three_entries, statement):
    before = list(AuditEntry.objects.order_by("seq").values())

    assert refused(statement)

    assert list(AuditEntry.objects.order_by("seq").values()) == before


def test_append_only_holds_for_the_orm(three_entries):
    entry = AuditEntry.objects.get(seq=2)
    entry.outcome = "denied"

    for attack in (
        entry.save,
        entry.delete,
        lambda: AuditEntry.objects.bulk_update([entry], ["outcome"]),
        lambda: AuditEntry.objects.update(outcome="denied"),
        lambda: AuditEntry.objects.bulk_create([entry], ignore_conflicts=True),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            attack()

    assert AuditEntry.objects.get(seq=2).outcome == "done"


def test_append_only_accepts_the_next_entry(three_entries):
    assert not refused(f"INSERT {COPY.format(seq=4)}")
    assert AuditEntry.objects.latest("seq").seq == 4


@pytest.mark.django_db(transaction=True)
def test_log_queues_concurrent_writers():
    def write(_: int) -> None:
        log(Actor(None), "profile.viewed")
        connection.close()

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, range(20)))

    verdict = verify_log()
    assert (verdict.entries, verdict.is_sound) == (20, True)
