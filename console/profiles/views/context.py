"""What pages below one profile share."""

from typing import Any

from console.client.store import StoreClient
from console.tenants.policy import Act, may
from console.web.identity import name_of
from console.web.render import wants_part
from console.web.request import ConsoleRequest


def whose(
    request: ConsoleRequest, store: StoreClient, profile_id: str
) -> dict[str, str]:
    """Who a part of a profile belongs to: acting on the wrong person is the worst."""
    # More rows go into a page that says so already: no call for them.
    known = wants_part(request)
    name = "" if known else name_of(store.fetch_profile(profile_id).traits)
    return {"profile_id": profile_id, "name": name}


def rights(request: ConsoleRequest) -> dict[str, Any]:
    return {"may_delete": may(request.role, Act.DELETE)}
