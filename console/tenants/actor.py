"""Who acts, where, as what, and which role may do what: the only place that knows."""

from enum import StrEnum
from functools import cached_property

from console.accounts.models import User
from console.tenants.models import Membership, Role, Tenant


class Permission(StrEnum):
    """Something a person may or may not do; the value is how it is said in words."""

    VIEW_PROFILES = "view customers"
    RUN_RECALL = "run Recall"
    REVEAL = "reveal masked values"
    CORRECT = "correct a memory"
    EXPORT = "export the timeline"
    JUDGE_MERGES = "judge merges"
    UPDATE_DISPLAY_SETTINGS = "change the display settings"
    UPDATE_IDENTITY_SETTINGS = "change the identity settings"
    PREVIEW_DELETION = "preview a deletion"
    DELETE = "delete"
    VIEW_DELETIONS = "view deletions"
    VIEW_AUDIT = "read the audit log"
    VIEW_ACCESS_EVENTS = "read access events"
    VIEW_CONFIGURATION_EVENTS = "read configuration events"
    OPEN_TENANT = "open a tenant"
    CHECK_CONNECTION = "check the connection"
    ADD_TENANT = "add a tenant"
    REPLACE_CREDENTIAL = "replace an auth token"
    IMPORT_PROFILES = "import customers"
    MANAGE_TASKS = "manage background work"
    SEE_STYLEGUIDE = "view the style guide"


AGENT, OFFICER, AUDITOR, OPERATOR = Role
ALLOWED: dict[Permission, frozenset[Role]] = {
    Permission.VIEW_PROFILES: frozenset({AGENT, OFFICER}),
    Permission.RUN_RECALL: frozenset({AGENT, OFFICER}),
    Permission.REVEAL: frozenset({AGENT, OFFICER}),
    Permission.CORRECT: frozenset({AGENT, OFFICER}),
    Permission.EXPORT: frozenset({OFFICER}),
    Permission.JUDGE_MERGES: frozenset({OFFICER}),
    # Which trait groups are pinned and what is masked, for everybody of the tenant.
    Permission.UPDATE_DISPLAY_SETTINGS: frozenset({OFFICER}),
    Permission.UPDATE_IDENTITY_SETTINGS: frozenset({OFFICER, OPERATOR}),
    Permission.PREVIEW_DELETION: frozenset({AGENT, OFFICER}),
    Permission.DELETE: frozenset({OFFICER}),
    Permission.VIEW_DELETIONS: frozenset({OFFICER, AUDITOR}),
    # Opens the page; the two permissions below say which entries it shows.
    Permission.VIEW_AUDIT: frozenset({OFFICER, AUDITOR, OPERATOR}),
    Permission.VIEW_ACCESS_EVENTS: frozenset({OFFICER, AUDITOR}),
    Permission.VIEW_CONFIGURATION_EVENTS: frozenset({AUDITOR, OPERATOR}),
    Permission.OPEN_TENANT: frozenset(Role),
    Permission.CHECK_CONNECTION: frozenset(Role),
    Permission.ADD_TENANT: frozenset({OPERATOR}),
    Permission.REPLACE_CREDENTIAL: frozenset({OPERATOR}),
    Permission.IMPORT_PROFILES: frozenset({OPERATOR}),
    Permission.MANAGE_TASKS: frozenset({OPERATOR}),
    Permission.SEE_STYLEGUIDE: frozenset({OPERATOR}),
}


def may(role: Role | None, permission: Permission) -> bool:
    """Whether someone in `role` may do `permission`; nobody without a role may anything."""
    return role in ALLOWED[permission]


def who_may(permission: Permission) -> str:
    """The roles that may do `permission`, in words: "support agent or privacy officer"."""
    return " or ".join(role.label for role in Role if role in ALLOWED[permission])


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
