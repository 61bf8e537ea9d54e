import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from runpy import run_path

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from console.audit.checkpoints import make_checkpoint, read_receipts
from console.audit.log import log
from console.audit.models import AuditEntry
from console.audit.signing import get_newest_key
from console.pages.audit.proof import CHECK, check_log
from console.tenants.actor import Actor
from tests.factories import HTMX, make_tenant

PROGRAM = settings.BASE_DIR / "static/verify_bundle.py"
check_bundle = run_path(str(PROGRAM))["check_bundle"]

pytestmark = pytest.mark.django_db


def url(name: str, *more: object) -> str:
    return reverse(f"audit:{name}", args=["acme", *more])


@pytest.fixture
def page(client, auditor):
    """The tenant's auditor, who has just signed in."""
    client.force_login(auditor)
    cache.delete(CHECK)
    return client


def newest(action: str) -> list[tuple[str, dict]]:
    entries = AuditEntry.objects.filter(action=action).order_by("seq")
    return list(entries.values_list("outcome", "details"))


def run_check() -> None:
    """What the worker does."""
    waiting = DBTaskResult.objects.get(task_path=check_log.module_path)
    check_log.func(*waiting.args_kwargs["args"])


def test_proof_says_that_nothing_was_checked_yet(page):
    response = page.get(url("proof"))

    assert "The log has not been checked yet." in response.text
    assert get_newest_key().public in response.text


def test_check_that_runs_twice_is_closed_once(page):
    page.post(url("check"), {})

    run_check()
    run_check()

    assert [outcome for outcome, _ in newest("audit.verified")] == ["allowed", "done"]


def test_check_has_the_worker_walk_the_log(page, auditor):
    receipt = json.dumps(make_checkpoint())

    assert page.post(url("check"), {"receipt": receipt}).status_code == 302
    waiting = page.get(url("proof"), headers=HTMX)
    run_check()
    done = page.get(url("proof"), headers=HTMX)

    assert 'hx-trigger="load delay:2s"' in waiting.text
    assert 'data-state="ok">sound<' in done.text
    assert "hx-trigger" not in done.text
    (_, begun), (outcome, found) = newest("audit.verified")
    seq = AuditEntry.objects.get(action="audit.verified", outcome="allowed").seq
    assert (begun, outcome) == ({}, "done")
    assert found == {"intent": seq, "result": "sound", "count": seq}


def test_check_cannot_tell_without_a_receipt(page):
    page.post(url("check"))
    run_check()

    assert 'data-state="waiting">cannot tell<' in page.get(url("proof")).text


def test_check_says_how_far_the_log_is_sound_without_a_receipt(page):
    size = make_checkpoint()["size"]
    page.post(url("check"))
    run_check()

    shown = page.get(url("proof")).text
    assert f'data-state="waiting">sound up to entry {size}<' in shown
    assert newest("audit.verified")[-1][1]["result"] == "cannot tell"


def test_check_refuses_what_is_no_receipt(page):
    response = page.post(url("check"), {"receipt": '{"size": 5}'})

    assert response.status_code == 422
    assert "This document was changed after it was signed" in response.text
    assert not newest("audit.verified")


def test_make_receipt_leads_to_one_that_can_be_printed_and_downloaded(page):
    shown = page.post(url("make_receipt"), follow=True)
    size = shown.context["checkpoint"].size
    file = page.get(url("receipt", size), {"download": ""})

    [receipt] = read_receipts(file.text)
    assert receipt["signature"] in shown.text
    assert "attachment" in file["Content-Disposition"]
    assert newest("receipt.made") == [("done", {})]
    assert url("receipt", size) in page.get(url("proof")).text


def test_receipt_that_nobody_made_is_404(page):
    assert page.get(url("receipt", 7)).status_code == 404


@pytest.fixture
def november(tenant, auditor):
    """Entries of two tenants in turn, from the middle of a month to its end."""
    others = make_tenant("other")
    for day in range(5):
        at = datetime(2025, 11, 28, tzinfo=UTC) + timedelta(days=day)
        with time_machine.travel(at, tick=False):
            log(Actor(auditor, tenant), "profile.viewed", "profile", f"mem_{day}")
            log(Actor(auditor, others), "profile.viewed", "profile", f"foreign_{day}")
            if day == 1:
                make_checkpoint()


@pytest.fixture
def bundle(page, november, tmp_path):
    response = page.post(url("export"), {"month": "2025-11"})
    file = tmp_path / "bundle.jsonl"
    file.write_bytes(response.getvalue())
    return file


def verify(file, *options: str) -> "subprocess.CompletedProcess[str]":
    """By the program alone, without any of our packages."""
    command = [sys.executable, "-I", "-S", PROGRAM, file, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={})


def test_export_holds_what_may_be_read_and_the_hashes_of_the_rest(bundle):
    lines = [json.loads(line) for line in bundle.read_text().splitlines()]
    entries = [line for line in lines if "seq" in line]

    stated = [entry["stated"][9] for entry in entries if "stated" in entry]
    numbers = [entry["seq"] for entry in entries]
    assert stated == ["mem_0", "mem_1", "mem_2"]
    assert numbers == [*range(numbers[0], numbers[-1] + 1)]
    assert "foreign" not in bundle.read_text()
    (allowed, asked), (done, given) = newest("audit.exported")
    assert (allowed, asked, done) == ("allowed", {"month": "2025-11"}, "done")
    assert given["count"] == 5


def test_verify_bundle_finds_it_sound_by_itself(bundle):
    done = verify(bundle, "--key", get_newest_key().public)

    assert done.stdout.startswith("Sound: 2025-11 of acme: 3 entries can be read, 2 ")
    assert done.returncode == 0
    assert len(PROGRAM.read_text().splitlines()) < 150


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mem_1", "mem_9"),
        ('"previous":""', '"previous":"0"'),
        ('"2025-11"', '"2025-10"'),
        ('"signature": "', '"signature": "00'),
        ("}\n{", "}\nno JSON\n{"),
    ],
)
def test_verify_bundle_finds_a_change(bundle, old, new):
    assert old in bundle.read_text()
    bundle.write_text(bundle.read_text().replace(old, new))

    done = verify(bundle)

    assert done.stderr.startswith("BROKEN: ")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_verify_bundle_finds_a_line_that_is_missing(bundle):
    lines = bundle.read_bytes().splitlines(keepends=True)

    for place in range(len(lines)):
        rest = b"".join(lines[:place] + lines[place + 1 :])
        with pytest.raises((ValueError, KeyError)):
            check_bundle(io.BytesIO(rest))


def test_verify_bundle_finds_another_signer(bundle):
    assert "signed by the key" in verify(bundle, "--key", "ab" * 32).stderr


def test_export_of_a_month_without_entries_says_so(page):
    response = page.post(url("export"), {"month": "2001-01"})

    assert response.status_code == 422
    assert "This month has no entry that you may read." in response.text


@pytest.mark.parametrize("month", ["", "2025", "2025-13", "November"])
def test_export_names_the_field_of_a_month_that_is_none(page, month):
    response = page.post(url("export"), {"month": month})

    assert response.status_code == 422
    assert "errorlist" in response.text
