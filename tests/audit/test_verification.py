import json
import re

import pytest
from django.core.management import call_command
from django.db import connection

from console.audit.checkpoints import make_checkpoint
from console.audit.log import log
from console.audit.models import (
    EPOCH,
    GENESIS,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    AuditReason,
)
from console.audit.signing import sign
from console.audit.verification import verify_log
from console.tenants.actor import Actor
from tests.audit.guards import guards_down

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def entries():
    for number in range(1, 6):
        log(Actor(None), "profile.viewed", reason=f"reason {number}", number=number)


def tamper(statement: str) -> None:
    """What somebody who owns the database can do: past the guards, with SQL."""
    with guards_down(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_verify_log_finds_an_empty_log_sound():
    assert verify_log().is_sound


def test_verify_log_finds_an_untouched_log_sound(entries):
    verdict = verify_log()

    assert (verdict.entries, verdict.reasons_erased, verdict.is_sound) == (5, 0, True)


@pytest.mark.parametrize(
    ("attack", "first_bad"),
    [
        ("UPDATE audit_auditentry SET outcome = 'denied' WHERE seq = 3", 3),
        ("UPDATE audit_auditentry SET details = '{\"number\": 9}' WHERE seq = 2", 2),
        ("UPDATE audit_auditentry SET prev = hash WHERE seq = 4", 4),
        ("UPDATE audit_auditentry SET hash = prev WHERE seq = 1", 1),
        ("DELETE FROM audit_auditentry WHERE seq = 1", 1),
        ("DELETE FROM audit_auditentry WHERE seq = 3", 3),
        ("DELETE FROM audit_auditentry WHERE seq >= 4", 4),
        ("DELETE FROM audit_auditentry", 1),
        ("UPDATE audit_auditreason SET text = 'kinder words' WHERE entry_id = 2", 2),
        ("UPDATE audit_audithead SET seq = 3", 3),
        ("DELETE FROM audit_audithead", 1),
        (
            "UPDATE audit_audithead SET hash = '0000000000000000000000000000000000000000000000000000000000000000'",
            5,
        ),
    ],
)
def test_verify_log_finds_changes_by_the_database_owner(entries, attack, first_bad):
    tamper(attack)

    verdict = verify_log()

    assert verdict.broken_at == first_bad
    assert verdict.entries == first_bad - 1


@pytest.fixture
def old_entry():
    """As the code before wrote it, which knew of no profile."""
    entry = AuditEntry(seq=1, at=EPOCH, version=1, details={}, prev=GENESIS)
    entry.hash = entry.expected_hash
    entry.save(force_insert=True)
    AuditHead.objects.create(pk=1, seq=1, hash=entry.hash)


def test_verify_log_follows_an_entry_of_version_1(old_entry):
    log(Actor(None), "profile.viewed", "profile", "mem_profile_a")

    assert verify_log().is_sound
    assert verify_log().entries == 2


@pytest.mark.parametrize("attack", ["profile_id = 'mem_profile_a'", "version = 2"])
def test_verify_log_finds_what_version_1_does_not_hash(old_entry, attack):
    tamper(f"UPDATE audit_auditentry SET {attack}")  # noqa: S608

    assert verify_log().broken_at == 1


def test_verify_log_finds_swapped_entries(entries):
    tamper("UPDATE audit_auditentry SET seq = 9 WHERE seq = 2")
    tamper("UPDATE audit_auditentry SET seq = 2 WHERE seq = 3")
    tamper("UPDATE audit_auditentry SET seq = 3 WHERE seq = 9")

    assert verify_log().broken_at == 2


def test_verify_log_finds_a_rewritten_tail(entries):
    entry = AuditEntry.objects.get(seq=5)
    entry.outcome = "denied"
    entry.hash = entry.expected_hash

    with guards_down():
        entry.save()

    verdict = verify_log()

    assert (verdict.broken_at, verdict.why) == (5, "the head names another hash")


def test_verify_log_accepts_an_erased_reason(entries):
    AuditReason.objects.filter(entry=2).delete()

    verdict = verify_log()

    assert (verdict.is_sound, verdict.reasons_erased) == (True, 1)


def run(*arguments: str) -> int:
    """Its exit code."""
    try:
        call_command("verify_audit", *arguments)
    except SystemExit as exit_:
        return exit_.code
    return 0


@pytest.fixture
def receipt(entries, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(make_checkpoint()))
    return file


def test_verify_audit_cannot_tell_without_a_receipt(entries, capsys):
    assert run() == 2

    said = capsys.readouterr().out
    assert said.startswith("CANNOT TELL: without a receipt nobody can tell whether")
    assert "No fault in 5 entries, 0 reasons erased." in said


def test_verify_audit_says_how_far_a_checkpoint_kept_here_proves_it(entries, capsys):
    make_checkpoint()
    log(Actor(None), "profile.viewed")

    assert run() == 2

    said = capsys.readouterr().out
    assert said.startswith("Sound up to the checkpoint at entry 5; but")
    assert "make a receipt, and keep it elsewhere" in said
    assert "No fault in 6 entries" in said


def test_verify_audit_finds_a_sound_log_with_a_receipt(receipt, capsys):
    log(Actor(None), "profile.viewed")

    assert run("--receipt", str(receipt)) == 0

    said = capsys.readouterr().out
    assert said.startswith("Sound: 6 entries, 0 reasons erased; a receipt proves")
    assert re.search(r"up to entry 5\. [\d,]+ entries/s", said)


def test_verify_audit_reads_the_receipts_that_were_sent(receipt, settings, capsys):
    settings.AUDIT_RECEIPTS = [f"file:{receipt}"]

    assert run() == 0


def test_verify_audit_finds_an_end_that_was_cut_off_by_a_receipt(receipt, capsys):
    fourth = AuditEntry.objects.get(seq=4)
    tamper("DELETE FROM audit_auditentry WHERE seq = 5")
    AuditHead.objects.update(seq=4, hash=fourth.hash)
    AuditCheckpoint.objects.all().delete()

    assert run() == 2
    assert run("--receipt", str(receipt)) == 1

    assert "BROKEN at entry 5 (cut): a checkpoint or" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", '{"size": 5}', "{}\n{}", json.dumps(sign({"size": 5}))],
)
def test_verify_audit_cannot_tell_by_what_is_no_receipt(entries, tmp_path, text):
    file = tmp_path / "receipt.json"
    file.write_text(text)

    assert run("--receipt", str(file)) == 2


def test_verify_audit_cannot_tell_without_the_key(receipt, settings, capsys):
    settings.VAULT_KEYS = {"other": b"o" * 32}

    assert run("--receipt", str(receipt)) == 2
    assert run() == 2

    said = capsys.readouterr().out
    assert "fits its own key, which is none of this installation's" in said
    assert "entries from 1 on are sealed by a key that is not here" in said


def test_verify_audit_exits_1_and_names_the_first_bad_entry(entries, capsys):
    tamper("UPDATE audit_auditentry SET outcome = 'denied' WHERE seq = 3")

    with pytest.raises(SystemExit) as exit_:
        call_command("verify_audit")

    assert exit_.value.code == 1
    assert (
        "BROKEN at entry 3 (contents): its contents do not match"
        in capsys.readouterr().err
    )
