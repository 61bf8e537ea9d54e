import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django_tasks_db.models import DBTaskResult

from console.audit import checkpoints
from console.audit.checkpoints import (
    LogBroken,
    get_last_checkpoint,
    make_checkpoint,
    read_receipts,
    request_due_checkpoint,
    send_receipt,
    write_checkpoint,
)
from console.audit.log import log
from console.audit.models import AuditCheckpoint, AuditEntry
from console.audit.signing import digest_document, verify
from console.tenants.actor import Actor
from tests.audit.guards import guards_down

pytestmark = pytest.mark.django_db


def write(entries: int) -> None:
    for _ in range(entries):
        log(Actor(None), "profile.viewed")


def count_waiting() -> int:
    return DBTaskResult.objects.filter(
        task_path=write_checkpoint.module_path, status="READY"
    ).count()


def test_make_checkpoint_signs_what_the_log_is():
    write(2)
    first = make_checkpoint()
    write(1)
    second = make_checkpoint()

    verify(second)
    entries = dict(AuditEntry.objects.values_list("seq", "hash"))
    assert (second["size"], second["head"]) == (3, entries[3])
    assert first["log"] == second["log"] == entries[1]
    assert (first["previous"], second["previous"]) == ("", digest_document(first))
    assert datetime.fromisoformat(second["at"]).utcoffset() == timedelta()


def test_make_checkpoint_signs_nothing_twice():
    assert make_checkpoint() == {}
    write(1)

    assert make_checkpoint() == make_checkpoint() == get_last_checkpoint()
    assert AuditCheckpoint.objects.count() == 1


def test_make_checkpoint_does_not_sign_a_broken_log():
    write(3)
    with guards_down():
        AuditEntry.objects.filter(seq=2).update(actor="nobody")

    with pytest.raises(LogBroken, match="BROKEN at entry 2"):
        make_checkpoint()

    assert not AuditCheckpoint.objects.exists()


def test_request_due_checkpoint_asks_after_so_many_entries(monkeypatch):
    monkeypatch.setattr(checkpoints, "ENTRIES", 3)
    write(1)
    make_checkpoint()

    write(2)
    request_due_checkpoint()
    assert count_waiting() == 0

    write(1)
    request_due_checkpoint()
    request_due_checkpoint()
    assert count_waiting() == 1


def test_request_due_checkpoint_asks_after_a_day(time_machine_now):
    write(1)
    make_checkpoint()

    time_machine_now.shift(timedelta(days=1, seconds=2))
    request_due_checkpoint()
    assert count_waiting() == 0, "nothing is new"

    write(1)
    request_due_checkpoint()
    assert count_waiting() == 1


@pytest.fixture
def time_machine_now():
    import time_machine

    with time_machine.travel(datetime(2026, 1, 5, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def test_write_checkpoint_sends_a_receipt_to_each_place(settings, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(5)
        settings.AUDIT_RECEIPTS = [
            f"file:{tmp_path}/receipts",
            f"syslog:127.0.0.1:{syslog.getsockname()[1]}",
            "mail:auditor@example.com",
        ]
        for _ in range(2):
            write(1)
            write_checkpoint.func()
        datagram = syslog.recv(4096).decode()

    in_file = read_receipts((tmp_path / "receipts").read_text())
    priority, _, line = datagram.partition("memory-console: ")
    assert [receipt["size"] for receipt in in_file] == [1, 2]
    assert (priority, json.loads(line)) == ("<110>", in_file[0])
    assert mail.outbox[1].to == ["auditor@example.com"]
    assert read_receipts(mail.outbox[1].body) == in_file[1:]


def test_send_receipt_goes_on_after_a_place_that_fails(settings, tmp_path):
    write(1)
    settings.AUDIT_RECEIPTS = [f"file:{tmp_path}", f"file:{tmp_path}/receipts"]

    with pytest.raises(OSError, match="directory"):
        send_receipt(make_checkpoint())

    assert len(read_receipts((tmp_path / "receipts").read_text())) == 1


def test_write_checkpoint_of_an_empty_log_sends_nothing(settings, tmp_path):
    settings.AUDIT_RECEIPTS = [f"file:{tmp_path}/receipts"]

    assert write_checkpoint.func() == 0
    assert not (tmp_path / "receipts").exists()
