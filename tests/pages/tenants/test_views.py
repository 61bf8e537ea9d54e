import json
import re
from html import unescape

import pytest
from django.db.models.signals import pre_save
from django.urls import reverse

from console.audit.models import AuditEntry
from console.client import network
from console.client.account import connect
from console.contract.memory.store import CreateStore
from console.pages.tenants.services import StoreNotReady, TenantTaken, add_tenant
from console.service.conversations.models import ModelUsage
from console.service.memory.models import Store
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_account, open_store
from tests.factories import HTMX, make_account, make_tenant, make_user, move_tenant
from tests.pages.odd_memory import OddMemory, serving

ADD = "/tenants/add/"


@pytest.fixture
def new_operator(client, db):
    """Signed in on an installation without tenants."""
    user = make_user(Role.OPERATOR)
    client.force_login(user)
    return user


def form_of(account=None, **fields):
    account = account or make_account()
    return {
        "name": "Alpenglow",
        "slug": "alpenglow",
        "address": "",
        "account_sid": account["accountSid"],
        "secret": account["authToken"],
        "store": "new",
        "store_id": "",
    } | fields


def new_store(account, name="theirs"):
    memory = connect(
        "embedded:", username=account["accountSid"], secret=account["authToken"]
    )
    return memory.wait_for(
        memory.create_store(CreateStore(display_name=name))
    ).result_id


def test_add_creates_a_store(client, new_operator):
    response = client.post(ADD, form_of(), follow=True)

    tenant = Tenant.objects.get()
    store = open_account(tenant).fetch_store(tenant.store_id)
    assert response.redirect_chain == [("/tenants/", 302)]
    assert "Alpenglow was added" in response.text
    assert store.display_name == "client-alpenglow"
    assert open_store(tenant).list_profiles().items == ()
    entry = AuditEntry.objects.get(action="tenant.added")
    assert (entry.actor, entry.tenant) == (new_operator.email, "alpenglow")
    assert entry.object_id == str(tenant.pk)
    assert entry.details == {"stores_made": 1}


def test_add_uses_an_existing_store(client, new_operator):
    account = make_account()
    store_id = new_store(account)

    client.post(ADD, form_of(account, store="existing", store_id=store_id))

    assert Tenant.objects.get().store_id == store_id
    assert AuditEntry.objects.get(action="tenant.added").details == {"stores_made": 0}


def test_add_never_shows_the_token_again(client, new_operator):
    form = form_of()

    client.post(ADD, form)
    page = client.get("/tenants/")
    refused = client.post(ADD, form | {"slug": "NO"})

    assert form["slug"] in page.text
    assert "Use a-z, 0-9 and hyphens only." in refused.text
    assert form["secret"] not in page.text + refused.text
    assert form["secret"] not in Tenant.objects.get().encrypted_token
    assert form["secret"] not in json.dumps(
        list(AuditEntry.objects.values()), default=str
    )


def test_add_answers_htmx_with_the_form_or_a_redirect(client, new_operator):
    refused = client.post(ADD, form_of(slug="NO"), headers=HTMX)
    accepted = client.post(ADD, form_of(), headers=HTMX)

    assert refused.status_code == 422
    assert refused.text.lstrip().startswith('<form class="fields"')
    assert accepted["HX-Redirect"] == "/tenants/"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 81),
        ("name", "Alpen\u202eglow"),
        ("name", "Alpen\nglow"),
        ("name", "Alpen\x00glow"),
        ("slug", ""),
        ("slug", "Alpen Glow"),
        ("slug", "a" * 41),
        ("slug", "alpenglow\x00"),
        ("address", "http://memory.example"),
        ("address", "https://127.0.0.1"),
        ("address", "https://2130706433"),
        ("address", "https://user@memory.example"),
        ("address", "file:///etc/passwd"),
        ("address", "https://memory.example:22"),
        ("address", "https://" + "a" * 200 + ".example"),
        ("account_sid", "AC123"),
        ("account_sid", "ac" + "0" * 32),
        ("secret", ""),
        ("secret", "two words"),
        ("secret", "x" * 129),
        ("secret", "tok\x07en"),
        ("store", "other"),
        ("store_id", "mem_profile_01kce57bqte2vr3vckwgb1zdtb"),
        ("store_id", "mem_store_01k0000000000000000000000a"),  # with store=new
    ],
)
def test_add_refuses_invalid_values_at_their_field(client, new_operator, field, value):
    response = client.post(ADD, form_of(**{field: value}))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Tenant.objects.exists()


def test_add_requires_the_id_of_an_existing_store(client, new_operator):
    response = client.post(ADD, form_of(store="existing"))

    assert list(response.context["form"].errors) == ["store_id"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("АLPENGLOW", "Another tenant already has the name Alpenglow"),
        ("A1penglow", "looks the same"),
        ("Brіght", "alphabets that look alike"),
    ],
)
def test_add_refuses_a_name_that_looks_like_another(client, new_operator, name, words):
    make_tenant("alpenglow", "Alpenglow")

    response = client.post(ADD, form_of(slug="other", name=name))

    assert words in str(response.context["form"].errors["name"])
    assert Tenant.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "words"), [("slug", "Another tenant"), ("name", "already has the name")]
)
def test_add_refuses_a_name_or_slug_in_use(client, new_operator, field, words):
    make_tenant("alpenglow", "Alpenglow")
    other = {"slug": "other", "name": "Other"}
    del other[field]

    response = client.post(ADD, form_of(**other))

    assert words in str(response.context["form"].errors[field])
    assert Tenant.objects.count() == 1


