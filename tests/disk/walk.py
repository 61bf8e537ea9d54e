"""Every page when a database cannot be used: `python -m tests.disk.walk HOW FOLDER`
prints what it saw as JSON.

disk   both databases are in FOLDER, a small file system that this program fills
pages  SQLite may not grow (max_page_count), where no file system can be mounted
away   nothing listens where the databases should be
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

from console.core.bootstrap import prepare_process

prepare_process()

import django  # noqa: E402

django.setup()

import httpx  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import URLPattern, URLResolver, get_resolver  # noqa: E402

from console.audit.log import log_view  # noqa: E402
from console.audit.models import AuditEntry  # noqa: E402
from console.audit.verification import verify_log  # noqa: E402
from console.core.errors import DomainError  # noqa: E402
from console.tenants.actor import Actor  # noqa: E402
from console.tenants.models import Role  # noqa: E402
from console.wsgi import application  # noqa: E402
from tests.factories import (  # noqa: E402
    PASSWORD,
    make_account,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
    make_user,
)
from tests.migrated import copy_kept  # noqa: E402

HOST = "127.0.0.1"
TITLE = re.compile(r"<h1[^>]*>\s*(.*?)\s*</h1>", re.DOTALL)
DEFAULTS = {
    "tenant": "acme",
    "group": "Contact",
    "trait": "email",
    "kind": "trait",
    "ref": "Contact.email",
    "int": "1",
    "uuid": "12345678-1234-4234-8234-123456789012",
}


def walk(
    patterns: list[URLPattern | URLResolver], before: str = "/"
) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern.name or ""


def open_browser(session: str = "") -> Client:
    client = Client(raise_request_exception=False, SERVER_NAME=HOST)
    if session:
        client.cookies["session"] = session
    return client


def describe(response: Any) -> str:
    """Status and heading; what a form says, if it says something."""
    text = response.content.decode(errors="replace")
    heading = TITLE.search(text)
    said = re.findall(r'class="errorlist"[^>]*>\s*<li>(.*?)</li>', text)
    words = " ".join([heading[1] if heading else "", *said])
    if "Traceback" in text:
        words += " TRACEBACK"
    return f"{response.status_code} {words}".strip()


class Walk:
    def __init__(self, how: str, folder: Path) -> None:
        self.how, self.filler = how, folder / "filler"
        self.samples = dict(DEFAULTS)
        self.seen: dict[str, Any] = {}
        self.copies: list[Client] = []

    def prepare(self) -> None:
        for alias in connections:
            copy_kept(alias, Path(connections[alias].settings_dict["NAME"]))
        call_command("prepare", stdout=StringIO())
        account = make_account()
        pair = account["accountSid"], account["authToken"]
        tenant = make_tenant(account_sid=pair[0], secret=pair[1])
        profile = make_profile(tenant)
        self.samples |= {
            "profile_id": profile,
            "observation_id": make_observation(tenant, profile).id,
            "summary_id": make_summary(tenant, profile).id,
        }
        self.api = httpx.Client(
            transport=httpx.WSGITransport(app=application),
            base_url=f"http://{HOST}",
            auth=pair,
        )
        self.profiles = f"/v1/Stores/{tenant.store_id}/Profiles"
        self.users = {
            role.value: make_user(role, None if role == Role.OPERATOR else tenant)
            for role in Role
        }
        self.leaving = [self.sign_in("officer") for _ in range(2)]
        self.clients = {role: self.sign_in(role) for role in ("officer", "operator")}

    def sign_in(self, role: str) -> Client:
        client = open_browser()
        client.force_login(self.users[role])
        return client

    def fill(self) -> None:
        if self.how == "pages":
            self.limit_pages(1)
            return
        with self.filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"\0" * size)

    def limit_pages(self, pages: int) -> None:
        for connection in connections.all():
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA max_page_count = {pages}")

    def burn(self) -> None:
        """Fill what is left inside of the databases' own files."""
        with suppress(DomainError):
            for _ in range(20_000):
                log_view(Actor(None), "access.denied")
            sys.exit("the disk is not full")

    def free(self) -> None:
        if self.how == "pages":
            self.limit_pages(2**30)
        else:
            self.filler.unlink()

    def visit(self, state: str) -> None:
        """GET of every address by whoever may do most there, and an empty POST where no
        room is left at all."""
        names = ("get", "post") if state in ("full", "away") else ("get",)
        seen = self.seen[state] = {}
        for route, name in walk(get_resolver().url_patterns):
            if name == "account_logout":
                continue  # tried by itself
            inside = route.startswith("/t/")
            for role, client in self.clients.items():
                if role in ("officer", "operator") and inside != (role == "officer"):
                    continue
                for method in names:
                    response = getattr(client, method)(self.get_address(route))
                    seen[f"{method} {route} as {role}"] = describe(response)

    def get_address(self, route: str) -> str:
        return "/".join(
            self.fill_in(part.strip("<>")) if part.startswith("<") else part
            for part in route.split("/")
        )

    def fill_in(self, part: str) -> str:
        converter, _, name = part.partition(":")
        return self.samples.get(name) or self.samples.get(converter) or "unknown"

    def come_and_go(self, state: str) -> None:
        """Sign out, sign in, be denied, read the audit log, be probed, use the API."""
        typed = {"login": self.users["agent"].email, "password": PASSWORD}
        denials = AuditEntry.objects.filter(action="access.denied")
        before = denials.count()
        self.seen[f"{state}, others"] = self.leave(self.leaving.pop()) | {
            "sign-in": describe(open_browser().post("/accounts/login/", typed)),
            "denial": describe(self.clients["officer"].get("/onboarding/")),
            "denials recorded": denials.count() - before,
            "audit log": describe(self.clients["operator"].get("/t/acme/audit/")),
            "readyz": open_browser().get("/readyz").json()["reasons"],
            "healthz": describe(open_browser().get("/healthz")),
            "api read": self.api.get(self.profiles).status_code,
            "api write": self.api.post(self.profiles, json={}).status_code,
        }

    def leave(self, client: Client) -> dict[str, str]:
        copy = open_browser(client.cookies["session"].value)
        self.copies.append(copy)
        return {
            "sign-out": describe(client.post("/accounts/logout/")),
            "cookie": client.cookies["session"].value,
            "copy of the session": describe(copy.get("/tenants/")),
        }

    def see_all(self) -> None:
        if self.how == "away":
            self.clients = {
                "nobody": open_browser(),
                "somebody": open_browser("k" * 32),
            }
            self.visit("away")
            self.seen["away, others"] = self.leave(self.clients["somebody"])
            return
        self.prepare()
        self.fill()
        if self.how == "disk":
            self.visit("low")
            self.come_and_go("low")
            self.fill()  # somebody else takes what the ballast has set free
        self.burn()
        self.visit("full")
        self.come_and_go("full")
        self.free()
        self.visit("freed")
        again = [describe(copy.get("/tenants/")) for copy in self.copies]
        ready = open_browser().get("/readyz").json()["ready"]
        self.seen["freed, others"] = {
            "copies of sessions": again,
            "ready": ready,
            "fault of the log": verify_log().fault,
        }


if __name__ == "__main__":
    trial = Walk(sys.argv[1], Path(sys.argv[2]))
    trial.see_all()
    json.dump(trial.seen, sys.stdout, indent=1)
