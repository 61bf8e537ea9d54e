"""When a person last had a profile open."""

from datetime import datetime

from django.utils import timezone

from console.accounts.models import User
from console.pages.customers.models import LastSeen
from console.tenants.models import Tenant


def update_last_seen(user: User, tenant: Tenant, profile_id: str) -> datetime | None:
    """Keep this look, and answer when the visit before this one ended; None: never.

    Not locked: of two looks at the same moment either may be the one that is kept.
    """
    now = timezone.now()
    key = {"user": user, "tenant": tenant, "profile_id": profile_id}
    rows = LastSeen.objects.filter(**key)
    seen = rows.first()
    if seen is None:
        LastSeen.objects.bulk_create(
            [LastSeen(**key, seen_at=now)], ignore_conflicts=True
        )
        return None
    if now - seen.seen_at > LastSeen.PAUSE:
        seen.before_at = seen.seen_at
    rows.update(seen_at=now, before_at=seen.before_at)
    return seen.before_at