def test_add_refuses_wrong_credentials(client, new_operator):
    response = client.post(ADD, form_of(secret="wrong"))

    assert response.status_code == 422
    assert "does not know" in str(response.context["form"].errors["secret"])
    assert 'value="alpenglow"' in response.text
    assert 'value="wrong"' not in response.text
    assert not Tenant.objects.exists()


def test_add_shows_why_the_store_was_not_created(client, new_operator):
    account = make_account()
    new_store(account, "client-alpenglow")

    response = client.post(ADD, form_of(account), headers=HTMX)

    assert response.status_code == 422
    assert "did not create the store client-alpenglow" in response.text
    assert "enter its id instead" in response.text
    assert not Tenant.objects.exists()


def test_add_refuses_a_store_of_another_account(client, new_operator):
    foreign = new_store(make_account("foreign"))

    response = client.post(ADD, form_of(store="existing", store_id=foreign))

    assert response.status_code == 422
    assert "this account has no such store" in response.text


def test_add_refuses_a_store_in_use(db):
    first = make_tenant("first")

    with pytest.raises(TenantTaken, match="never share"):
        make_tenant("second", account_sid="AC", secret="x", store_id=first.store_id)


def test_add_refuses_an_unreachable_memory(client, new_operator, settings):
    settings.MEMORY_ALLOW_PRIVATE = True

    response = client.post(ADD, form_of(address="http://127.0.0.1:9"))

    assert response.status_code == 422
    assert "address" in response.context["form"].errors
    assert not Tenant.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.OFFICER, Role.AUDITOR])
@pytest.mark.parametrize("method", ["get", "post"])
def test_add_is_for_operators_only(client, tenant, role, method):
    client.force_login(make_user(role, tenant))

    response = getattr(client, method)(ADD)

    assert response.status_code == 403
    assert "To add a tenant you need the role operator" in response.text
    assert Tenant.objects.count() == 1


def test_add_is_refused_to_an_operator_of_one_tenant(client, tenant):
    client.force_login(make_user(Role.OPERATOR, tenant))

    assert client.get(ADD).status_code == 403


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
def test_connection_offers_the_newest_api_that_answers(client, tenant, operator, was):
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


def test_a_tenant_of_a_memory_that_is_older_alone_is_added_as_such(
    client, operator, monkeypatch
):
    handle = network.EmbeddedTransport.handle_request

    def know_the_older_api_alone(self, request):
        if not request.url.path.startswith("/v1/Services"):
            request.url = request.url.copy_with(path="/v1/none")
        return handle(self, request)

    monkeypatch.setattr(
        network.EmbeddedTransport, "handle_request", know_the_older_api_alone
    )
    account = make_account()
    sent = {"accountSid": "account_sid", "authToken": "secret"}

    tenant = add_tenant(
        slug="beta",
        name="Beta",
        address="",
        by=operator,
        **{name: account[key] for key, name in sent.items()},
    )

    assert tenant.dialect == "services"
    assert open_store(tenant).list_profiles().items == ()
    client.force_login(operator)
    assert "no API answers" not in check(client, tenant).text


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


def test_list_tenants_needs_few_queries(
    client, operator, django_assert_max_num_queries
):
    for number in range(4):
        make_tenant(f"tenant-{number}")
    client.force_login(operator)

    with django_assert_max_num_queries(7):
        page = client.get("/tenants/").text

    assert "tenant-3" in page


def test_connection_waits_for_an_inactive_store(client, tenant, agent):
    Store.objects.update(status="PROVISIONING")
    client.force_login(agent)

    connection = check(client, tenant).context["connection"]

    assert (connection.state, connection.title) == (
        "waiting",
        "The store is provisioning",
    )


def test_add_tenant_refuses_an_inactive_store(db):
    account = make_account()
    store_id = new_store(account)
    Store.objects.update(status="PROVISIONING")

    with pytest.raises(StoreNotReady, match="is provisioning, not active"):
        add_with(account, store_id)

    assert not Tenant.objects.exists()


def test_add_tenant_tells_the_second_of_two_operators(db):
    account = make_account()
    store_id = new_store(account)

    def be_faster(instance, **_):
        Tenant.objects.bulk_create([Tenant(slug=instance.slug, store_id="another")])

    pre_save.connect(be_faster, sender=Tenant)
    try:
        with pytest.raises(TenantTaken, match="at the same moment"):
            add_with(account, store_id)
    finally:
        pre_save.disconnect(be_faster, sender=Tenant)

    assert not AuditEntry.objects.filter(action="tenant.added").exists()


def add_with(account, store_id):
    return add_tenant(
        slug="alpenglow",
        name="Alpenglow",
        address="",
        account_sid=account["accountSid"],
        secret=account["authToken"],
        store_id=store_id,
        by=None,
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
