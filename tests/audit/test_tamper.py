"""Whoever holds the database and not the key: every change is found, and where it begins.

A few of each class here; `make tamper` tries 500 of each, and 1,000 untouched logs.
"""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from random import Random

import pytest
from django.db import connection, transaction
from django.test import override_settings

from console.audit import signing
from console.audit.checkpoints import make_checkpoint
from console.audit.log import log
from console.audit.models import (
    GENESIS,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    AuditReason,
)
from console.audit.verification import append_only, verify_log
from console.tenants.actor import Actor
from tests.audit.guards import guards_down, run

pytestmark = pytest.mark.django_db

MUTATIONS = int(os.environ.get("TAMPER", "1"))
UNTOUCHED = 2 * MUTATIONS
SIZE, CHECKPOINTS = 30, (10, 20, 30)
TEXTS = (
    "actor_id actor role tenant action object_type object_id outcome reason_digest "
    "request_id profile_id"
).split()
# Answers the first bad entry; None where what is bad is no entry.
Attack = Callable[[Random], int | None]
ATTACKS: dict[str, Attack] = {}
THEIRS = {"theirs": b"t" * 32}


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def write(number: int, random: Random) -> None:
    log(
        Actor(None, name=random.choice(["worker", "command", "segment"])),
        random.choice(["profile.viewed", "recall.run", "value.revealed"]),
        "profile",
        f"mem_profile_{random.randrange(10**9)}",
        reason=random.choice(["", f"ticket {number}"]),
        rows=number,
    )


@pytest.fixture
def receipts() -> list[dict]:
    """The log is there; a copy of its newest checkpoint is kept elsewhere."""
    random = Random(1)
    for number in range(1, SIZE + 1):
        write(number, random)
        if number in CHECKPOINTS:
            receipt = make_checkpoint()
    return [receipt]


def update(seq: int, **fields: object) -> None:
    AuditEntry.objects.filter(seq=seq).update(**fields)


def rewrite(
    entries: list[AuditEntry], start: int, change: Callable | None = None
) -> None:
    """Number and chain them from `start` on, as the writer does but for the seals."""
    prev = entries[start - 2].hash if start > 1 else GENESIS
    for seq, entry in enumerate(entries[start - 1 :], start):
        entry.seq, entry.prev = seq, prev
        if change:
            change(entry)
        entry.hash = prev = entry.expected_hash
    AuditEntry.objects.filter(seq__gte=start).delete()
    AuditEntry.objects.bulk_create(entries[start - 1 :])
    AuditHead.objects.update(seq=len(entries), hash=prev)


def read() -> list[AuditEntry]:
    return list(AuditEntry.objects.order_by("seq"))


def cut(size: int) -> None:
    AuditEntry.objects.filter(seq__gt=size).delete()
    newest = AuditEntry.objects.filter(seq=size).first()
    AuditHead.objects.update(seq=size, hash=newest.hash if newest else GENESIS)


def pick(random: Random, last: int = SIZE) -> int:
    return random.randint(1, last)


def pick_two(random: Random) -> list[int]:
    return sorted(random.sample(range(1, SIZE + 1), 2))


@attack
def edits_a_text(random):
    seq = pick(random)
    update(seq, **{random.choice(TEXTS): f"x{random.randrange(10**6)}"})
    return seq


@attack
def edits_the_time(random):
    entry = AuditEntry.objects.get(seq=pick(random))
    moved = entry.at.replace(year=entry.at.year - pick(random), day=1)
    update(entry.seq, at=moved)
    return entry.seq


@attack
def edits_the_details(random):
    seq = pick(random)
    details = [{}, {"rows": seq + 1}, {"rows": str(seq)}, {"rows": seq, "more": 1}]
    update(seq, details=random.choice(details))
    return seq


@attack
def edits_the_version(random):
    seq = pick(random)
    update(seq, version=random.choice([0, 1, 3]))
    return seq


