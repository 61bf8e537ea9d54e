"""An installation that has been worked with, by what people use: management commands,
pages, the API.

It holds the fictional demo and a third tenant, the harbour, whose memory has what the
demo lacks (a mapping, imports, a merge, vectors); a day's work of the demo's people;
and, made last, what waits: a delayed write, an unread import, a deletion of unknown
outcome. The demo has no vectors: they alone would be larger than all the rest.
"""

import json
import re
from typing import Any

import httpx
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils.module_loading import import_string

from tests.upgrade.browser import Browser, code_of, ids, printed
from tests.upgrade.databases import PASSWORD

WHY = {"reason_code": "verify", "ticket": "CASE-4521"}
CORRECTED = {"reason_code": "customer", "ticket": "CASE-4522"}
CSV = b"Mail,First\r\nimported@harbour.example,Ivo\r\n,nobody\r\n"
LATE_CSV = b"Mail,First\r\nlate@harbour.example,Lea\r\n"


def fill() -> None:
    """Within `manage.py shell`, on two empty databases."""
    call_command("prepare")
    harbour = fill_harbour()
    call_command("seed_demo")
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
    for email in ("agent@demo.example", "officer@demo.example"):
        role = email.partition("@")[0]
        call_command("create_user", email, "--role", role, "--tenant", "harbour")
    work()
    leave_waiting(harbour)


class Api:
    """The embedded memory, for the account that a new tenant was given."""

    def __init__(self, sid: str, token: str) -> None:
        application = import_string(settings.MEMORY_APPLICATION)
        self.http = httpx.Client(
            transport=httpx.WSGITransport(app=application),
            base_url="http://testserver",
            auth=(sid, token),
        )

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.http.request(method, path, json=body, **more)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else {}

    def upload(self, people: str, content: bytes) -> None:
        columns = (("Mail", "email"), ("First", "firstName"))
        named = [
            {"columnName": column, "traitGroup": "Contact", "traitName": trait}
            for column, trait in columns
        ]
        body = {
            "filename": "members.csv",
            "fileSize": len(content),
            "columnMappings": named,
        }
        told = self("POST", f"{people}/Imports", body)
        answer = self.http.put(told["url"], content=content)
        assert answer.is_success, answer.text


def fill_harbour() -> Api:
    """A tenant as an operator takes one in, and a memory with everything in it."""
    email = "operator@harbour.example"
    told = printed("create_user", email, "--role", "operator", "--name", "Ole Brandt")
    operator = Browser(email, told.split("password ")[1].split()[0])
    account = json.loads(printed("create_account", "harbour", "--json"))
    there = operator.post(
        "/onboarding/",
        name="Harbour Sailing",
        slug="harbour",
        store="client-harbour",
        account="other",
        account_sid=account["accountSid"],
        secret=account["authToken"],
        template="store-only",
    )
    for _ in range(20):  # more than there are steps
        operator.post(f"{there}step/")
    operator.post(f"{there}live/")
    api = Api(account["accountSid"], account["authToken"])
    with override_settings(MEMORY_EMBEDDER="use-3"):
        remember(api)
        call_command("db_worker", batch=True, startup_delay=False, interval=0)
    return api


def remember(api: Api) -> None:
    [store] = api("GET", "/v1/ControlPlane/Stores")["stores"]
    plane, people = f"/v1/ControlPlane/Stores/{store}", f"/v1/Stores/{store}/Profiles"
    kinds = {
        "name": "STRING",
        "length": "NUMBER",
        "paid": "BOOLEAN",
        "berths": "ARRAY",
    }
    traits = {name: {"dataType": kind} for name, kind in kinds.items()}
    api("POST", f"{plane}/TraitGroups", {"displayName": "Boat", "traits": traits})
    rules = api("GET", f"{plane}/IdentityResolutionSettings")
    api("PUT", f"{plane}/IdentityResolutionSettings", rules)
    item = {"expression": "town", "traitGroup": "Contact", "traitName": "city"}
    mapping = {
        "displayName": "members",
        "mappingTo": {"type": "TRAITS", "mappings": [item]},
        "mappingFrom": {"type": "INGRESS", "columns": ["town"]},
    }
    api("POST", f"{plane}/DataMappings", mapping)
    api("POST", "/v1/Services", {"uniqueName": "older", "friendlyName": "Older one"})
    contact = {"email": "maja@harbour.example", "firstName": "Maja"}
    boat = {"name": "Möwe", "length": 12.5, "paid": True, "berths": ["A1", 7]}
    made = api("POST", people, {"traits": {"Contact": contact, "Boat": boat}})
    tell(api, f"{people}/{made['id']}")
    merge(api, people)
    api.upload(people, CSV)


