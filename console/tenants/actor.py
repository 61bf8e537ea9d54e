"""Who acts, where, and as what: made once a request and handed down from there."""

from functools import cached_property

from console.accounts.models import User
from console.tenants.models import Membership, Role, Tenant
from console.tenants.permissions import Permission, may


class Actor:
    """A person in a tenant, or outside of any.

    user    None for a command or a worker that acts for nobody
    tenant  None where no tenant is named
    role    what the person is there; outside a tenant what they are for the whole
            installation; None without a role
    name    what stands for the role in the audit log: "agent", "worker", ""
    """

    def __init__(
        self,
        user: User | None,
        tenant: Tenant | None = None,
        role: Role | None = None,
        *,
        name: str = "",
    ) -> None:
        self.user, self.tenant = user, tenant
        self._role, self._name = role, name

    @cached_property
    def role(self) -> Role | None:
        if self._role or self.tenant or self.user is None:
            return self._role
        return get_installation_role(self.user)

    @property
    def name(self) -> str:
        return self._name or (self.role or "")

    def in_tenant(self) -> tuple[User, Tenant]:
        """The person and the tenant that they act in. Raises RuntimeError without."""
        if self.user is None or self.tenant is None:
            raise RuntimeError("Only a person inside a tenant can do this.")
        return self.user, self.tenant

    def may(self, permission: Permission) -> bool:
        return may(self.role, permission)


def get_installation_role(user: User) -> Role | None:
    """The role a person holds for the whole installation, outside any tenant."""
    membership = Membership.objects.filter(user=user, tenant=None).first()
    return Role(membership.role) if membership else None


def list_roles(user: User) -> list[list[str]]:
    """[tenant's id, role] of each membership, in one order; as JSON can hold it."""
    memberships = Membership.objects.filter(user=user).values_list("tenant", "role")
    return sorted([str(tenant or ""), role] for tenant, role in memberships)
