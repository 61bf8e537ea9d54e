"""Changing what is remembered of one customer, once, and only what was seen."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from console.audit.log import log_change
from console.client.errors import MemoryProblem
from console.client.store import StoreClient
from console.client.values import Observation, Summary
from console.contract.times import to_wire
from console.profiles.pending_writes import remember_write
from console.web.request import ConsoleRequest

Item = Observation | Summary


@dataclass(frozen=True, slots=True)
class Kind:
    """How an observation and a summary differ, as far as a correction goes.

    name    also the kind of a reveal's subject and the name of its page
    keeps   what becomes of the text before
    """

    name: str
    keeps: str
    fetch: Callable[[StoreClient, str, str], Any]
    patch: Callable[[StoreClient, str, str, str], None]


OBSERVATION = Kind(
    "observation",
    "The text before stays as a revision.",
    lambda store, profile_id, id_: store.fetch_observation(profile_id, id_),
    lambda store, profile_id, id_, text: store.patch_observation(
        profile_id, id_, content=text
    ),
)
SUMMARY = Kind(
    "summary",
    "A summary keeps no history: the text before is gone.",
    lambda store, profile_id, id_: store.fetch_summary(profile_id, id_),
    lambda store, profile_id, id_, text: store.patch_summary(
        profile_id, id_, content=text
    ),
)


def version_of(item: Item) -> str:
    """A digest of the state that somebody saw; the wire's times are whole seconds."""
    state = f"{item.id} {to_wire(item.updated_at)} {item.content}"
    return salted_hmac("profiles.version", state, algorithm="sha256").hexdigest()


def correct(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    kind: Kind,
    item: Item,
    *,
    content: str,
    reason: str,
) -> bool:
    """Put `content` in the place of the item's text; whether the memory shows it yet.

    Raises MemoryProblem.
    """
    with log_change(
        request.actor,
        f"{kind.name}.corrected",
        object_type=kind.name,
        object_id=item.id,
        reason=reason,
        profile=profile_id,
    ) as closing:
        kind.patch(store, profile_id, item.id, content)
        now = _read_back(store, profile_id, kind, item.id)
        shows = now is not None and now.content == content
        if now is not None and shows:
            # By it the page of revisions finds who wrote which.
            closing["updated_at"] = to_wire(now.updated_at)
    return shows


def _read_back(
    store: StoreClient, profile_id: str, kind: Kind, id_: str
) -> Item | None:
    # The change is accepted; a look at it that fails does not undo that.
    with suppress(MemoryProblem):
        found: Item = kind.fetch(store, profile_id, id_)
        return found
    return None


def add_observation(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    *,
    item: dict[str, Any],
    reason: str,
) -> None:
    """One more observation; the card waits for it to be listed. Raises MemoryProblem."""
    with log_change(
        request.actor,
        "observation.added",
        object_type="profile",
        object_id=profile_id,
        reason=reason,
        source=item["source"],
    ):
        remember_write(request, profile_id)
        sent = item | {"occurredAt": to_wire(item["occurredAt"])}
        store.create_observations(profile_id, [sent])
