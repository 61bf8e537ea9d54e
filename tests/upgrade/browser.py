"""A person at their pages, by addresses and forms alone."""

import io
import re
import time
from contextlib import suppress
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.core.management import call_command
from django.test import Client

from tests.upgrade.databases import PASSWORD


class Browser:
    """A person at their pages."""

    def __init__(self, email: str, password: str = PASSWORD) -> None:
        self.client = Client()
        self.post("/accounts/login/", login=email, password=password)
        assert self.client.session.get("_auth_user_id"), email

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, follow=True)
        assert answer.status_code == status, (path, answer.headers)
        return answer.text

    def post(self, path: str, **typed: Any) -> str:
        answer = self.client.post(path, typed)
        wrong = re.findall(r"(?s)errorlist.*?</ul>", answer.text)
        assert answer.status_code in (200, 302), (path, answer.status_code, wrong)
        return answer.headers.get("Location", "")

    def send(self, path: str, **typed: Any) -> str:
        """The form at an address, with what it carries along."""
        fields = re.findall(
            r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', self.get(path)
        )
        hidden = {
            name: value for name, value in fields if name != "csrfmiddlewaretoken"
        }
        return self.post(path, **hidden | typed)


def ids(text: str, kind: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf"{kind}_[0-7][0-9a-z]{{25}}", text)))


def code_of(secret: str) -> str:
    now = int(time.time()) // 30
    return totp.format_hotp_value(totp.hotp_value(secret, now))


def printed(*command: str) -> str:
    """Whatever its exit code is: without a receipt verify_audit cannot tell."""
    out = io.StringIO()
    with suppress(SystemExit):
        call_command(*command, stdout=out)
    return out.getvalue()
