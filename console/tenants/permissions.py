"""Which role may do what: the only place that knows."""

from enum import StrEnum

from console.tenants.models import Role


class Permission(StrEnum):
    """Something a person may or may not do; the value is how it is said in words."""

    VIEW_PROFILES = "view customers"
    RUN_RECALL = "run Recall"
    REVEAL = "reveal masked values"
    CORRECT = "correct a memory"
    EXPORT = "export the timeline"
    UPDATE_DISPLAY_SETTINGS = "change the display settings"
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
    # Which trait groups are pinned and what is masked, for everybody of the tenant.
    Permission.UPDATE_DISPLAY_SETTINGS: frozenset({OFFICER}),
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
