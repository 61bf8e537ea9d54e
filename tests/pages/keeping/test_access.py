"""What a customer is given of all that is held on them, and what is found once erased."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.profiles.models import (
    AccessPackage,
    drop_expired_packages,
    drop_orphaned_packages,
)
from console.profiles.whole import Traces, find_remains, read_whole
from console.tenants.models import Role
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile, make_summary, make_user

REASON = {"reason_code": "access", "ticket": "CASE-4711"}
SECRET = "Keeps bees behind the old mill."


@pytest.fixture
def profile(tenant):
    made = make_profile(tenant, email="ada@b.com", firstName="Ada")
    make_observation(tenant, made, SECRET)
    make_summary(tenant, made)
    return made


@pytest.fixture
def ask(client, officer, profile):
    """Asks for a package as the officer; answers the address of its page."""
    client.force_login(officer)

    def make() -> str:
        address = reverse("keeping:ask_access", args=["acme", profile])
        return client.post(address, REASON)["Location"]

    return make


def work() -> None:
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def test_ask_access_is_for_officers(client, agent, profile):
    client.force_login(agent)

    address = reverse("keeping:ask_access", args=["acme", profile])

    assert client.post(address, REASON).status_code == 403


def test_access_package_holds_everything_and_is_downloaded_once(client, ask):
    page = ask()
    waiting = client.post(page)
    work()
    assert "A•••" in client.get(page).text
    stored = AccessPackage.objects.get().content
    file = client.post(page)
    again = client.post(page)

    assert "Waiting for the worker" in waiting.text
    assert stored
    assert SECRET not in stored
    archive = zipfile.ZipFile(io.BytesIO(file.content))
    data = json.loads(archive.read("everything.json"))
    assert data["observations"][0]["content"] == SECRET
    assert SECRET in archive.read("everything.html").decode()
    assert len(data["summaries"]) == len(data["profile"]) == 1
    assert again.status_code == 404
    assert not AccessPackage.objects.exists()
    entries = AuditEntry.objects.filter(action__startswith="access.")
    assert [each.action for each in entries.order_by("seq")] == [
        "access.requested",
        "access.downloaded",
    ]


def test_access_package_is_for_the_session_that_asked(client, ask, tenant, officer):
    page = ask()
    work()
    client.force_login(make_user(Role.OFFICER, tenant))
    other = client.post(page)
    client.logout()
    client.force_login(officer)
    elsewhere = client.post(page)

    assert other.status_code == elsewhere.status_code == 404
    assert AccessPackage.objects.exists()


def test_access_package_expires(client, ask):
    page = ask()
    work()

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        late = client.post(page)
        drop_expired_packages()

    assert late.status_code in {302, 404}
    assert not AccessPackage.objects.exists()


def test_access_package_goes_with_its_profile(ask, tenant, profile):
    ask()
    work()
    drop_orphaned_packages()
    kept = AccessPackage.objects.count()
    open_store(tenant).delete_profile(profile)
    work()
    drop_orphaned_packages()

    assert kept == 1
    assert not AccessPackage.objects.exists()


def test_find_remains_tells_by_which_path_an_erased_profile_is_found(tenant, profile):
    store = open_store(tenant)
    traces = Traces.of(read_whole(store, profile))
    before = find_remains(tenant, traces)
    store.delete_profile(profile)
    after = find_remains(tenant, traces)

    assert (
        before.keys()
        == after.keys()
        >= {
            *(
                "get",
                "list",
                "lookup",
                "recall",
                "trace",
                "search",
                "traits",
                "caches",
                "exports",
            ),
            *("sessions", "observations", "summaries", "conversations", "provenance"),
        }
    )
    assert {path for path, found in before.items() if not found} == {
        *("caches", "sessions", "conversations", "exports"),
    }
    assert not any(after.values())
