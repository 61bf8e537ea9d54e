"""Writing who works for which tenant."""

from console.accounts.models import User
from console.tenants.models import Membership, Role, Tenant


def add_member(user: User, *, tenant: Tenant | None, role: Role) -> Membership:
    """Give a person their one role for a tenant, or for all of them (operators).

    Raises ValidationError.
    """
    membership = Membership(user=user, tenant=tenant, role=role)
    membership.full_clean()
    membership.save(force_insert=True)
    return membership
