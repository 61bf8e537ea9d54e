"""Adding to a customer's memory, and correcting it."""

from contextlib import suppress

from django.utils.crypto import salted_hmac

from console.audit.log import log_change
from console.client.errors import MemoryProblem
from console.client.store import StoreClient
from console.contract.memory.observation import NewObservation
from console.contract.times import to_wire
from console.pages.timeline.selectors.reader import TimelineItem
from console.profiles.context import remember_write
from console.profiles.items import TextKind
from console.web.render import ConsoleRequest


def get_version(item: TimelineItem) -> str:
    """A digest of the state that somebody saw; the wire's times are whole seconds."""
    state = f"{item.id} {to_wire(item.updated_at)} {item.content}"
    return salted_hmac("profiles.version", state, algorithm="sha256").hexdigest()


def correct_item(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    kind: TextKind,
    item: TimelineItem,
    *,
    content: str,
    reason: str,
) -> bool:
    """Replace the item's text with `content`; whether the memory shows it yet.

    Raises MemoryProblem.
    """
    with log_change(
        request.actor,
        f"{kind.name}.corrected",
        kind.name,
        item.id,
        reason=reason,
        profile=profile_id,
    ) as closing:
        kind.patch(store, profile_id, item.id, kind.change(content=content))
        # The change is accepted; a read that fails does not undo that.
        now: TimelineItem | None = None
        with suppress(MemoryProblem):
            now = kind.fetch(store, profile_id, item.id)
        if now is None or now.content != content:
            return False
        # By it the page of revisions finds the author.
        closing["updated_at"] = to_wire(now.updated_at)
    return True


def add_observation(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    *,
    observation: NewObservation,
    reason: str,
) -> None:
    """The card waits until the observation is listed. Raises MemoryProblem."""
    with log_change(
        request.actor,
        "observation.added",
        "profile",
        profile_id,
        reason=reason,
        source=observation.source,
    ):
        remember_write(request, profile_id)
        store.create_observations(profile_id, [observation])
