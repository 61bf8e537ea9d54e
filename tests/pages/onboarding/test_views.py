"""The wizard's pages."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.client import network
from console.pages.onboarding import accounts
from console.pages.onboarding.models import Onboarding
from console.service.memory.models import Store
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_store
from tests.factories import HTMX, make_account, make_store, make_tenant, make_user
from tests.pages.onboarding.test_engine import work

BEGIN, NAMES = reverse("onboarding:begin"), reverse("onboarding:names")


@pytest.fixture
def desk(client, db):
    """A browser of somebody who operates every tenant."""
    client.force_login(make_user(Role.OPERATOR, email="robin@console.example"))
    return client


def form_of(**fields):
    like = {"account": "new", "template": "text-and-voice"}
    return {"name": "Alpenglow Outfitters"} | like | fields


def other(account, **fields):
    """An account whose token has to be entered."""
    sid, secret = account["accountSid"], account["authToken"]
    return form_of(account="other", account_sid=sid, secret=secret, **fields)


def url(name, row, *args):
    return reverse(f"onboarding:{name}", args=[row.pk, *args])


def move(desk, name, **fields):
    row = Onboarding.objects.get()
    return desk.post(url("move", row, name), fields, headers=HTMX)


def set_up(desk) -> int:
    """How often the page asked for the next step by itself."""
    count = 1
    while 'hx-trigger="load' in move(desk, "step", run="all").text:
        work()
        count += 1
    return count


def test_sheet_is_signed_at_the_end_of_the_wizard(desk, agent):
    begun = desk.post(BEGIN, form_of())
    planned = desk.get(begun["Location"]).text
    steps = set_up(desk)
    live = move(desk, "live")
    sheet = desk.get(live["HX-Redirect"])
    file = json.loads(desk.get(live["HX-Redirect"], {"download": ""}).content)
    tenant = Tenant.objects.get(slug="alpenglow-outfitters")
    officer = Client()
    officer.force_login(make_user(Role.OFFICER, tenant))

    assert "Set up everything" in planned
    assert steps == 11
    # The page has waited for the canary by asking again: that is no act.
    acts = AuditEntry.objects.filter(action="onboarding.step", outcome="done")
    assert acts.filter(details__step="canary").count() == 1
    assert "The signature fits: nothing was changed since." in sheet.text
    assert "is live. Configuration" in sheet.text
    assert (file["by"], file["client"]) == ("robin@console.example", tenant.name)
    assert officer.get(live["HX-Redirect"]).status_code == 200
    connection = reverse("tenants:connection", args=[tenant.slug])
    assert live["HX-Redirect"] in desk.get(connection).text


def test_wizard_does_a_step_a_press_without_javascript(desk):
    desk.post(BEGIN, form_of())
    row = Onboarding.objects.get()
    answers = [desk.post(url("move", row, "step"), {"run": "all"}) for _ in range(2)]
    page = desk.get(answers[-1]["Location"]).text
    desk.post(url("move", row, "undo"))
    row.refresh_from_db()

    assert "Take back: Store" in page
    assert "Only: Tenant" in page
    assert list(row.outcomes) == ["account"]


@pytest.mark.parametrize("store", ["Alpenglow-Outfitters", "ALPENGLOW-0UTFITTERS"])
def test_wizard_says_at_the_step_why_it_cannot_be_done(desk, store):
    account = make_account()
    make_store(account["accountSid"], store)
    desk.post(BEGIN, other(account))

    refused = move(desk, "step", run="all")

    assert refused.status_code == 409
    assert "that was not made here" in refused.text
    assert 'hx-trigger="load' not in refused.text


def test_wizard_is_resumed_by_somebody_else_and_given_up(desk):
    desk.post(BEGIN, form_of())
    move(desk, "step")
    colleague = Client()
    colleague.force_login(make_user(Role.OPERATOR))

    page = colleague.get(BEGIN).text
    kept = move(colleague, "drop")
    move(colleague, "undo")
    dropped = move(colleague, "drop")

    assert (
        url("client", Onboarding(pk=re.search(r"onboarding/([\w-]{36})", page)[1]))
        in page
    )
    assert kept.status_code == 409
    assert dropped["HX-Redirect"] == BEGIN
    assert not Onboarding.objects.exists()


def test_move_knows_its_moves_alone(desk):
    desk.post(BEGIN, form_of())

    assert move(desk, "groups").status_code == 404
    assert move(desk, "live").status_code == 409
    assert not Store.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Alpen\u202eglow"),
        ("name", "х" * 81),
        ("store", "Alpen glow"),
        ("store", "x" * 65),
        ("slug", "Alpen Glow"),
        ("account_sid", "AC123"),
        ("account_sid", ""),
        ("secret", ""),
        ("secret", "wrong"),
        ("secret", "two words"),
        ("address", "http://memory.example"),
        ("address", "https://127.0.0.1"),
        ("account", "nobody"),
        ("template", "telex"),
    ],
)
def test_begin_names_the_field_that_is_wrong(desk, field, value):
    account = make_account()

    response = desk.post(BEGIN, other(account) | {field: value})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert account["authToken"] not in response.text
    assert not Onboarding.objects.exists()


@pytest.mark.parametrize("name", ["АLPENGLOW", "A1penglow", "Brіght", "Alpenglow"])
def test_begin_refuses_a_name_that_looks_like_another(desk, name):
    make_tenant("alpenglow", "Alpenglow")

    response = desk.post(BEGIN, form_of(name=name, slug="other", store="other"))

    assert list(response.context["form"].errors) == ["name"]


def test_begin_keeps_the_token_encrypted_and_shows_it_nowhere(desk):
    account = make_account()
    desk.post(BEGIN, other(account))
    row = Onboarding.objects.get()
    pages = desk.get(url("client", row)).text + desk.get(url("plan", row)).text

    assert row.encrypted_token
    written = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert account["authToken"] not in pages + row.encrypted_token + written


def read(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


def ask(desk, **fields):
    return read(desk.get(NAMES, fields, headers=HTMX))


def test_names_tells_while_it_is_typed_what_a_name_becomes(desk):
    make_tenant("acme", "Acme")

    free = ask(desk, name="Müller & Söhne")
    taken = ask(desk, name="Асme")
    nothing = ask(desk, name="北京")
    turned = ask(desk, name="Alpen\u202eglow")
    spoilt = ask(desk, name="Alpenglow", slug="Alpen Glow")

    assert "Store Muller-Sohne In addresses muller-sohne Name Free" in free
    assert "looks the same" in taken or "alphabets that look alike" in taken
    assert "write a store name below" in nothing
    assert "Free" not in turned + spoilt
    assert "Use a-z, 0-9 and hyphens only." in spoilt


def test_names_forecasts_when_an_account_is_full(desk, monkeypatch):
    tenant = make_tenant("acme", "Acme")
    known = {"account": tenant.account_sid, "template": "store-only", "name": "Beta"}
    roomy = ask(desk, **known)
    monkeypatch.setattr(accounts, "STORES_PER_ACCOUNT", 3)
    some = ask(desk, **known)
    monkeypatch.setattr(accounts, "STORES_PER_ACCOUNT", 1)
    full = ask(desk, **known)
    theirs = ask(desk, **known, store="client-acme")

    assert "1 of 15 stores There is room for 14 more clients, this one incl" in roomy
    assert "room for 2 more clients, this one included: then all 3 stores are" in some
    assert "There is no room for another client: all 1 stores are in use" in full
    assert "open sub-account acme-2" in full
    assert "the store client-acme, which is another tenant’s" in theirs


def test_begin_opens_a_sub_account_of_the_same_owner(desk):
    tenant = make_tenant("acme", "Acme")
    asked = {"account": tenant.account_sid, "name": "Beta"}
    offered = desk.get(NAMES, asked, headers=HTMX).text
    [link] = re.findall(r'href="([^"]+)"', offered)
    form = desk.get(link.replace("&amp;", "&")).context["form"]
    sent = {
        name: form[name].value()
        for name in ("name", "account", "owner", "account_name")
    }

    desk.post(BEGIN, form_of(**sent))
    move(desk, "step")
    accounts = read(desk.get(reverse("tenants:accounts")))

    assert sent["account_name"] == "acme-2"
    assert "acme-2 sub-account of acme" in accounts


def test_plan_is_changed_until_who_it_is_about_and_downloaded(desk):
    desk.post(BEGIN, form_of())
    row = Onboarding.objects.get()
    text = desk.get(url("plan", row), {"download": ""}).text
    changed = desk.post(
        url("plan", row), {"plan": f"{text}retention: {{summary: 30}}\n"}
    )
    moved = desk.post(url("plan", row), {"plan": text.replace("slug: ", "slug: x")})
    wrong = desk.post(url("plan", row), {"plan": "name: ["})

    assert changed.status_code == 302
    assert "summary: 30 days" in read(desk.get(url("client", row)))
    assert "slug: cannot be changed" in str(moved.context["form"].errors["plan"])
    assert "This is not YAML." in str(wrong.context["form"].errors["plan"])


def test_client_says_where_the_secrets_of_segment_are_entered(desk):
    desk.post(BEGIN, form_of())
    row = Onboarding.objects.get()
    text = desk.get(url("plan", row), {"download": ""}).text
    desk.post(url("plan", row), {"plan": f"{text}segment: {{space: spa_1}}\n"})

    [before] = re.findall(r"Not set up: .*", desk.get(url("client", row)).text)
    for _ in range(4):
        move(desk, "step")
    page = desk.get(url("client", row)).text
    [link] = re.findall(r'href="(/tenants/[^"]*/segment/[^"]*)"', page)
    form = desk.get(link.replace("&amp;", "&")).context["form"]

    assert "no profile access token and no write key was given" in before
    assert form["space"].value() == "spa_1"
    assert form["name"].value() == "Alpenglow Outfitters"


def test_begin_sets_up_like_another_tenant(desk):
    make_tenant("acme", "Acme")

    desk.post(BEGIN, form_of(template="copy:acme"))

    plan = Onboarding.objects.get().read_plan()
    assert "email" in plan.groups["Contact"]
    assert plan.identity.matching_rules[0] == "email"


@pytest.mark.parametrize(
    "role", [Role.AGENT, Role.OFFICER, Role.AUDITOR, Role.OPERATOR]
)
def test_begin_is_for_operators_of_every_tenant(client, tenant, role):
    client.force_login(make_user(role, tenant))

    assert client.get(BEGIN).status_code == 403
    assert client.post(BEGIN, form_of()).status_code == 403


OLDER, EXTRAS = ("/v1/Services",), ("MergeSuggestions", "LearningRules")


@pytest.mark.parametrize("lacks", ["hosted", "older"])
def test_wizard_sets_up_a_memory_that_knows_less(desk, monkeypatch, lacks):
    """The hosted memory has none of what is ours; an older one has no settings."""
    handle = network.EmbeddedTransport.handle_request

    def know_less(self, request):
        path = request.url.path
        if (
            path.endswith(EXTRAS)
            if lacks == "hosted"
            else not path.startswith(OLDER) and path.startswith("/v1")
        ):
            request.url = request.url.copy_with(path="/v1/none")
        return handle(self, request)

    monkeypatch.setattr(network.EmbeddedTransport, "handle_request", know_less)
    template = "text-and-voice" if lacks == "hosted" else "store-only"
    desk.post(BEGIN, other(make_account(), template=template))
    set_up(desk)

    live = move(desk, "live")

    tenant = Tenant.objects.get()
    assert live["HX-Redirect"] == reverse("onboarding:sheet", args=[tenant.slug])
    assert tenant.dialect == ("services" if lacks == "older" else "current")
    assert open_store(tenant).list_profiles().items == ()
