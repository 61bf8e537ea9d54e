"""Every act that can stand in the audit log, with the words people read for it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of act it is. An operator reads the CONFIG entries alone."""

    CHANGE = "change"
    READ = "read"
    AUTH = "auth"
    CONFIG = "config"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    text: str
    kind: Kind


class UnknownAction(ValueError):
    """A programming error: the act stands in no registry."""


ACTIONS = {
    action.name: action
    for action in (
        Action("access.denied", "Access denied", Kind.AUTH),
        Action("audit.read", "Audit log read", Kind.READ),
        Action("desk.arranged", "Display settings changed", Kind.CONFIG),
        Action("deletion.previewed", "Deletion previewed", Kind.READ),
        Action("identifiers.listed", "Identifiers listed", Kind.READ),
        Action("memory.loaded", "Memory loaded from a file", Kind.SYSTEM),
        Action("mfa.added", "Second factor added", Kind.AUTH),
        Action("mfa.removed", "Second factor removed", Kind.AUTH),
        Action("mfa.reset", "Recovery codes renewed", Kind.AUTH),
        Action("observation.added", "Observation added", Kind.CHANGE),
        Action("observation.corrected", "Observation corrected", Kind.CHANGE),
        Action("observation.deleted", "Observation deleted", Kind.CHANGE),
        Action("observation.viewed", "Observation opened", Kind.READ),
        Action("observations.listed", "Observations listed", Kind.READ),
        Action("password.changed", "Password changed", Kind.AUTH),
        Action("profile.deleted", "Profile deleted", Kind.CHANGE),
        Action("profile.exported", "Profile exported", Kind.READ),
        Action("profile.found", "Profile looked up", Kind.READ),
        Action("profile.listed", "Profiles listed", Kind.READ),
        Action("profile.viewed", "Profile opened", Kind.READ),
        Action("recall.run", "Recall run", Kind.READ),
        Action("schema.listed", "Trait groups listed", Kind.READ),
        Action("session.closed", "Signed out", Kind.AUTH),
        Action("session.opened", "Signed in", Kind.AUTH),
        Action("session.refused", "Sign-in refused", Kind.AUTH),
        Action("summaries.listed", "Summaries listed", Kind.READ),
        Action("summary.corrected", "Summary corrected", Kind.CHANGE),
        Action("summary.deleted", "Summary deleted", Kind.CHANGE),
        Action("summary.viewed", "Summary opened", Kind.READ),
        Action("tenant.added", "Tenant added", Kind.CONFIG),
        Action("timeline.counted", "Timeline counted", Kind.READ),
        Action("trait.corrected", "Trait corrected", Kind.CHANGE),
        Action("traits.listed", "Traits listed", Kind.READ),
        Action("value.hidden", "Revealed value hidden", Kind.READ),
        Action("value.revealed", "Masked value revealed", Kind.READ),
    )
}


def get_action(name: str) -> Action:
    """The registered action of this name. Raises UnknownAction."""
    try:
        return ACTIONS[name]
    except KeyError:
        raise UnknownAction(f"{name!r} stands in no audit registry.") from None


def list_action_names(kind: Kind) -> list[str]:
    return [action.name for action in ACTIONS.values() if action.kind is kind]
