"""What a deletion ends with."""

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from console.audit.log import log
from console.audit.models import AuditEntry
from console.pages.deletions.certificates import digest_subject, list_not_covered
from console.pages.deletions.models import Deletion, DeletionPolicy
from console.pages.deletions.steps import advance_deletions
from console.segment.models import Erasure
from console.segment.outbox import NO_USER_ID
from console.tenants.actor import Actor
from tests.factories import make_observation, make_profile
from tests.pages.deletions.test_requests import address, as_person, post, second
from tests.pages.deletions.test_views import confirm, confirm_url

__all__ = ["second"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def profile_id(tenant):
    profile_id = make_profile(tenant, email="ann@example.com", firstName="Annabel")
    make_observation(tenant, profile_id, "Sails on Sundays.")
    return profile_id


@pytest.fixture
def erased(client, officer, tenant, profile_id) -> Deletion:
    """By one person, and verified three times."""
    DeletionPolicy.objects.create(tenant=tenant, approval_above=None, cool_off_hours=0)
    client.force_login(officer)
    url = confirm_url("profile", profile_id)
    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")
    work_on()
    return Deletion.objects.get()


def work_on():
    for seconds in (1, 20, 40):
        with time_machine.travel(
            timezone.now() + timedelta(seconds=seconds), tick=False
        ):
            advance_deletions.func()


def check(tmp_path, text) -> tuple[int, str]:
    """Exit code and words of the command."""
    file, out, err = tmp_path / "c.json", io.StringIO(), io.StringIO()
    file.write_text(text)
    try:
        call_command("verify_certificate", str(file), stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code), err.getvalue()
    return 0, out.getvalue()


def test_certificate_says_how_it_was_verified_and_by_whom(client, erased, officer):
    response = client.get(address(erased, "certificate"))

    stated = json.loads(response.content)
    assert stated["people"].startswith("single person mode")
    assert (stated["requestedBy"], stated["approvedBy"]) == (officer.email, "")
    assert stated["counts"]["observations"] == 1
    first, *later = stated["rounds"]
    assert {"get", "list", "lookup", "search", "recall"} <= {*first["paths"]}
    assert [{"get", "list", "caches", "sessions"} <= {*x["paths"]} for x in later] == (
        [True, True]
    )
    assert stated["subject"] == digest_subject(erased)
    entry = AuditEntry.objects.get(seq=stated["audit"]["from"])
    assert entry.action == "deletion.opened"
    assert 'id="deletions-certificate"' in client.get(address(erased)).text


def test_certificate_is_shown_with_the_places_of_equal_rounds_once(client, erased):
    rounds = json.loads(erased.certificate)["rounds"]

    page = client.get(address(erased)).text

    equal = [one["paths"] == other["paths"] for one, other in pairwise(rounds)]
    assert any(equal)
    assert page.count("in the same places") == sum(equal)


def test_certificate_names_no_customer(erased, profile_id):
    for word in (profile_id, "ann@example.com", "Annabel", "Sundays"):
        assert word not in erased.certificate


NIGHT = datetime(2026, 3, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "named"),
    [
        (
            30,
            [
                "the backup of 24 February 2026, 03:00 UTC, until 26 March 2026, 03:00 UTC",
                "the backup of 1 March 2026, 03:00 UTC, until 31 March 2026, 03:00 UTC",
            ],
        ),
        (
            0,
            [
                "backups taken from 10 January 2026, 03:00 UTC to 1 March 2026, 03:00 UTC,"
                " until they are removed: when is not known to this console",
            ],
        ),
    ],
)
def test_certificate_names_the_backups_that_still_have_it(
    erased, settings, days, named
):
    settings.BACKUP_DAYS = days
    for ago in (50, 5, 0):
        with time_machine.travel(NIGHT - timedelta(days=ago), tick=False):
            log(Actor(None, name="command line"), "backup.taken")
    erased.verified_at = NIGHT + timedelta(hours=12)

    with time_machine.travel(NIGHT + timedelta(hours=13), tick=False):
        left = list_not_covered(erased)

    assert [each for each in left if "backup" in each] == named
    assert left[-1] == (
        "dumps, snapshots and copies made by other tools: not known to this console"
    )
    database = [each for each in left if "database" in each]
    until = "until 2 March 2026, 03:00 UTC"
    if connection.vendor == "postgresql":
        assert database[0] == f"traces in dead rows of the database files, {until}"
        assert "write-ahead log up to 1 March 2026, 15:00 UTC" in database[1]
    else:
        assert database == [f"traces in unused pages of the database file, {until}"]


def test_certificate_names_who_approved(client, officer, second, profile_id):
    client.force_login(officer)
    url = confirm_url("profile", profile_id)
    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")
    post(as_person(second), Deletion.objects.get(), "approve")
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        work_on()

    stated = json.loads(Deletion.objects.get().certificate)

    assert stated["approvedBy"] == second.email
    assert stated["people"] == "approved by another person"


def test_certificate_is_sound_until_somebody_changes_it(erased, tmp_path, settings):
    changed = erased.certificate.replace('"observations": 1', '"observations": 2')

    assert check(tmp_path, erased.certificate)[0] == 0
    assert check(tmp_path, changed)[0] == 1
    assert check(tmp_path, "[]")[0] == check(tmp_path, "no JSON")[0] == 1
    settings.AUDIT_KEYS, settings.VAULT_KEYS = {"other": b"k" * 32}, {}
    assert check(tmp_path, erased.certificate)[0] == 2


def test_certificate_is_issued_again_a_day_later(erased):
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        advance_deletions.func()

    stated = json.loads(Deletion.objects.get().certificate)

    assert len(stated["rounds"]) == 4
    assert stated["confirmed"]


def test_certificate_is_issued_again_until_segment_has_deleted(client, erased, tenant):
    asked = Erasure.objects.create(tenant=tenant, profile_id=erased.profile_id)
    told = []

    for day in (25, 50, 75):
        with time_machine.travel(timezone.now() + timedelta(hours=day), tick=False):
            advance_deletions.func()
        now = Deletion.objects.get()
        told.append((now.due_at is not None, "held" in now.certificate))
        Erasure.objects.update(state="finished", finished_at=timezone.now())

    Erasure.objects.update(state="nothing", words=NO_USER_ID)
    shown = client.get(address(erased)).text
    assert NO_USER_ID in shown
    assert "Nothing to ask" in shown
    assert "there was nothing to ask" in " ".join(
        list_not_covered(Deletion.objects.get())
    )
    assert told == [(True, False), (False, True), (False, True)]
    assert asked.state == "waiting"


def test_certificate_stays_as_it_is_whoever_looks(client, erased, profile_id):
    client.get(confirm_url("profile", profile_id))
    client.get(address(erased))

    assert Deletion.objects.get().certificate == erased.certificate
    assert Deletion.objects.get().version == erased.version


def test_certificate_of_what_is_not_done_is_404(client, officer, tenant, profile_id):
    client.force_login(officer)
    url = confirm_url("profile", profile_id)
    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")

    url = address(Deletion.objects.get(), "certificate")

    assert client.get(url).status_code == 404


def test_certificate_is_found_from_the_address_of_a_deleted_profile(
    client, erased, profile_id
):
    page = client.get(f"/t/acme/profiles/{profile_id}/")

    assert page.status_code == 404
    assert address(erased) in page.text