def tell(api: Api, maja: str) -> None:
    talk = "conv_conversation_01k0000000000000000000000b"
    texts = ("Keeps a dog on board.", "Wants a berth near the crane.")
    said = [
        {"content": text, "source": "desk", "occurredAt": "2026-05-04T09:00:00Z"}
        for text in texts
    ]
    said[0] |= {"conversationIds": [talk]}
    api("POST", f"{maja}/Observations", {"observations": said})
    first = api("GET", f"{maja}/Observations")["observations"][0]
    api("PATCH", f"{maja}/Observations/{first['id']}", {"source": "desk/2"})
    summary = {
        "content": "Asked for a berth near the crane.",
        "conversationId": talk,
        "occurredAt": "2026-05-04T09:30:00Z",
    }
    api("POST", f"{maja}/ConversationSummaries", {"summaries": [summary]})


def merge(api: Api, people: str) -> None:
    phone = {"phone": "+49 89 99998 120"}
    other = api("POST", people, {"traits": {"Contact": phone}})["id"]
    same = {"idType": "email", "value": "maja@harbour.example"}
    api("POST", f"{people}/{other}/Identifiers", same)


def work() -> None:
    """A day of the demo's people; the agent stays signed in."""
    agent, officer = Browser("agent@demo.example"), Browser("officer@demo.example")
    at_the_phone(agent)
    privacy(officer)
    second_factor(Browser("officer2@demo.example"))
    Browser("auditor@demo.example").get("/t/alpenglow/audit/")
    Client().post("/accounts/login/", {"login": "nobody@demo.example", "password": "x"})


def at_the_phone(agent: Browser) -> None:
    people = "/t/alpenglow/profiles"
    maren = agent.post("/t/alpenglow/find/", id="email:maren.okafor@example.com")
    for _ in range(2):
        card = agent.get(maren)
    told = ids(agent.get(f"{maren}timeline/"), "mem_observation")
    agent.post(f"{maren}reveal/trait/Contact.email/", **WHY)
    agent.post(f"{maren}reveal/identifier/phone/", **WHY)
    agent.post(f"{maren}hide/identifier/phone/")
    agent.send(f"{maren}traits/Loyalty/tier/correct/", value="Glacier", **CORRECTED)
    corrected = f"{maren}observations/{told[1]}/correct/"
    agent.send(corrected, content="Prefers to be called Mar.", **CORRECTED)
    summary = ids(agent.get(f"{maren}summaries/"), "mem_summary")[0]
    agent.send(
        f"{maren}summaries/{summary}/correct/", content="All is well.", **CORRECTED
    )
    agent.post(
        f"{maren}observations/add/",
        content="Walks the Alps in June.",
        source="console",
        occurred_at="2026-10-01T09:00",
        **CORRECTED,
    )
    agent.get(
        f"/t/alpenglow/recall/?identity={ids(card, 'mem_profile')[0]}&query=boots"
    )
    for other in ids(agent.get(f"{people}/"), "mem_profile")[:3]:
        agent.get(f"{people}/{other}/")
    agent.get("/t/alpenglow/audit/", status=403)


def privacy(officer: Browser) -> None:
    desk = officer.get("/t/alpenglow/desk/")
    shown = dict.fromkeys(re.findall(r'name="(how-[^"]+)"', desk), "detect")
    policy = {"reason_code": "policy", "ticket": "CASE-4523"}
    officer.post(
        "/t/alpenglow/desk/", **shown | policy | {"how-group/Loyalty": "clear"}
    )
    delete(officer, "alpenglow", 1)


def delete(officer: Browser, tenant: str, which: int) -> None:
    people = f"/t/{tenant}/profiles"
    person = ids(officer.get(f"{people}/"), "mem_profile")[which]
    told = ids(officer.get(f"{people}/{person}/timeline/"), "mem_observation")[0]
    officer.send(
        f"{people}/{person}/observations/{told}/delete/",
        confirmation=told[-6:],
        reason_code="customer_request",
        reason="Ticket 4711",
    )


def second_factor(person: Browser) -> None:
    path = "/accounts/2fa/totp/activate/"
    person.post(f"/accounts/reauthenticate/?next={path}", password=PASSWORD)
    person.get(path)
    secret = person.client.session[totp.SECRET_SESSION_KEY]
    person.post(path, code=code_of(secret))


def leave_waiting(harbour: Api) -> None:
    """What the next version finds half done. Nothing may ask these memories later."""
    [*_, store] = harbour("GET", "/v1/ControlPlane/Stores")["stores"]
    people = f"/v1/Stores/{store}/Profiles"
    harbour.upload(people, LATE_CSV)
    maja = harbour("GET", f"{people}?orderBy=ASC")["profiles"][0]
    said = {
        "content": "Sails on Sundays.",
        "source": "desk",
        "occurredAt": "2026-05-05T09:00:00Z",
    }
    with override_settings(MEMORY_VISIBILITY_LAG_S=3600.0):
        harbour("POST", f"{people}/{maja}/Observations", {"observations": [said]})
        harbour("POST", "/v1/ControlPlane/Stores", {"displayName": "second"})
        delete(Browser("officer@demo.example"), "brightline", 0)
