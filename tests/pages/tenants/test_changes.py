"""Renaming and removing a tenant, and accounts of the built-in memory."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.pages.deletions.models import Deletion
from console.pages.deletions.steps import advance_deletions
from console.pages.tenants.services import NotRemoved, remove_tenant
from console.segment.models import Workspace
from console.service.wsgi import authenticate
from console.tenants.actor import Actor
from console.tenants.models import Membership, Role, Tenant
from console.tenants.services import TenantTaken
from console.tenants.vault import open_store
from tests.factories import make_profile, make_tenant, make_user

WHY = {"reason_code": "ended", "ticket": "OPS-1"}
RENAME = reverse("tenants:rename", args=["acme"])
REMOVE = reverse("tenants:remove", args=["acme"])
NEW = {"name": "Acme Travel"} | WHY
TYPED = {"typed": "acme"} | WHY


@pytest.fixture
def desk(client, operator):
    """A browser of the operator."""
    client.force_login(operator)
    return client


def make_deletion(tenant: Tenant, person, **fields) -> Deletion:
    facts = {
        "kind": "profile",
        "profile_id": "mem_profile_1",
        "object_id": "mem_profile_1",
        "counts": {},
        "reason_code": "other",
        "reason": "Asked for it",
    }
    return Deletion.objects.create(
        tenant=tenant, requested_by=person, **facts, **fields
    )


def test_rename_changes_the_name_alone_and_is_audited(desk, tenant, operator):
    response = desk.post(RENAME, NEW)

    assert response["Location"] == reverse("tenants:connection", args=["acme"])
    assert Tenant.objects.get().name == "Acme Travel"
    entry = AuditEntry.objects.get(action="tenant.renamed")
    assert (entry.actor, entry.tenant) == (operator.email, "acme")
    assert entry.details == {"was": "Acme", "now": "Acme Travel"}
    assert entry.reason.text == "They are no longer our client (ticket OPS-1)"


@pytest.mark.parametrize("name", ["Globex", "Globeх", "", "+49 170 1234567"])
def test_rename_refuses_no_name_and_one_that_looks_like_anothers(desk, tenant, name):
    make_tenant("globex")

    response = desk.post(RENAME, NEW | {"name": name})

    assert response.status_code == 422
    assert Tenant.objects.get(slug="acme").name == "Acme"


def test_remove_says_what_goes_and_what_stays(desk, tenant, agent):
    text = desk.get(REMOVE).text

    assert "1 role of people" in text
    assert "every customer in it" in text
    assert Tenant.objects.filter(slug="acme").exists()


def test_remove_takes_pages_roles_and_token_and_leaves_the_memory(desk, tenant, agent):
    make_profile(tenant)
    store = open_store(tenant)
    Workspace.objects.create(tenant=tenant, name="Shop", space="spa_1")

    response = desk.post(REMOVE, TYPED)

    assert response["Location"] == reverse("tenants:list")
    assert desk.get(reverse("tenant_home", args=["acme"])).status_code == 404
    assert desk.get(reverse("tenants:list")).context["shell"].tenants == []
    assert not Membership.objects.filter(user=agent).exists()
    assert Tenant.ever.get().encrypted_token == ""
    assert not Workspace.objects.exists()
    assert len(store.list_profiles().items) == 1
    entry = AuditEntry.objects.get(action="tenant.removed")
    assert (entry.tenant, entry.details) == ("acme", {"roles_taken": 1})


def test_remove_frees_the_store_and_the_name_and_never_the_slug(desk, tenant):
    fields = {
        "address": "",
        "account_sid": tenant.account_sid,
        "store_id": tenant.store_id,
    }
    desk.post(REMOVE, TYPED)

    with pytest.raises(TenantTaken, match="slug"):
        make_tenant("acme", account_sid=tenant.account_sid, secret="x")
    again = Tenant.objects.create(slug="acme-2", name="Acme", **fields)

    assert Tenant.objects.get() == again


@pytest.mark.parametrize("typed", ["", "Acme", "acme ", "globex"])
def test_remove_needs_the_slug_typed_exactly(desk, tenant, typed):
    response = desk.post(REMOVE, TYPED | {"typed": typed})

    assert response.status_code == 422
    assert Tenant.objects.filter(slug="acme").exists()


def test_remove_waits_for_deletions_and_keeps_their_receipts(desk, tenant, operator):
    deletion = make_deletion(tenant, operator)

    refused = desk.post(REMOVE, TYPED)
    deletion.delete()
    done = make_deletion(
        tenant,
        operator,
        state="done",
        finished_at=tenant.created_at,
        verified_at=tenant.created_at,
    )
    desk.post(REMOVE, TYPED)

    assert refused.status_code == 409
    assert "A deletion is not confirmed yet" in refused.text
    assert Deletion.objects.get() == done
    assert advance_deletions.func() == 0


@pytest.mark.parametrize(("url", "sent"), [(RENAME, NEW), (REMOVE, TYPED)])
def test_changes_are_for_operators_and_need_a_post_and_a_reason(
    desk, operator, tenant, url, sent
):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    answers = {
        "looked": desk.get(url),
        "unexplained": desk.post(url, sent | {"ticket": ""}),
        "forged": strict.post(url, sent),
    }
    for role in (Role.AGENT, Role.OFFICER, Role.AUDITOR):
        browser = Client()
        browser.force_login(make_user(role, tenant))
        answers[role] = browser.post(url, sent)
    foreign = Client()
    foreign.force_login(make_user(Role.OPERATOR, make_tenant("globex")))
    answers["foreign"] = foreign.post(url, sent)

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "looked": 200,
        "unexplained": 422,
        "forged": 403,
        "agent": 403,
        "officer": 403,
        "auditor": 403,
        "foreign": 404,
    }
    assert Tenant.objects.get(slug="acme").name == "Acme"


def test_remove_tenant_happens_once(tenant, operator):
    """Two operators have the page open."""
    actor = Actor(operator, tenant, Role.OPERATOR)
    remove_tenant(tenant, actor=actor, reason="Ended")

    with pytest.raises(NotRemoved, match="Somebody else"):
        remove_tenant(tenant, actor=actor, reason="Ended")

    assert AuditEntry.objects.filter(action="tenant.removed").count() == 1


ACCOUNT = reverse("tenants:add_account")
FOR_PROGRAM = {"name": "Globex", "reason_code": "program", "ticket": "OPS-1"}


def test_add_account_shows_secrets_once_that_a_tenant_is_added_with(desk, operator):
    response = desk.post(ACCOUNT, FOR_PROGRAM)

    made = dict(response.context["made"])
    assert list(made) == ["Account SID", "Auth token", "API key", "API secret"]
    assert all(value in response.text for value in made.values())
    make_tenant("globex", account_sid=made["Account SID"], secret=made["Auth token"])
    begun, ended = AuditEntry.objects.filter(action="account.added").order_by("seq")
    assert (begun.outcome, ended.outcome) == ("allowed", "done")
    assert ended.details["account"] == made["Account SID"]
    assert made["Auth token"] not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("name", ["", "x" * 65, "Glo\xa0bex", "Globex\ue000"])
def test_add_account_names_what_is_wrong_with_a_name(desk, name):
    response = desk.post(ACCOUNT, FOR_PROGRAM | {"name": name})

    assert response.status_code == 422
    assert "name" in response.context["form"].errors
    assert not AuditEntry.objects.filter(action="account.added").exists()


def test_add_account_is_for_operators_of_every_tenant_and_needs_a_reason(
    desk, operator, tenant, settings
):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    limited = Client()
    limited.force_login(make_user(Role.OPERATOR, tenant))
    answers = [
        desk.get(ACCOUNT),
        desk.post(ACCOUNT, FOR_PROGRAM | {"ticket": ""}),
        strict.post(ACCOUNT, FOR_PROGRAM),
        limited.post(ACCOUNT, FOR_PROGRAM),
    ]
    settings.MEMORY_URL = "https://memory.example"
    answers.append(desk.post(ACCOUNT, FOR_PROGRAM))

    assert [answer.status_code for answer in answers] == [200, 422, 403, 403, 404]
    assert not AuditEntry.objects.filter(action="account.added").exists()


ROTATE = {"reason_code": "rotation", "ticket": "OPS-2"}


@pytest.fixture
def account(desk, tenant):
    return reverse("tenants:account", args=[tenant.account_sid])


def test_list_accounts_leads_to_secrets_and_tenants(desk, tenant, account):
    accounts = desk.get(reverse("tenants:accounts")).text
    page = desk.get(account)

    assert account in accounts
    assert tenant.name in accounts
    token, *keys = page.context["account"]["secrets"]
    assert token["username"] == tenant.account_sid
    assert all(key["username"] in page.text for key in keys)
    assert 'name="ticket"' not in page.text
    asked = desk.get(account, {"change": "token"}).text
    assert re.search(r"<button[^>]*>Replace the auth token</button>", asked)


def test_account_gets_an_api_key_and_loses_it(desk, tenant, account):
    made = dict(desk.post(account, ROTATE | {"change": "key"}).context["made"])
    key, secret = made["API key"], made["API secret"]
    opened = authenticate(key, secret).account.sid
    revoked = desk.post(account, ROTATE | {"change": key}, follow=True)

    assert opened == tenant.account_sid
    assert "it opens nothing any more" in revoked.text
    assert key not in revoked.text
    assert authenticate(key, secret) is None
    ended = AuditEntry.objects.filter(action__startswith="key.", outcome="done")
    assert [(each.action, each.details["key"]) for each in ended.order_by("seq")] == [
        ("key.added", key),
        ("key.revoked", key),
    ]
    assert secret not in str(list(AuditEntry.objects.values()))


def test_account_gives_a_new_auth_token_to_its_tenants(desk, tenant, account):
    before = Tenant.objects.get().encrypted_token

    made = dict(desk.post(account, ROTATE | {"change": "token"}).context["made"])

    assert list(made) == ["Auth token"]
    assert authenticate(tenant.account_sid, made["Auth token"])
    changed = Tenant.objects.get()
    assert changed.encrypted_token != before
    assert open_store(changed).list_profiles().items == ()
    entry = AuditEntry.objects.get(action="account.rotated", outcome="done")
    assert entry.details["tenants"] == 1


@pytest.mark.parametrize("change", ["", "SK" + "0" * 32, "AC"])
def test_account_changes_no_secret_that_it_does_not_have(desk, account, change):
    response = desk.post(account, ROTATE | {"change": change})

    assert response.status_code == 422
    assert "This account has no such secret" in response.text
    assert not AuditEntry.objects.filter(object_type="account").exists()


def test_account_is_for_operators_of_every_tenant_at_the_built_in_memory(
    desk, tenant, account, settings
):
    limited = Client()
    limited.force_login(make_user(Role.OPERATOR, tenant))
    answers = [
        limited.get(account),
        desk.get(reverse("tenants:account", args=["AC" + "0" * 32])),
    ]
    settings.MEMORY_URL = "https://memory.example"
    answers += [desk.get(account), desk.get(reverse("tenants:accounts"))]

    assert [answer.status_code for answer in answers] == [403, 404, 404, 404]