@attack
def spoils_an_entry(random):
    """With what no entry holds."""
    seq = pick(random)
    spoilt = ["details = '[1]'", "details = '\"x\"'", "details = 'null'"]
    if connection.vendor == "sqlite":
        spoilt += ["at = '2026-13-45 00:00:00'", "at = 'soon'", "version = 'x'"]
    run_one(
        f"UPDATE audit_auditentry SET {random.choice(spoilt)} WHERE seq = {seq}"  # noqa: S608
    )
    return seq


@attack
def edits_the_hash(random):
    seq = pick(random)
    update(seq, hash=random.randbytes(32).hex())
    return seq


@attack
def edits_the_link(random):
    seq = pick(random)
    update(seq, prev=random.randbytes(32).hex())
    return seq


@attack
def edits_the_seal(random):
    seq = pick(random)
    update(seq, seal=random.choice(["", random.randbytes(32).hex()]))
    return seq


@attack
def edits_the_seals_key(random):
    seq = pick(random)
    update(seq, seal_key=random.choice(["", random.randbytes(8).hex()]))
    return seq


@attack
def exchanges_two_seals(random):
    one, other = pick_two(random)
    seals = dict(AuditEntry.objects.values_list("seq", "seal"))
    update(one, seal=seals[other])
    update(other, seal=seals[one])
    return one


@attack
def hashes_a_changed_entry_anew(random):
    entry = AuditEntry.objects.get(seq=pick(random))
    entry.actor = "nobody@example.com"
    update(entry.seq, actor=entry.actor, hash=entry.expected_hash)
    return entry.seq


def change_from(random: Random, change: Callable) -> int:
    """Change an entry and what follows, and chain all of it anew."""
    seq, entries = pick(random), read()
    entries[seq - 1].actor = "nobody@example.com"
    rewrite(entries, seq, change)
    return seq


@attack
def chains_anew_and_keeps_the_seals(random):
    return change_from(random, lambda entry: None)


@attack
def chains_anew_with_seals_of_their_own(random):
    def reseal(entry):
        entry.seal_key = theirs.id
        entry.seal = signing.seal(entry.expected_hash, theirs)

    theirs = signing._derive(THEIRS["theirs"])
    return change_from(random, reseal)


@attack
def chains_anew_with_seals_said_to_be_ours(random):
    def reseal(entry):
        entry.seal = signing.seal(entry.expected_hash, theirs)

    theirs = signing._derive(THEIRS["theirs"])
    return change_from(random, reseal)


@attack
def chains_anew_without_seals(random):
    def unseal(entry):
        entry.seal = entry.seal_key = ""

    return change_from(random, unseal)


@attack
def chains_anew_as_the_version_without_seals(random):
    def age(entry):
        entry.seal = entry.seal_key = entry.profile_id = ""
        entry.version = 1

    return change_from(random, age)


@attack
def deletes_an_entry(random):
    seq = pick(random)
    AuditEntry.objects.filter(seq=seq).delete()
    return seq


@attack
def deletes_several(random):
    first, last = pick_two(random)
    AuditEntry.objects.filter(seq__range=(first, last)).delete()
    return first


@attack
def deletes_an_entry_and_closes_the_gap(random):
    seq, entries = pick(random), read()
    del entries[seq - 1]
    AuditReason.objects.filter(entry__gte=seq).delete()
    rewrite(entries, seq)
    return seq


@attack
def inserts_an_entry(random):
    # Not itself before itself: that would be the one after.
    seq, of = random.sample(range(1, SIZE + 1), 2)
    entries = read()
    entries.insert(seq - 1, AuditEntry.objects.get(seq=of))
    AuditReason.objects.filter(entry__gte=seq).delete()
    rewrite(entries, seq)
    return seq


@attack
def adds_an_entry_at_the_end(random):
    entries = read()
    entries.append(AuditEntry.objects.get(seq=pick(random)))
    rewrite(entries, SIZE + 1)
    return SIZE + 1


