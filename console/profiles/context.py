"""What pages below one profile share."""

from typing import Any

from console.client.store import StoreClient
from console.client.values import Profile
from console.masking.masker import masker_for
from console.tenants.permissions import Permission, may
from console.web.render import wants_part
from console.web.request import ConsoleRequest


def whose(
    request: ConsoleRequest, store: StoreClient, profile_id: str
) -> dict[str, str]:
    """Who a part of a profile belongs to: acting on the wrong person is the worst.

    Initials, also while the name is revealed: its clear form stands in one place.
    """
    # More rows go into a page that says so already: no call for them.
    known = wants_part(request)
    name = "" if known else name_above(request, store.fetch_profile(profile_id))
    return {"profile_id": profile_id, "name": name}


def name_above(request: ConsoleRequest, profile: Profile) -> str:
    """The name in the breadcrumb of a page whose profile is at hand already."""
    return masker_for(request.actor).name(profile.traits)


def rights(request: ConsoleRequest) -> dict[str, Any]:
    """What this person may do here, as templates ask for it."""
    return {
        "may_correct": may(request.role, Permission.CORRECT),
        "may_delete": may(request.role, Permission.DELETE),
        "may_export": may(request.role, Permission.EXPORT),
    }
