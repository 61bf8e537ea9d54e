"""What pages below one profile share."""

from console.client.store import StoreClient
from console.masking.masker import masker_for
from console.tenants.actor import Permission, may
from console.web.render import ConsoleRequest, wants_part


def build_profile_context(
    request: ConsoleRequest, store: StoreClient, profile_id: str
) -> dict[str, str]:
    """Who a page is about: acting on the wrong person is the worst mistake.

    Initials, also while the name is revealed: its clear form is in one place only.
    """
    name = ""
    # A part goes into a page that has the name already: no call for it.
    if not wants_part(request):
        traits = store.fetch_profile(profile_id).traits
        name = masker_for(request.actor).mask_name(traits)
    return {"profile_id": profile_id, "name": name}


def get_permissions(request: ConsoleRequest) -> dict[str, bool]:
    """What this person may do with a profile, as templates ask for it."""
    return {
        "may_correct": may(request.role, Permission.CORRECT),
        "may_delete": may(request.role, Permission.DELETE),
        "may_export": may(request.role, Permission.EXPORT),
    }
