"""A person's own sessions on their account page."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.web.session import describe_browser, list_sessions
from tests.factories import PASSWORD

ACCOUNT = "/accounts/2fa/"
END = "account_end_sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1"
)


def sign_in(person, agent=FIREFOX) -> Client:
    client = Client(headers={"User-Agent": agent})
    form = {"login": person.email, "password": PASSWORD}
    client.post(reverse("account_login"), form)
    return client


def is_in(client) -> bool:
    return client.get(ACCOUNT).status_code == 200


@pytest.mark.parametrize(
    ("agent", "browser"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/1", "Edge on Windows"),
        ("curl/8.5", ""),
    ],
)  # fmt: skip
def test_describe_browser(agent, browser):
    assert describe_browser(agent) == browser


def test_sessions_are_listed_without_their_keys(agent, officer):
    with time_machine.travel(timezone.now() - timedelta(minutes=9)):
        phone = sign_in(agent, PHONE)
    here = sign_in(agent)
    sign_in(officer, "Edg Windows")

    page = here.get(ACCOUNT).text

    assert page.index("Firefox on Linux") < page.index("Safari on iPhone")
    assert "Signed in <time" in page
    assert "Edge on Windows" not in page
    assert phone.session.session_key not in page


def test_end_own_sessions_ends_the_one_that_is_named(agent):
    phone, here, other = (sign_in(agent, each) for each in (PHONE, FIREFOX, FIREFOX))
    [wanted] = [x.id for x in list_sessions(agent) if x.browser == "Safari on iPhone"]

    answer = here.post(reverse(END), {"session": wanted})

    assert answer["Location"] == ACCOUNT
    assert (is_in(here), is_in(phone), is_in(other)) == (True, False, True)
    [entry] = AuditEntry.objects.filter(action="session.ended")
    assert (entry.object_id, entry.details) == (str(agent.pk), {"sessions": 1})


def test_end_own_sessions_ends_all_others(agent, officer):
    phone, here, colleague = sign_in(agent, PHONE), sign_in(agent), sign_in(officer)

    said = here.post(reverse(END), follow=True).text
    again = here.post(reverse(END), follow=True).text

    assert "1 session ended." in said
    assert "It had ended already." in again
    assert (is_in(here), is_in(phone), is_in(colleague)) == (True, False, True)
    assert AuditEntry.objects.filter(action="session.ended").count() == 1
