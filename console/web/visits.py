"""When a person last had a profile open."""

from datetime import datetime

from django.utils import timezone

from console.accounts.models import User
from console.tenants.models import Tenant
from console.web.models import Visit


def visit(user: User, tenant: Tenant, profile_id: str) -> datetime | None:
    """Note a look, and answer when the visit before this one ended; None: never.

    Not locked: of two looks at the same moment either may be the one that is noted.
    """
    now = timezone.now()
    whose = {"user": user, "tenant": tenant, "profile_id": profile_id}
    rows = Visit.objects.filter(**whose)
    seen = rows.first()
    if seen is None:
        Visit.objects.bulk_create([Visit(**whose, seen_at=now)], ignore_conflicts=True)
        return None
    if now - seen.seen_at > Visit.PAUSE:
        seen.before_at = seen.seen_at
    rows.update(seen_at=now, before_at=seen.before_at)
    return seen.before_at
