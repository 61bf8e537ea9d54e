"""Every action of the audit log, with its label on pages."""

from dataclasses import dataclass
from enum import StrEnum


class ActionKind(StrEnum):
    """What sort of action it is. An operator reads the CONFIG entries alone."""

    CHANGE = "change"
    READ = "read"
    AUTH = "auth"
    CONFIG = "config"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    text: str
    kind: ActionKind


class UnknownAction(ValueError):
    """A programming error: the action is not registered."""


ACTIONS = {
    action.name: action
    for action in (
        Action("access.denied", "Access denied", ActionKind.AUTH),
        Action("audit.read", "Audit log read", ActionKind.READ),
        Action("backup.restored", "Backup restored", ActionKind.SYSTEM),
        Action("backup.taken", "Backup taken", ActionKind.SYSTEM),
        Action("desk.arranged", "Display settings changed", ActionKind.CONFIG),
        Action("deletion.previewed", "Deletion previewed", ActionKind.READ),
        Action("deletion.returned", "Deleted item came back", ActionKind.CHANGE),
        Action("import.started", "Import started", ActionKind.CONFIG),
        Action("identifiers.listed", "Identifiers listed", ActionKind.READ),
        Action("memory.loaded", "Memory loaded from a file", ActionKind.SYSTEM),
        Action("mfa.added", "Second factor added", ActionKind.AUTH),
        Action("mfa.removed", "Second factor removed", ActionKind.AUTH),
        Action("mfa.reset", "Recovery codes renewed", ActionKind.AUTH),
        Action("observation.added", "Observation added", ActionKind.CHANGE),
        Action("observation.corrected", "Observation corrected", ActionKind.CHANGE),
        Action("observation.deleted", "Observation deleted", ActionKind.CHANGE),
        Action("observation.viewed", "Observation opened", ActionKind.READ),
        Action("observations.listed", "Observations listed", ActionKind.READ),
        Action("password.changed", "Password changed", ActionKind.AUTH),
        Action("profile.deleted", "Profile deleted", ActionKind.CHANGE),
        Action("profile.exported", "Profile exported", ActionKind.READ),
        Action("profile.found", "Profile looked up", ActionKind.READ),
        Action("profile.listed", "Profiles listed", ActionKind.READ),
        Action("profile.viewed", "Profile opened", ActionKind.READ),
        Action("recall.run", "Recall run", ActionKind.READ),
        Action("schema.listed", "Trait groups listed", ActionKind.READ),
        Action("session.closed", "Signed out", ActionKind.AUTH),
        Action("session.opened", "Signed in", ActionKind.AUTH),
        Action("session.refused", "Sign-in refused", ActionKind.AUTH),
        Action("summaries.listed", "Summaries listed", ActionKind.READ),
        Action("summary.corrected", "Summary corrected", ActionKind.CHANGE),
        Action("summary.deleted", "Summary deleted", ActionKind.CHANGE),
        Action("summary.viewed", "Summary opened", ActionKind.READ),
        Action("task.retried", "Background task run again", ActionKind.CONFIG),
        Action("tenant.added", "Tenant added", ActionKind.CONFIG),
        Action("token.replaced", "Auth token replaced", ActionKind.CONFIG),
        Action("timeline.counted", "Timeline counted", ActionKind.READ),
        Action("trait.corrected", "Trait corrected", ActionKind.CHANGE),
        Action("traits.listed", "Traits listed", ActionKind.READ),
        Action("value.hidden", "Revealed value hidden", ActionKind.READ),
        Action("value.revealed", "Masked value revealed", ActionKind.READ),
    )
}


def get_action(name: str) -> Action:
    """The registered action of this name. Raises UnknownAction."""
    try:
        return ACTIONS[name]
    except KeyError:
        raise UnknownAction(f"{name!r} is not a registered audit action.") from None


def list_action_names(kind: ActionKind) -> list[str]:
    return [action.name for action in ACTIONS.values() if action.kind is kind]
