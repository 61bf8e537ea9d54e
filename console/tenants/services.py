"""Writing memberships and display settings."""

from collections.abc import Mapping, Sequence

from console.accounts.models import User
from console.tenants.models import Membership, Role, Tenant


def add_member(user: User, *, tenant: Tenant | None, role: Role) -> Membership:
    """Give a person their one role for a tenant, or for all of them (operators).

    Raises ValidationError.
    """
    membership = Membership(user=user, tenant=tenant, role=role)
    membership.full_clean()
    membership.save(force_insert=True)
    return membership


def save_display_settings(
    tenant: Tenant, *, masking: Mapping[str, str], pinned_groups: Sequence[str]
) -> None:
    """Save how values are shown and which groups are pinned; formats: see Tenant."""
    tenant.masking, tenant.pinned_groups = dict(masking), list(pinned_groups)
    tenant.save(update_fields=["masking", "pinned_groups"])
