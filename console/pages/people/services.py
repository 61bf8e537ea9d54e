"""Changes of the people who work here: each takes effect at their next request and is one
audit entry.

Nobody changes their own account, and whoever changes another's is an active operator of
every tenant when it happens: so one such operator is always left.
"""

from django.db import transaction

from console.accounts.models import User
from console.audit.log import log
from console.core.errors import DomainError
from console.tenants.actor import Actor
from console.tenants.models import Membership, Role, Tenant
from console.tenants.services import add_member
from console.web.session import end_sessions

NO_ROLE = "none"


class NotPossible(DomainError):
    status = 409
    title = "Nothing was changed"


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
    operators = Membership.objects.filter(tenant=None)
    working = [row.user_id for row in operators.select_for_update()]
    active = User.objects.filter(pk__in=working, is_active=True, is_staff=True)
    if by.user and not active.filter(pk=by.user.pk).exists():
        raise NotPossible("You are no operator any more.")


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
        "user",
        str(person.pk),
        reason=reason,
        was=was,
        now=role,
    )
    return person


@transaction.atomic
def set_active(user_id: int, is_active: bool, *, by: Actor, reason: str) -> User:
    person = lock_person(user_id, by=by)
    if person.may_sign_in == is_active:
        state = "active" if is_active else "disabled"
        raise NotPossible(f"{person.name} is {state} already.")
    person.is_active = person.is_staff = is_active
    person.save(update_fields=["is_active", "is_staff"])
    # Their cookies must not open the console again when they come back.
    end_sessions(person)
    action = "user.enabled" if is_active else "user.disabled"
    log(by, action, "user", str(person.pk), reason=reason)
    return person


@transaction.atomic
def sign_out(user_id: int, *, by: Actor, reason: str) -> User:
    person = lock_person(user_id, by=by)
    log(
        by,
        "user.signed_out",
        "user",
        str(person.pk),
        reason=reason,
        sessions=end_sessions(person),
    )
    return person
