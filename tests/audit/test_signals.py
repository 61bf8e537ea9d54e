import pytest
from django.contrib.auth.signals import (
    user_logged_out,
    user_login_failed,
)

from console.accounts.models import User
from console.audit.models import AuditEntry

pytestmark = pytest.mark.django_db

ANN = User(pk=3, email="ann@demo.example", name="Ann")


def test_signals_log_signing_out():
    user_logged_out.send(sender=User, request=None, user=ANN)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == (
        "session.closed",
        "ann@demo.example",
        "3",
    )


def test_signals_ignore_signing_out_without_a_session():
    user_logged_out.send(sender=User, request=None, user=None)
    user_logged_out.send(sender=User, request=None, user=ANN)

    assert AuditEntry.objects.get().actor == ANN.email


def test_signals_log_signing_in(client):
    user = User.objects.create_user("bea@demo.example", name="Bea")

    client.force_login(user)

    assert AuditEntry.objects.get().action == "session.opened"


def test_signals_log_a_refused_sign_in_by_digest():
    for typed in ("Ann@Demo.example ", "ann@demo.example", "hunter2 my password"):
        user_login_failed.send(sender=User, request=None, credentials={"email": typed})
    user_login_failed.send(sender=User, request=None, credentials={})

    entries = list(AuditEntry.objects.order_by("seq"))
    digests = [entry.details["typed_name_digest"] for entry in entries]
    assert digests[0] == digests[1] != digests[2] != digests[3]
    assert {entry.outcome for entry in entries} == {"denied"}
    kept = str(list(AuditEntry.objects.values())).casefold()
    assert "ann@" not in kept
    assert "hunter2" not in kept
