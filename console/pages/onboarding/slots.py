"""How many more clients an account has room for."""

from dataclasses import dataclass

from console.client.account import AccountClient
from console.client.http import all_pages
from console.contract.conversations.configuration import CONFIGURATIONS_PER_ACCOUNT
from console.contract.knowledge.base import BASES_PER_ACCOUNT
from console.contract.memory.store import STORES_PER_ACCOUNT
from console.pages.onboarding.plan import ClientTemplate


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing of which an account may have so many; `each`: that a client takes."""

    name: str
    used: int
    most: int
    each: int

    @property
    def clients(self) -> int:
        """Who find room, with what the plan at hand takes."""
        return max(0, self.most - self.used) // self.each


def count_slots(account: AccountClient, plan: ClientTemplate) -> list[Slot]:
    """What clients by such a plan take of the account. Raises MemoryProblem."""
    slots = [
        Slot(
            "stores",
            sum(1 for _ in all_pages(account.list_stores)),
            STORES_PER_ACCOUNT,
            1,
        )
    ]
    if plan.channels:
        used = sum(1 for _ in all_pages(account.list_configurations))
        slots.append(Slot("configurations", used, CONFIGURATIONS_PER_ACCOUNT, 1))
    if plan.knowledge:
        used, each = len(account.knowledge.list_bases().items), len(plan.knowledge)
        slots.append(Slot("knowledge bases", used, BASES_PER_ACCOUNT, each))
    return slots
