"""What people find after an upgrade: within `manage.py shell`, on restored databases.

Asks by addresses, forms and SQL, and by models' names through renamed.py.
"""

import json
from datetime import timedelta
from typing import Any

import time_machine
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils.module_loading import import_string

from console.databases.encryption import decrypt
from tests.upgrade.browser import Browser, code_of, ids, printed
from tests.upgrade.databases import PASSWORD
from tests.upgrade.renamed import MODELS

MAREN, MAJA = "maren.okafor@example.com", "maja@harbour.example"
AT_ONCE: dict[str, Any] = {
    "batch": True,
    "startup_delay": False,
    "interval": 0,
    "verbosity": 0,
}


def look() -> None:
    """Prints what was found as one line of JSON."""
    # What the upgrade itself has logged is of today.
    entries = model("audit.AuditEntry").objects.filter(version=1)
    made_at = entries.latest("seq").at
    found: dict[str, Any] = {"log": printed("verify_audit")}
    with time_machine.travel(made_at + timedelta(seconds=1)):
        found |= the_same_day()
    with time_machine.travel(made_at + timedelta(days=1)):
        found |= the_next_day() | refusals()
        for path in settings.DUE_WORK:
            import_string(path)()
        call_command("db_worker", **AT_ONCE)
    print(json.dumps(found | {"log_later": printed("verify_audit")}))


def model(label: str) -> Any:
    return apps.get_model(MODELS.get(label, label))


def the_same_day() -> dict[str, Any]:
    """The session that the agent has open, and what they revealed in it."""
    agent = model("accounts.User").objects.get(email="agent@demo.example")
    sessions = model("sessions.Session").objects.all()
    [kept] = [
        session.session_key
        for session in sessions
        if session.get_decoded().get("_auth_user_id") == str(agent.pk)
    ]
    client = Client()
    client.cookies["session"] = kept
    page = client.get(traits_of_maren())
    return {"session": page.status_code, "revealed": MAREN in page.text}


def traits_of_maren() -> str:
    revealed = model("web.Reveal").objects.filter(subject="trait/Contact.email")
    return f"/t/alpenglow/profiles/{revealed[0].profile_id}/traits/"


def the_next_day() -> dict[str, Any]:
    """People sign in anew, and their tenants' memories answer."""
    agent = Browser("agent@demo.example")
    maja = agent.post("/t/harbour/find/", id=f"email:{MAJA}")
    recall = f"/t/harbour/recall/?identity={ids(maja, 'mem_profile')[0]}&query=dog"
    return {
        "masked": MAREN not in agent.get(traits_of_maren()),
        "card": agent.get(maja),
        "timeline": agent.get(f"{maja}timeline/"),
        "recalled": ids(agent.get(recall), "mem_observation"),
        "second_factor": sign_in_with_second_factor("officer2@demo.example"),
    }


def sign_in_with_second_factor(email: str) -> list[str]:
    """Where one is sent after the password, and after the code."""
    client = Client()
    typed = {"login": email, "password": PASSWORD}
    asked = client.post("/accounts/login/", typed).headers["Location"]
    factor = model("mfa.Authenticator").objects.get(user__email=email, type="totp")
    bound = ("mfa.authenticator", str(factor.user_id), "data")
    code = {"code": code_of(decrypt(factor.data["secret"], context=bound))}
    return [asked, client.post(asked, code).headers["Location"]]


def refusals() -> dict[str, Any]:
    """Whether the database still refuses to change what was logged."""
    table = model("audit.AuditEntry")._meta.db_table
    statements = (
        f"UPDATE {table} SET outcome = 'allowed' WHERE seq = 1",  # noqa: S608
        f"DELETE FROM {table} WHERE seq = 1",  # noqa: S608
        f"DELETE FROM {table}",  # noqa: S608
    )
    return {"refused": [refused(statement) for statement in statements]}


def refused(statement: str) -> str:
    """The database's words; "" when it did what it was told."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            transaction.set_rollback(True)
    except DatabaseError as exc:
        return str(exc)
    return ""