@attack
def exchanges_two_entries(random):
    one, other = pick_two(random)
    entries = read()
    first, second = entries[one - 1], entries[other - 1]
    first.seq, second.seq = other, one
    AuditEntry.objects.filter(seq__in=[one, other]).delete()
    AuditEntry.objects.bulk_create([first, second])
    return one


@attack
def exchanges_two_entries_and_chains_anew(random):
    one, other = pick_two(random)
    entries = read()
    entries[one - 1], entries[other - 1] = entries[other - 1], entries[one - 1]
    AuditReason.objects.all().delete()
    rewrite(entries, one)
    return one


@attack
def copies_one_entry_over_another(random):
    one, other = random.sample(range(1, SIZE + 1), 2)
    copy = AuditEntry.objects.get(seq=other)
    AuditEntry.objects.filter(seq=one).delete()
    copy.seq = one
    copy.save(force_insert=True)
    return one


@attack
def cuts_the_end_off(random):
    size = pick(random) - 1
    AuditEntry.objects.filter(seq__gt=size).delete()
    return size + 1


@attack
def cuts_the_end_off_with_the_head(random):
    size = pick(random) - 1
    cut(size)
    return size + 1


@attack
def cuts_the_end_off_with_head_and_checkpoints(random):
    size = pick(random) - 1
    cut(size)
    AuditCheckpoint.objects.filter(size__gt=size).delete()
    return size + 1


@attack
def puts_an_older_copy_back(random):
    size = random.choice(CHECKPOINTS[:-1])
    cut(size)
    AuditCheckpoint.objects.filter(size__gt=size).delete()
    AuditReason.objects.filter(entry__gt=size).delete()
    return size + 1


@attack
def puts_another_installations_log_in(random):
    with guards_down():
        AuditCheckpoint.objects.all().delete()
        AuditReason.objects.all().delete()
        cut(0)
    for number in range(1, SIZE + pick(random)):
        write(number, random)
    make_checkpoint()
    return 1


@attack
def changes_a_reason(random):
    reason = random.choice(list(AuditReason.objects.all()))
    AuditReason.objects.filter(pk=reason.pk).update(
        **random.choice(
            [{"text": "kinder words"}, {"salt": random.randbytes(16).hex()}]
        )
    )
    return reason.pk


@attack
def gives_a_reason_to_another_entry(random):
    taken = set(AuditReason.objects.values_list("pk", flat=True))
    to = random.choice(sorted({*range(1, SIZE + 1)} - taken))
    AuditReason.objects.filter(pk=random.choice(sorted(taken))).update(entry=to)
    return to


@attack
def moves_the_head(random):
    to = random.choice([*range(1, SIZE), SIZE + 5])
    AuditHead.objects.update(seq=to)
    return min(to, SIZE + 1)


@attack
def edits_the_head(random):
    AuditHead.objects.update(hash=random.randbytes(32).hex())
    return SIZE


@attack
def removes_the_head(random):
    AuditHead.objects.all().delete()
    return 1


@attack
def edits_a_checkpoint(random):
    checkpoint = random.choice(list(AuditCheckpoint.objects.all()))
    name = random.choice(sorted({*checkpoint.document} - {"size"}))
    AuditCheckpoint.objects.filter(pk=checkpoint.pk).update(
        document={**checkpoint.document, name: random.randbytes(32).hex()}
    )
    return checkpoint.pk


@attack
def removes_a_checkpoint(random):
    """Which the next one shows, or the receipt."""
    size = random.choice(CHECKPOINTS)
    AuditCheckpoint.objects.filter(size=size).delete()
    return min(size + 10, SIZE)


