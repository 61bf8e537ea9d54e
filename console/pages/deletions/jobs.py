"""What is left of a deletion when the page that asked for it is gone."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django_tasks import task

from console.pages.deletions.models import Deletion
from console.tenants.actor import Actor

# Longer than any call may take, so that a deletion under way is never asked about.
SETTLE_AFTER = timedelta(seconds=90)


@task()
def settle(deletion_id: str) -> str:
    """Close an attempt that a crash or a timeout left open; answers its state.

    Safe to run twice: a closed attempt stays as it is.
    """
    from console.pages.deletions.services import (
        settle_deletion,  # it enqueues this task
    )

    deletion = Deletion.objects.get(pk=UUID(deletion_id))
    actor = Actor(deletion.requested_by, deletion.tenant, name="worker")
    settled = settle_deletion(deletion, actor)
    return str(settled.state)


def settle_later(deletion: Deletion) -> None:
    """Enqueue the check in the transaction that commits the attempt."""
    later = settle.using(run_after=timezone.now() + SETTLE_AFTER)
    later.enqueue(str(deletion.pk))
