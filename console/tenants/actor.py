"""Who acts, where, as what, and which role may do what: the only place that knows."""

from enum import StrEnum
from functools import cached_property
from typing import Self

from console.accounts.models import User
from console.tenants.models import Membership, Role, Tenant

AGENT, OFFICER, AUDITOR, OPERATOR, DEVELOPER, ENGINEER = Role


class Permission(StrEnum):
    """Something that a person may or may not do, in words, and the roles that may."""

    roles: frozenset[Role]

    def __new__(cls, words: str, *roles: Role) -> Self:
        member = str.__new__(cls, words)
        member._value_, member.roles = words, frozenset(roles)
        return member

    VIEW_PROFILES = "view customers", AGENT, OFFICER, DEVELOPER
    RUN_RECALL = "run Recall", AGENT, OFFICER, DEVELOPER
    REVEAL = "reveal masked values", AGENT, OFFICER
    CORRECT = "correct a memory", AGENT, OFFICER
    EXPORT = "export the timeline", OFFICER
    JUDGE_MERGES = "judge merges", OFFICER
    # Which trait groups are pinned and what is masked, for everybody of the tenant.
    UPDATE_DISPLAY_SETTINGS = "change the display settings", OFFICER
    UPDATE_IDENTITY_SETTINGS = (
        "change the identity settings",
        OFFICER,
        OPERATOR,
        ENGINEER,
    )
    REQUEST_DELETION = "ask for a deletion", AGENT, OFFICER
    DELETE = "delete", OFFICER
    HOLD = "keep from erasure", OFFICER
    VIEW_DELETIONS = "view deletions", OFFICER, AUDITOR
    # Opens the page; the two permissions below say which entries it shows.
    VIEW_AUDIT = "read the audit log", OFFICER, AUDITOR, OPERATOR
    VIEW_ACCESS_EVENTS = "read access events", OFFICER, AUDITOR
    REVIEW_REVEALS = "review reveals", OFFICER, AUDITOR
    VIEW_CONFIGURATION_EVENTS = "read configuration events", AUDITOR, OPERATOR
    VIEW_DRIFT = (
        "see what changed in the configuration",
        AUDITOR,
        OPERATOR,
        DEVELOPER,
        ENGINEER,
    )
    OPEN_TENANT = "open a tenant", *Role
    CHECK_CONNECTION = "check the connection", *Role
    ADD_TENANT = "add a tenant", OPERATOR, ENGINEER
    MANAGE_TENANT = "rename or remove a tenant", OPERATOR
    CHANGE_DELETION_POLICY = "change the deletion policy", OPERATOR
    FIX_LINKAGE = "fix how conversations are linked", OPERATOR, ENGINEER
    MANAGE_SEGMENT = "set up Segment", OPERATOR, ENGINEER
    MANAGE_ASSISTANTS = "set up assistants", OPERATOR, DEVELOPER
    SEND_LEARNED = "send to Segment what was learned", OFFICER, DEVELOPER
    WATCH_TENANT = "watch a tenant's memory", OPERATOR, ENGINEER
    REPLACE_CREDENTIAL = "replace an auth token", OPERATOR, ENGINEER
    MANAGE_ACCOUNTS = "manage accounts of the built-in memory", OPERATOR
    VIEW_KNOWLEDGE = "read knowledge", AGENT, OFFICER, OPERATOR, DEVELOPER
    MANAGE_KNOWLEDGE = "change knowledge", OPERATOR, DEVELOPER
    IMPORT_PROFILES = "import customers", OPERATOR
    MANAGE_PEOPLE = "manage people", OPERATOR
    MANAGE_CI = "manage tokens for CI", OPERATOR
    MANAGE_TASKS = "manage background work", OPERATOR
    SEE_STYLEGUIDE = "view the style guide", OPERATOR


def may(role: Role | None, permission: Permission) -> bool:
    """Whether someone in `role` may do `permission`; nobody without a role may anything."""
    return role in permission.roles


def who_may(permission: Permission) -> str:
    """The roles that may do `permission`: "support agent, privacy officer or developer"."""
    *first, last = (role.label for role in Role if role in permission.roles)
    return f"{', '.join(first)} or {last}" if first else last


class Actor:
    """A person in a tenant, or outside of any.

    user    None for a command or a worker that acts for nobody, and for a program
    key     the API key of a program, "" for everybody else
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
        key: str = "",
    ) -> None:
        self.user, self.tenant, self.key = user, tenant, key
        # What the address that was asked for may log; None: anything.
        self.actions: frozenset[str] | None = None
        self._role, self._name = role, name

    @cached_property
    def role(self) -> Role | None:
        if self._role or self.tenant or self.user is None:
            return self._role
        return get_installation_role(self.user)

    @property
    def name(self) -> str:
        return self._name or (self.role or "")

    def move_to(self, tenant: Tenant) -> "Actor":
        """The same, in a tenant of the installation that it acts for."""
        return Actor(self.user, tenant, self.role, name=self.name, key=self.key)

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
