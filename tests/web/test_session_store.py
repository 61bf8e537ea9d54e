"""A session ends when somebody signs out, whatever the database says."""

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.urls import reverse

from console.audit.models import AuditEntry
from console.databases import disk
from console.databases.disk import DatabaseAway
from console.web import session
from console.web.session import SessionStore, is_ended, note_ended

SIGN_OUT = reverse("account_logout")


@pytest.fixture(autouse=True)
def ring(tmp_path, monkeypatch):
    """A file of the test's own."""
    path = tmp_path / "console.sqlite3-ended-sessions"
    monkeypatch.setattr(disk, "get_companion", lambda suffix: path)
    return path


def refusing():
    """Nothing is written within, as on a full disk."""

    def refuse(execute, sql, params, many, context):
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError("cannot be written")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse)


def test_sign_out_works_when_nothing_can_be_written(client, agent):
    client.raise_request_exception = False
    client.force_login(agent)
    cookie = client.cookies["session"].value

    with refusing():
        response = client.post(SIGN_OUT)
    left = client.cookies["session"].value
    client.cookies["session"] = cookie
    copy = client.get("/tenants/")

    assert response.status_code == copy.status_code == 302
    assert left == ""
    assert Session.objects.filter(pk=cookie).exists()
    assert not AuditEntry.objects.filter(action="session.closed").exists()


def test_note_ended_keeps_the_newest_in_the_same_room(ring, monkeypatch):
    monkeypatch.setattr(session, "SLOTS", 3)
    keys = [str(number) * 32 for number in range(4)]
    assert not is_ended(keys[0])
    size = ring.stat().st_size

    for key in keys:
        note_ended(key)

    assert [is_ended(key) for key in keys] == [False, True, True, True]
    assert ring.stat().st_size == size


@pytest.mark.parametrize("key", [None, "", "short", "K" * 32, "é" * 32])
def test_note_ended_takes_keys_alone(ring, key):
    is_ended("a" * 32)

    note_ended(key)

    assert ring.read_bytes()[:8] == bytes(8)


def test_is_ended_is_false_without_room_for_the_ring(ring):
    ring.mkdir()
    note_ended("a" * 32)

    assert not is_ended("a" * 32)


def test_save_tells_an_outage_from_a_session_that_ended(db):
    store = SessionStore()
    store.create()

    with refusing(), pytest.raises(DatabaseAway):
        store.save()
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()
