"""One-time links: for somebody new, and for somebody who cannot sign in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse

from console.accounts.models import User
from console.audit.models import AuditEntry
from console.core.errors import DomainError
from console.pages.people.services import LinkGone, make_link_code, set_active, use_link
from console.tenants.actor import Actor
from console.tenants.models import Role
from tests.factories import PASSWORD, make_user

WHY = {"reason_code": "joins", "ticket": "OPS-1"}
NEW = {"email": "Grace@Console.example", "name": "Grace Hopper"}
INVITE = NEW | {"tenant": "acme", "role": "officer"} | WHY
INVITE_URL, WELCOME = reverse("people:invite"), reverse("account_welcome")
CHOSEN = "a-horse-that-nobody-guesses"
PASSWORDS = {"password1": CHOSEN, "password2": CHOSEN}


@pytest.fixture
def desk(client, operator):
    """A browser of the operator."""
    client.force_login(operator)
    return client


@pytest.fixture
def invited(desk, tenant) -> User:
    desk.post(INVITE_URL, INVITE)
    return User.objects.get(email="grace@console.example")


def link_to(person: User) -> str:
    return f"{WELCOME}?link={make_link_code(person)}"


def signs_in(email: str, password: str) -> bool:
    browser = Client()
    browser.post(reverse("account_login"), {"login": email, "password": password})
    return "_auth_user_id" in browser.session


def test_invite_shows_the_link_once_and_is_audited(desk, operator, tenant):
    response = desk.post(INVITE_URL, INVITE)

    person = User.objects.get(email="grace@console.example")
    assert response.context["link"].startswith("http://testserver/accounts/welcome/?")
    assert response.context["link"] in response.text
    assert response["Cache-Control"] == "no-store"
    assert "link=" not in desk.get(reverse("people:detail", args=[person.pk])).text
    entry = AuditEntry.objects.get(action="user.added", object_id=str(person.pk))
    assert (entry.actor, entry.tenant) == (operator.email, "acme")
    assert entry.details == {"given": "officer"}


def test_welcome_sets_the_password_and_leads_to_sign_in(desk, invited):
    stranger, link = Client(), link_to(invited)

    shown = stranger.get(link)
    response = stranger.post(link, PASSWORDS)

    assert "grace@console.example" in shown.text
    assert response["Location"] == reverse("account_login")
    assert signs_in(invited.email, CHOSEN)
    entry = AuditEntry.objects.get(action="password.changed")
    assert (entry.actor, entry.details) == (invited.email, {"by": "link"})


def test_welcome_leads_to_the_second_factor_where_the_role_requires_one(
    settings, invited
):
    settings.REQUIRE_SECOND_FACTOR = ["officer"]
    browser = Client()
    browser.post(link_to(invited), PASSWORDS)
    browser.post(reverse("account_login"), {"login": invited.email, "password": CHOSEN})

    assert browser.get("/")["Location"] == reverse("mfa_index")


def test_welcome_refuses_a_weak_password_or_two_that_differ(invited):
    link = link_to(invited)

    short = Client().post(link, {"password1": "short", "password2": "short"})
    other = Client().post(link, PASSWORDS | {"password2": "another-long-one"})

    assert short.status_code == other.status_code == 422
    assert "at least 12 characters" in short.text
    assert not User.objects.get(pk=invited.pk).has_usable_password()


def used(person: User) -> None:
    use_link(make_link_code(person), CHOSEN)


def replaced(person: User) -> None:
    person.set_unusable_password()
    person.save()


def disabled(person: User) -> None:
    person.is_active = False
    person.save()


def has_password(person: User) -> None:
    call_command("reset_user", person.email)


@pytest.mark.parametrize("spoil", [used, replaced, disabled, has_password])
def test_welcome_refuses_a_link_that_is_void(invited, spoil):
    link = link_to(invited)
    spoil(invited)
    before = User.objects.get(pk=invited.pk).password

    shown, sent = Client().get(link), Client().post(link, PASSWORDS)

    assert shown.status_code == sent.status_code == 410
    assert "no longer works" in sent.text
    assert User.objects.get(pk=invited.pk).password == before


def test_welcome_refuses_a_link_after_three_days(invited, monkeypatch):
    link = link_to(invited)
    later = datetime.now() + timedelta(days=3, minutes=1)  # noqa: DTZ005  # as Django's
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)

    assert Client().get(link).status_code == 410


@pytest.mark.parametrize(
    "code", ["", "1", "-", "0-x", "9" * 40 + "-x-y", "٣-x", "1-\0", "{}-abc-def"]
)
def test_welcome_answers_every_wrong_link_alike(invited, code):
    """Whether it names somebody or nobody."""
    response = Client().get(WELCOME, {"link": code.format(invited.pk)})

    assert response.status_code == 410
    assert "replaced by a newer one" in response.text
    assert "grace" not in response.text.lower()


def test_use_link_works_for_one_of_two_who_have_the_page_open(invited):
    code = make_link_code(invited)
    use_link(code, CHOSEN)

    with pytest.raises(LinkGone):
        use_link(code, "what-somebody-else-wants")

    assert signs_in(invited.email, CHOSEN)


def at_once(*calls):
    """What each answers, or the refusal that it raises."""

    def run(call):
        try:
            return call()
        except DomainError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_use_link_at_once_works_for_one():
    person = User.objects.create_user("grace@console.example", name="Grace Hopper")
    code = make_link_code(person)

    said = at_once(*[partial(use_link, code, f"{CHOSEN}-{n}") for n in range(4)])

    assert sum(isinstance(each, LinkGone) for each in said) == 3
    winner = next(n for n, each in enumerate(said) if isinstance(each, User))
    assert User.objects.get().check_password(f"{CHOSEN}-{winner}")


@pytest.mark.django_db(transaction=True)
def test_set_active_of_each_other_at_once_leaves_one_operator():
    one, two = make_user(Role.OPERATOR), make_user(Role.OPERATOR)

    at_once(
        partial(set_active, two.pk, is_active=False, by=Actor(one), reason="Left"),
        partial(set_active, one.pk, is_active=False, by=Actor(two), reason="Left"),
    )

    assert User.objects.filter(is_active=True).count() == 1


def test_welcome_needs_the_pages_own_form(invited):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(link_to(invited), PASSWORDS).status_code == 403
    assert not User.objects.get(pk=invited.pk).has_usable_password()


def test_invite_of_somebody_who_is_here_says_so(desk, agent, invited):
    twice = desk.post(INVITE_URL, INVITE)
    other = desk.post(INVITE_URL, INVITE | {"email": agent.email.upper()})

    assert twice.status_code == other.status_code == 422
    assert "This person is here already" in twice.text
    assert User.objects.filter(email=invited.email).count() == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"email": "no address"}, "email address"),
        ({"name": "Gra\u200bce"}, "cannot be seen"),
        ({"tenant": "*"}, "Only operators and onboarding engineers"),
        ({"role": "owner"}, "Choose one of the options."),
        ({"ticket": ""}, "Ticket is required."),
    ],
)
def test_invite_names_what_is_wrong_and_adds_nobody(desk, tenant, given, said):
    response = desk.post(INVITE_URL, INVITE | given)

    assert response.status_code == 422
    assert said in response.text
    assert not User.objects.filter(name__startswith="Gra").exists()


def test_invite_and_reset_are_for_operators_of_every_tenant_alone(tenant, agent):
    reset_url = reverse("people:change", args=[agent.pk, "reset"])
    for role in Role:
        browser = Client()
        browser.force_login(make_user(role, tenant))
        assert browser.post(INVITE_URL, INVITE).status_code == 403
        assert browser.post(reset_url, WHY).status_code == 403

    assert not User.objects.filter(email="grace@console.example").exists()
    assert signs_in(agent.email, PASSWORD)


def test_reset_takes_password_factors_and_sessions_and_gives_a_link(desk, agent):
    Authenticator.objects.create(
        user=agent, type=Authenticator.Type.WEBAUTHN, data={"name": "key"}
    )
    theirs = Client()
    theirs.force_login(agent)

    response = desk.post(reverse("people:change", args=[agent.pk, "reset"]), WHY)

    assert not Authenticator.objects.filter(user=agent).exists()
    assert theirs.get(reverse("tenants:list")).status_code == 302
    assert not signs_in(agent.email, PASSWORD)
    Client().post(response.context["link"], PASSWORDS)
    assert signs_in(agent.email, CHOSEN)
    entry = AuditEntry.objects.get(action="user.reset")
    assert entry.reason.text == "Joins or changes jobs (ticket OPS-1)"


def test_reset_of_ones_own_sign_in_is_refused(desk, operator):
    response = desk.post(reverse("people:change", args=[operator.pk, "reset"]), WHY)

    assert response.status_code == 409
    assert signs_in(operator.email, PASSWORD)


def test_reset_again_makes_the_link_before_void(desk, agent):
    url = reverse("people:change", args=[agent.pk, "reset"])
    first, second = (desk.post(url, WHY).context["link"] for _ in range(2))

    assert Client().get(first).status_code == 410
    assert Client().get(second).status_code == 200


def test_create_user_says_that_somebody_is_here_already(tenant, agent, capsys):
    call_command("create_user", agent.email, "--role", "operator")

    assert "Sam Staff was here already" in capsys.readouterr().out
    assert signs_in(agent.email, PASSWORD)
