"""Loads a file of conversations, from which the tenant's memory learns."""

from typing import Any

from console.loading.conversations import load_conversations
from console.loading.management.commands.load_memory import LoadCommand
from console.tenants.models import Tenant


class Command(LoadCommand):
    help = (
        "Loads conversations, one JSON object a line, and closes each, so that the memory"
        " learns from it. A line that was loaded before is passed over; refused lines are"
        " named, and make the exit code 1."
    )

    def load(self, tenant: Tenant, options: dict[str, Any]) -> tuple[str, int]:
        report = self.read(
            options, lambda lines: load_conversations(tenant, lines, tell=self.tell)
        )
        said = (
            f"conversations: {report.loaded} loaded, {report.already_there} already "
            f"there, {report.refused} refused\n"
            f"communications: {report.communications}"
        )
        return said, report.refused
