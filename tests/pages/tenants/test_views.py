import re
from html import unescape

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.service.conversations.models import ModelUsage
from console.service.memory.models import Store
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_account, open_store
from tests.factories import HTMX, make_account, make_tenant, make_user, move_tenant
from tests.pages.odd_memory import OddMemory, serving

ADD = "/onboarding/"


def test_list_tenants_shows_ones_own(client, agent):
    make_tenant("foreign")
    client.force_login(agent)

    page = client.get("/tenants/")

    assert "acme" in page.text
    assert "foreign" not in page.text
    assert ADD not in page.text


def test_list_tenants_shows_operators_all(client, operator):
    make_tenant("other")
    client.force_login(operator)

    page = client.get("/tenants/")

    assert "tenant-acme" in page.text
    assert "tenant-other" in page.text
    assert ADD in page.text


def test_list_tenants_explains_an_empty_list(client, db):
    client.force_login(make_user())
    assert "Ask an operator for one" in client.get("/tenants/").text

    client.force_login(make_user(Role.OPERATOR))
    assert "No tenants yet" in client.get("/tenants/").text


def check(client, tenant, **headers):
    return client.get(reverse("tenants:connection", args=[tenant.slug]), **headers)


def test_connection_is_checked_on_request(client, tenant, agent):
    client.force_login(agent)

    page, part = check(client, tenant), check(client, tenant, headers=HTMX)

    assert page.context["connection"].state == "ok"
    assert "Active" in part.text
    assert " ms" in part.text
    assert "<html" not in part.text


def test_connection_is_refused_without_the_store(client, tenant, agent):
    account = open_account(tenant)
    account.wait_for(account.delete_store(tenant.store_id))
    client.force_login(agent)

    connection = check(client, tenant).context["connection"]

    assert connection.state == "refused"
    assert connection.message


def test_connection_is_unreachable(client, tenant, agent, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")
    client.force_login(agent)

    response = check(client, tenant)

    assert response.status_code == 200
    assert response.context["connection"].state == "unreachable"


def test_connection_says_when_a_hanging_memory_is_tried_again(
    client, hanging_tenant, operator
):
    client.force_login(operator)

    response = check(client, hanging_tenant)

    assert "This tenant's memory does not answer" in unescape(response.text)
    assert "1 call waiting for an answer" in response.text
    assert re.search(r"the memory is tried again in \d+ seconds", response.text)


def test_pages_say_when_a_hanging_memory_is_tried_again(client, hanging_tenant, agent):
    client.force_login(agent)

    response = client.get("/t/acme/profiles/", headers=HTMX)

    assert response.status_code == 503
    assert response["HX-Retarget"] == "#problem"
    assert "This tenant's memory does not answer" in unescape(response.text)
    assert re.search(r"the memory is tried again in \d+ seconds", response.text)


def test_connection_shows_a_locked_vault(client, tenant, agent, settings):
    settings.VAULT_KEYS = {"new": b"\x01" * 32}
    client.force_login(agent)

    assert client.get("/tenants/").status_code == 200
    assert check(client, tenant).context["connection"].title == "The vault is locked"
    assert client.get(f"/t/{tenant.slug}/profiles/").status_code == 503


def token_url(tenant):
    return reverse("tenants:token", args=[tenant.slug])


def test_replace_token_mends_a_locked_one(client, operator, settings):
    account = make_account()
    sid, token = account["accountSid"], account["authToken"]
    tenant = make_tenant("beta", account_sid=sid, secret=token)
    settings.VAULT_KEYS = {"new": b"\x01" * 32}
    client.force_login(operator)

    locked = check(client, tenant)
    response = client.post(token_url(tenant), {"secret": token}, follow=True)

    assert locked.context["connection"].title == "The vault is locked"
    assert token_url(tenant) in locked.text
    assert "The connection of Beta was replaced." in response.text
    assert check(client, tenant).context["connection"].state == "ok"
    tenant.refresh_from_db()
    assert tenant.encrypted_token.startswith("v2:new:")
    entry = AuditEntry.objects.get(action="token.replaced")
    assert (entry.actor, entry.object_id) == (operator.email, str(tenant.pk))
    assert token not in response.text + str(entry.details)


@pytest.mark.parametrize("secret", ["", "wrong", "two words", "x" * 129])
def test_replace_token_keeps_the_old_one_until_the_store_answers(
    client, tenant, operator, secret
):
    before = tenant.encrypted_token
    client.force_login(operator)

    response = client.post(token_url(tenant), {"secret": secret}, headers=HTMX)

    tenant.refresh_from_db()
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["secret"]
    assert tenant.encrypted_token == before
    assert f'value="{secret or "x"}"' not in response.text


def test_replace_token_says_when_the_memory_cannot_be_reached(
    client, tenant, operator, settings
):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")
    client.force_login(operator)

    sent = {"address": tenant.address, "secret": "token"}
    response = client.post(token_url(tenant), sent)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["address"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://api.twilio.com", "Write https://memory.twilio.com"),
        ("https://memory.dublin.twilio.com", "its region has to follow"),
    ],
)
def test_replace_token_refuses_an_address_that_the_vendor_has_not(
    client, tenant, operator, address, words
):
    client.force_login(operator)

    response = client.post(token_url(tenant), {"address": address, "secret": "x"})

    assert words in response.context["form"].errors["address"][0]


