"""Which role may do what: the only place that knows."""

from enum import StrEnum

from console.tenants.models import Role


class Act(StrEnum):
    """Something a person may or may not do; the value is how it is said in words."""

    VIEW_PROFILES = "look at customers"
    RUN_RECALL = "run Recall"
    REVEAL = "read a masked value"
    CORRECT = "correct what is remembered"
    EXPORT = "export what is on the screen"
    ARRANGE = "arrange the support desk"
    PREVIEW_DELETION = "see what a deletion would remove"
    DELETE = "delete"
    VIEW_DELETIONS = "look at deletions"
    VIEW_AUDIT = "read the audit log"
    VIEW_ACCESS_EVENTS = "read who looked at or deleted what"
    VIEW_CONFIGURATION_EVENTS = "read what was configured"
    OPEN_TENANT = "open a tenant"
    CHECK_CONNECTION = "check the connection"
    ADD_TENANT = "add a tenant"
    SEE_STYLEGUIDE = "see the style guide"


AGENT, OFFICER, AUDITOR, OPERATOR = Role

ALLOWED: dict[Act, frozenset[Role]] = {
    Act.VIEW_PROFILES: frozenset({AGENT, OFFICER}),
    Act.RUN_RECALL: frozenset({AGENT, OFFICER}),
    Act.REVEAL: frozenset({AGENT, OFFICER}),
    Act.CORRECT: frozenset({AGENT, OFFICER}),
    Act.EXPORT: frozenset({OFFICER}),
    # Which trait groups are pinned and what is masked, for everybody of the tenant.
    Act.ARRANGE: frozenset({OFFICER}),
    Act.PREVIEW_DELETION: frozenset({AGENT, OFFICER}),
    Act.DELETE: frozenset({OFFICER}),
    Act.VIEW_DELETIONS: frozenset({OFFICER, AUDITOR}),
    # Opens the page; the two acts below say which entries stand on it.
    Act.VIEW_AUDIT: frozenset({OFFICER, AUDITOR, OPERATOR}),
    Act.VIEW_ACCESS_EVENTS: frozenset({OFFICER, AUDITOR}),
    Act.VIEW_CONFIGURATION_EVENTS: frozenset({AUDITOR, OPERATOR}),
    Act.OPEN_TENANT: frozenset(Role),
    Act.CHECK_CONNECTION: frozenset(Role),
    Act.ADD_TENANT: frozenset({OPERATOR}),
    Act.SEE_STYLEGUIDE: frozenset({OPERATOR}),
}


def may(role: Role | None, act: Act) -> bool:
    """Whether someone in `role` may do `act`; nobody without a role may anything."""
    return role in ALLOWED[act]


def who_may(act: Act) -> str:
    """The roles that may do `act`, in words: "support agent or privacy officer"."""
    return " or ".join(role.label for role in Role if role in ALLOWED[act])
