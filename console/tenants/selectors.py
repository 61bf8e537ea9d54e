"""Reading who works where."""

from django.db.models import Q

from console.accounts.models import User
from console.tenants.models import Membership, Role


def get_installation_role(user: User) -> Role | None:
    """The role a person holds for the whole installation, outside any tenant."""
    everywhere = Q(tenant=None)
    role = Membership.objects.filter(everywhere, user=user).values_list("role").first()
    return Role(role[0]) if role else None
