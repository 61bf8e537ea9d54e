import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError

from console.accounts.models import User
from console.audit.models import AuditEntry
from console.tenants.actor import (
    Permission,
    get_installation_role,
    may,
    who_may,
)
from console.tenants.models import Membership, Role, Tenant
from console.tenants.services import add_member
from tests.factories import PASSWORD, make_user
from tests.tenants.test_vault import make_factors


def make_row(slug="acme", **fields):
    """A tenant as the table keeps it; its memory is never asked."""
    return Tenant.objects.create(
        **{"slug": slug, "name": slug, "store_id": f"store-{slug}"} | fields
    )


@pytest.mark.parametrize(
    "slug", ["", "-", "-a-", "a--b", "Acme", "a b", "a_b", "ä", "acme\n", "a" * 41]
)
def test_slug_is_lower_case_letters_digits_and_hyphens(db, slug):
    # PostgreSQL calls one that is too long a DataError.
    with pytest.raises((IntegrityError, DataError)):
        make_row(slug)


def test_tenant_never_shares_a_store(db):
    make_row("acme", store_id="store-1")

    with pytest.raises(IntegrityError):
        make_row("other", store_id="store-1")


def test_visible_to_gives_tenants_with_the_role(db):
    acme, _ = make_row("acme"), make_row("other")
    agent = make_user(Role.AGENT, acme)

    seen = Tenant.objects.visible_to(agent)

    assert [(str(t), t.seen_as, t.seen_as_label) for t in seen] == [
        ("acme", "agent", "support agent")
    ]


def test_visible_to_gives_operators_every_tenant(db):
    make_row("acme"), make_row("other")
    operator = make_user(Role.OPERATOR)

    assert Tenant.objects.visible_to(operator).count() == 2
    assert get_installation_role(operator) is Role.OPERATOR


def test_visible_to_prefers_the_tenants_own_role(db):
    acme = make_row("acme")
    user = make_user(Role.OPERATOR)
    add_member(user, tenant=acme, role=Role.AUDITOR)

    assert Tenant.objects.visible_to(user).get().seen_as == "auditor"


def test_visible_to_gives_nothing_without_a_role(db):
    make_row("acme")
    user = make_user()

    assert not Tenant.objects.visible_to(user).exists()
    assert get_installation_role(user) is None


def test_an_engineer_without_a_tenant_sees_none(db):
    acme, beta = make_row("acme"), make_row("beta")
    user = make_user(Role.ENGINEER)
    add_member(user, tenant=acme, role=Role.ENGINEER)

    assert list(Tenant.objects.visible_to(user)) == [acme]
    assert get_installation_role(user) == Role.ENGINEER
    assert beta not in Tenant.objects.visible_to(user)


def test_membership_of_all_tenants_is_for_operators(db):
    user = make_user()

    with pytest.raises(ValidationError, match="Only an operator"):
        add_member(user, tenant=None, role=Role.AGENT)
    with pytest.raises(IntegrityError):
        Membership.objects.create(user=user, tenant=None, role=Role.AGENT)


@pytest.mark.parametrize("everywhere", [True, False])
def test_membership_is_one_per_person_and_tenant(db, everywhere):
    tenant = None if everywhere else make_row()
    user = make_user(Role.OPERATOR, tenant)

    with pytest.raises(IntegrityError):
        Membership.objects.create(user=user, tenant=tenant, role=Role.OPERATOR)


def test_membership_str(db):
    member = add_member(make_user(), tenant=make_row(), role=Role.OFFICER)

    assert str(member) == "Sam Staff is privacy officer"


def test_permissions_each_have_a_role():
    assert Permission.DELETE.roles == {Role.OFFICER}
    assert all(permission.roles for permission in Permission)


@pytest.mark.parametrize(
    ("act", "roles"),
    [
        (Permission.VIEW_PROFILES, {"agent", "officer", "developer"}),
        (Permission.RUN_RECALL, {"agent", "officer", "developer"}),
        (Permission.REVEAL, {"agent", "officer"}),
        (Permission.CORRECT, {"agent", "officer"}),
        (Permission.REQUEST_DELETION, {"agent", "officer"}),
        (Permission.DELETE, {"officer"}),
        (Permission.VIEW_AUDIT, {"officer", "auditor", "operator"}),
        (Permission.VIEW_ACCESS_EVENTS, {"officer", "auditor"}),
        (Permission.VIEW_CONFIGURATION_EVENTS, {"auditor", "operator"}),
        (Permission.ADD_TENANT, {"operator", "engineer"}),
        (Permission.REPLACE_CREDENTIAL, {"operator", "engineer"}),
        (Permission.FIX_LINKAGE, {"operator", "engineer"}),
        (Permission.MANAGE_TENANT, {"operator"}),
        (Permission.MANAGE_ACCOUNTS, {"operator"}),
        (Permission.MANAGE_PEOPLE, {"operator"}),
        (Permission.MANAGE_TASKS, {"operator"}),
    ],
)
def test_permissions_match_the_matrix(act, roles):
    assert {role.value for role in Role if may(role, act)} == roles
    assert not may(None, act)


def test_who_may_names_the_roles():
    assert who_may(Permission.DELETE) == "privacy officer"
    assert who_may(Permission.REVEAL) == "support agent or privacy officer"
    assert (
        who_may(Permission.RUN_RECALL) == "support agent, privacy officer or developer"
    )


def create_user(capsys, *args):
    call_command("create_user", *args)
    return capsys.readouterr().out


def test_create_user_shows_a_new_password_once(db, client, capsys):
    make_row("acme")

    said = create_user(
        capsys, "Ann@console.example", "--role=agent", "--tenant=acme", "--name=Ann"
    )

    password = said.splitlines()[1].removeprefix("password ")
    ann = User.objects.get(email="ann@console.example")
    assert ann.check_password(password)
    assert ann.name == "Ann"
    assert "support agent of acme" in said
    assert len(password) >= 20
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.role, entry.tenant, entry.object_id) == (
        "user.added",
        "command line",
        "acme",
        str(ann.pk),
    )


def test_create_user_keeps_a_known_persons_password(db, capsys):
    make_row("acme")
    user = make_user(email="ann@console.example")

    said = create_user(capsys, "ANN@console.example", "--role=auditor", "--tenant=acme")

    assert "password" not in said
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_create_user_needs_no_tenant_for_an_operator(db, capsys):
    said = create_user(capsys, "ann@console.example", "--role=operator")

    assert said.startswith("ann@console.example is operator of every tenant")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["ann@console.example", "--role=agent"], "Only an operator"),
        (["ann@console.example", "--role=agent", "--tenant=no"], "--tenant"),
        (["nonsense", "--role=operator"], "valid email"),
    ],
)
def test_create_user_leaves_nothing_behind_on_errors(db, args, words):
    with pytest.raises(CommandError, match=words):
        call_command("create_user", *args)

    assert not User.objects.exists()


def test_reset_user_lets_a_person_in_who_lost_everything(db, client, capsys):
    user = make_user(email="sam@console.example")
    make_factors(user)
    client.force_login(user)

    call_command("reset_user", " Sam@console.example")
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.role, entry.object_id) == (
        "user.reset",
        "command line",
        str(user.pk),
    )
    password = capsys.readouterr().out.splitlines()[1].removeprefix("password ")

    assert client.get("/").status_code == 302
    assert "login" in client.get("/")["Location"]
    form = {"login": user.email, "password": password}
    assert client.post("/accounts/login/", form)["Location"] == "/"


def test_reset_user_needs_somebody(db):
    with pytest.raises(CommandError, match="nobody here has the address"):
        call_command("reset_user", "sam@console.example")
