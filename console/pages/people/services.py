"""Changes of the people who work here: each takes effect at their next request and is one
audit entry.

Nobody changes their own account, and whoever changes another's is an active operator of
every tenant when it happens: so one such operator is always left.
"""

from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction

from console.accounts.models import User
from console.audit.log import log
from console.core.errors import DomainError
from console.tenants.actor import Actor
from console.tenants.models import Membership, Role, Tenant
from console.tenants.services import add_member
from console.web.session import end_sessions

NO_ROLE = "none"


class NotPossible(DomainError, status=409, title="Nothing was changed"):
    pass


class LinkGone(DomainError, status=410, title="This link no longer works"):
    """Of whomever, and for whatever cause: the answer tells strangers nothing."""


@transaction.atomic
def invite(
    email: str, *, name: str, tenant: Tenant | None, role: str, by: Actor, reason: str
) -> User:
    """Somebody new, who has no password until they use their link.

    Raises ValidationError and NotPossible.
    """
    _lock_operators(by)
    person = User.objects.create_user(email, name=name)
    add_member(person, tenant=tenant, role=Role(role))
    log(
        Actor(by.user, tenant, Role.OPERATOR),
        "user.added",
        person,
        reason=reason,
        given=role,
    )
    return person


@transaction.atomic
def reset(
    user_id: int, *, by: Actor, reason: str = "", password: str | None = None
) -> User:
    """Another password, or none until the person uses their link; no second factor."""
    person = lock_person(user_id, by=by)
    person.set_password(password)
    person.save(update_fields=["password"])
    Authenticator.objects.filter(user=person).delete()
    end_sessions(person)
    log(by, "user.reset", person, reason=reason)
    return person


def make_link_code(person: User) -> str:
    """Nothing is stored: it is a keyed digest of the account as it is now, so any new
    password makes it void, as does time (PASSWORD_RESET_TIMEOUT)."""
    return f"{person.pk}-{default_token_generator.make_token(person)}"


def find_by_link(code: str, *, locked: bool = False) -> User:
    """Who may set a password with it. Raises LinkGone."""
    pk, _, token = code.partition("-")
    people = User.objects.select_for_update() if locked else User.objects
    person = people.filter(pk=pk if pk.isdecimal() else 0).first()
    if (
        person
        and person.may_sign_in
        and not person.has_usable_password()
        and default_token_generator.check_token(person, token)
    ):
        return person
    raise LinkGone(
        "It was used, replaced by a newer one, or is too old. Ask an operator for "
        "another one."
    )


@transaction.atomic
def use_link(code: str, password: str) -> User:
    """Of two who use it at the same moment, the second finds it void. Raises LinkGone."""
    person = find_by_link(code, locked=True)
    person.set_password(password)
    person.save(update_fields=["password"])
    log(Actor(person), "password.changed", person, by="link")
    return person


def lock_person(user_id: int, *, by: Actor) -> User:
    """In a transaction. Raises User.DoesNotExist, NotPossible."""
    _lock_operators(by)
    if by.user and by.user.pk == user_id:
        raise NotPossible(
            "This is your own account: ask another operator, or change your password "
            "and second factor under Your account."
        )
    return User.objects.select_for_update().get(pk=user_id)


def _lock_operators(by: Actor) -> None:
    """Two who take each other's role at the same moment must not both succeed."""
    operators = Membership.objects.filter(tenant=None, role=Role.OPERATOR)
    working = [row.user_id for row in operators.select_for_update()]
    active = User.objects.filter(pk__in=working, is_active=True, is_staff=True)
    if by.user and not active.filter(pk=by.user.pk).exists():
        raise NotPossible("You are no longer an operator.")


@transaction.atomic
def change_role(
    user_id: int, *, tenant: Tenant | None, role: str, by: Actor, reason: str
) -> User:
    """Give one, change it or, with NO_ROLE, take it. Raises ValidationError as well."""
    person = lock_person(user_id, by=by)
    held = Membership.objects.filter(user=person, tenant=tenant)
    was = held.values_list("role", flat=True).first() or NO_ROLE
    if was == role:
        raise NotPossible(f"{person.name} has this role there already.")
    held.delete()
    if role != NO_ROLE:
        add_member(person, tenant=tenant, role=Role(role))
    log(
        Actor(by.user, tenant, Role.OPERATOR),
        "role.changed",
        person,
        reason=reason,
        was=was,
        now=role,
    )
    return person


@transaction.atomic
def set_active(user_id: int, *, is_active: bool, by: Actor, reason: str) -> User:
    person = lock_person(user_id, by=by)
    if person.may_sign_in == is_active:
        state = "active" if is_active else "disabled"
        raise NotPossible(f"{person.name} is {state} already.")
    person.is_active = person.is_staff = is_active
    person.save(update_fields=["is_active", "is_staff"])
    # Their cookies must not open the console again when they come back.
    end_sessions(person)
    action = "user.enabled" if is_active else "user.disabled"
    log(by, action, person, reason=reason)
    return person


@transaction.atomic
def sign_out(user_id: int, *, by: Actor, reason: str) -> User:
    person = lock_person(user_id, by=by)
    log(by, "session.ended", person, reason=reason, sessions=end_sessions(person))
    return person