@attack
def signs_a_checkpoint_anew(random):
    """With a key of their own: the next one shows it, or the receipt."""
    checkpoint = random.choice(list(AuditCheckpoint.objects.all()))
    theirs = signing._derive(THEIRS["theirs"])
    forged = {**checkpoint.document, "head": random.randbytes(32).hex()}
    del forged["signature"]
    forged["key"] = theirs.public
    forged["signature"] = theirs.signer.sign(signing.encode_document(forged)).hex()
    AuditCheckpoint.objects.filter(pk=checkpoint.pk).update(document=forged)
    return min(checkpoint.pk + 10, SIZE)


def run_one(statement: str) -> None:
    run([statement])


@attack
def takes_a_guard_down(random):
    down = append_only.DOWN[connection.vendor]
    names = [sql for sql in down if sql.startswith("DROP TRIGGER")]
    run([random.choice(names)])


@attack
def puts_up_a_guard_that_lets_pass(random):
    if connection.vendor == "sqlite":
        act = random.choice(["update", "delete", "insert"])
        run_one(f"DROP TRIGGER audit_entry_{act}")
        run_one(
            f"CREATE TRIGGER audit_entry_{act} BEFORE {act} ON audit_auditentry "
            "BEGIN SELECT 1; END"
        )
    else:
        run_one(
            "CREATE OR REPLACE FUNCTION "
            f"audit_entry_{random.choice(['refuse', 'only_next'])}() "
            "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        )


@attack
def lets_a_guard_be_switched_off(random):
    if connection.vendor == "sqlite":
        act = random.choice(["UPDATE", "DELETE"])
        run_one(f"DROP TRIGGER audit_entry_{act.lower()}")
        run_one(
            f"CREATE TRIGGER audit_entry_{act.lower()} BEFORE {act} "
            "ON audit_auditentry WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    else:
        name = random.choice(["change", "truncate", "insert"])
        how = random.choice(["ENABLE", "ENABLE REPLICA", "DISABLE"])
        run_one(f"ALTER TABLE audit_auditentry {how} TRIGGER audit_entry_{name}")


# With the guards as these leave them.
ON_THEIR_OWN = """
takes_a_guard_down puts_up_a_guard_that_lets_pass lets_a_guard_be_switched_off
puts_another_installations_log_in
"""


def test_verify_log_finds_every_class_of_tampering(receipts):
    assert verify_log(receipts).exit_code == 0
    assert len(ATTACKS) >= 21
    wrong, walked, took = [], 0, 0.0

    for name, change in ATTACKS.items():
        for number in range(MUTATIONS):
            random = Random(f"{name} {number}")
            with transaction.atomic():
                past = nullcontext() if name in ON_THEIR_OWN else guards_down()
                with past, override_settings(VAULT_KEYS=THEIRS):
                    expected = change(random)
                started = time.perf_counter()
                verdict = verify_log(receipts)
                took += time.perf_counter() - started
                walked += verdict.entries
                transaction.set_rollback(True)
            if (verdict.exit_code, verdict.broken_at) != (1, expected):
                wrong.append(f"{name} {number}: {verdict} expected at {expected}")

    print(
        f"{connection.vendor}: {len(ATTACKS)} classes, {MUTATIONS} mutations each, "
        f"{len(wrong)} not found or misplaced; {walked / took:,.0f} entries/s"
    )
    assert not wrong, wrong[:5]


def test_verify_log_raises_no_false_alarm():
    """Over new keys, erased reasons, and checkpoints at any place."""
    for number in range(UNTOUCHED):
        random = Random(number)
        with transaction.atomic():
            receipts, keys = [], {}
            for entry in range(1, random.randint(2, 40)):
                if random.random() < 0.05:
                    keys = {f"k{entry}": random.randbytes(32), **keys}
                with override_settings(AUDIT_KEYS=keys):
                    write(entry, random)
                    if random.random() < 0.1:
                        receipts.append(make_checkpoint())
            AuditReason.objects.filter(entry=random.randint(1, 20)).delete()
            with override_settings(AUDIT_KEYS=keys):
                verdict = verify_log(receipts)
            transaction.set_rollback(True)

        assert verdict.exit_code == (0 if receipts else 2), str(verdict)