def test_connection_names_the_fault_of_an_address(client, tenant, operator):
    Tenant.objects.update(address="https://memory.dublin.twilio.com")
    client.force_login(operator)

    page = check(client, tenant).text

    assert "is an edge" in page
    better = re.search(r'href="([^"]*\?address=[^"]*)"', page)[1]
    assert "memory.dublin.ie1.twilio.com" in client.get(unescape(better)).text


@pytest.mark.parametrize("was", ["services", "current"])
def test_set_dialect_to_the_newest_api_that_answers(client, tenant, operator, was):
    Tenant.objects.update(dialect=was)
    client.force_login(operator)

    page = check(client, tenant).text
    after = client.post(reverse("tenants:dialect", args=[tenant.slug]), follow=True)

    tenant.refresh_from_db()
    assert ("Use /v1/Stores" in " ".join(page.split())) == (was == "services")
    assert ("no trait groups" in page) == (was == "services")
    assert ("speaks /v1/Stores there now" in after.text) == (was == "services")
    assert tenant.dialect == "current"
    logged = AuditEntry.objects.filter(action="dialect.changed").count()
    assert logged == (was == "services")


@pytest.mark.parametrize("role", [Role.AGENT, Role.OFFICER, Role.AUDITOR])
def test_replace_token_is_for_operators_only(client, tenant, role):
    client.force_login(make_user(role, tenant))

    assert client.post(token_url(tenant), {"secret": "x"}).status_code == 403
    assert token_url(tenant) not in check(client, tenant).text


def test_a_token_is_sent_nowhere_else_than_it_was_entered_for(client, tenant, agent):
    Tenant.objects.update(address="https://evil.example")
    client.force_login(agent)

    connection = check(client, tenant).context["connection"]

    assert connection.title == "A stored credential cannot be trusted"


def test_connection_waits_for_an_inactive_store(client, tenant, agent):
    Store.objects.update(status="PROVISIONING")
    client.force_login(agent)

    connection = check(client, tenant).context["connection"]

    assert (connection.state, connection.title) == (
        "waiting",
        "The store is provisioning",
    )


IDENTITY = "/tenants/acme/identity/"
CHOSEN = {
    "phone_region": "GB",
    "time_zone": "Europe/London",
    "merge_brake": "shared",
    "whatsapp_is_phone": "yes",
    "reason_code": "country",
    "ticket": "CASE-1",
    "version": 1,
}


def test_identity_shows_what_the_store_has(client, tenant, officer):
    client.force_login(officer)

    page = client.get(IDENTITY).content.decode()

    assert '<option value="US" selected>US: (201) 555-0123 is +12015550123' in page
    assert "BO: 71234567 is +59171234567" in page
    assert re.search(r'value="on"[^>]*checked', page)
    assert IDENTITY in client.get("/tenants/acme/connection/").content.decode()


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR])
def test_identity_changes_what_is_ours_and_keeps_the_rest(client, tenant, role):
    before = open_store(tenant).identity_settings()
    client.force_login(make_user(role, None if role == Role.OPERATOR else tenant))

    answer = client.post(IDENTITY, CHOSEN, follow=True)

    assert "Saved." in answer.content.decode()
    after = open_store(tenant).identity_settings()
    assert after.identifier_configs == before.identifier_configs
    assert after.matching_rules == before.matching_rules
    ours = (after.phone_region, after.merge_brake, after.whatsapp_is_phone)
    assert ours == ("GB", "shared", True)
    assert after.time_zone == "Europe/London"
    entry = AuditEntry.objects.filter(action="identity.changed").latest("seq")
    assert entry.outcome == "done"
    assert entry.details["phone_region"] == "US, now GB"


def test_identity_keeps_what_somebody_else_has_saved_meanwhile(client, tenant, officer):
    client.force_login(officer)
    page = client.get(IDENTITY).content.decode()
    [shown] = re.findall(r'name="version" value="(\d+)"', page)
    client.post(IDENTITY, CHOSEN | {"version": shown})

    answer = client.post(IDENTITY, CHOSEN | {"version": shown, "phone_region": "DE"})

    assert answer.status_code == 409
    assert b"changed by somebody else meanwhile" in answer.content
    assert open_store(tenant).identity_settings().phone_region == "GB"


def test_identity_needs_a_reason(client, tenant, officer):
    client.force_login(officer)

    answer = client.post(IDENTITY, CHOSEN | {"reason_code": "", "phone_region": "XX"})

    assert answer.status_code == 422
    assert b"Choose a reason." in answer.content
    assert open_store(tenant).identity_settings().phone_region == ""


def test_identity_is_not_for_agents(client, agent):
    client.force_login(agent)

    assert client.get(IDENTITY).status_code == 403


def test_identity_says_that_a_hosted_memory_has_none(client, tenant, officer, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    client.force_login(officer)
    with serving(OddMemory(failing={"/MergeSuggestions": 404})) as memory:
        move_tenant(tenant, memory.address)
        page = client.get(IDENTITY)

    assert b"decides by itself" in page.content


def test_connection_shows_what_the_chat_model_was_asked(client, operator, tenant):
    client.force_login(operator)
    address = reverse("tenants:connection", args=[tenant.slug])
    without = client.get(address).text
    day = {"store_id": tenant.store_id, "day": "2026-01-05"}
    ModelUsage.objects.create(**day, calls=3, tokens_in=12_000, tokens_out=345)

    shown = client.get(address).text
    part = client.get(address, headers=HTMX).text

    assert "Chat model" not in without
    assert "12,000" in shown
    assert "no prices set" in shown
    assert "Chat model" not in part
