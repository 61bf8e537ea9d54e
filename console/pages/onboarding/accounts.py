"""The accounts whose tokens this console has, those that belong to one owner, and how many
more clients one has room for."""

from dataclasses import dataclass

from django.conf import settings

from console.accounts.models import User
from console.client.account import AccountClient, connect
from console.client.http import all_pages
from console.client.network import EMBEDDED
from console.contract.conversations.configuration import CONFIGURATIONS_PER_ACCOUNT
from console.contract.knowledge.base import BASES_PER_ACCOUNT
from console.contract.memory.store import STORES_PER_ACCOUNT
from console.pages.onboarding.engine import read_secret
from console.pages.onboarding.models import Onboarding
from console.pages.onboarding.plan import ClientTemplate
from console.tenants.models import Tenant
from console.tenants.services import run_in_memory


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """name, owner  as the built-in memory has them, else "" """

    sid: str
    address: str
    name: str = ""
    owner: str = ""

    @property
    def key(self) -> str:
        return f"{self.sid} {self.address}".strip()

    @property
    def is_built_in(self) -> bool:
        return (self.address or settings.MEMORY_URL) == EMBEDDED

    @property
    def label(self) -> str:
        where = (
            "" if self.is_built_in else f" at {self.address.removeprefix('https://')}"
        )
        named = f"{self.name}, " if self.name else ""
        return f"{named}{self.sid[:6]}…{self.sid[-4:]}{where}"

    def open(self) -> AccountClient | None:
        """None where its token is not kept. Raises VaultLocked, CredentialTampered."""
        secret = read_secret(self.sid, self.address)
        where = self.address or settings.MEMORY_URL
        return connect(where, username=self.sid, secret=secret) if secret else None


def list_known(user: User) -> list[KnownAccount]:
    """Those of a person's tenants; the one that was used last comes first."""
    fields, begun = ("account_sid", "address"), Onboarding.objects.visible_to(user)
    tenants = Tenant.objects.visible_to(user).order_by("-created_at")
    used = [
        *tenants.values_list(*fields),
        *begun.exclude(encrypted_token="").values_list(*fields),
    ]
    named = {a["sid"]: a for a in list_built_in()}
    # One memory, one name.
    known = dict.fromkeys(
        (sid, "" if address == settings.MEMORY_URL else address)
        for sid, address in used
    )
    return [
        KnownAccount(sid, address, *_get_names(named.get(sid)) if not address else ())
        for sid, address in known
    ]


def _get_names(account: dict[str, str] | None) -> tuple[str, ...]:
    return (account["name"], account["owner"]) if account else ()


def list_built_in() -> list[dict[str, str]]:
    accounts: list[dict[str, str]] = []
    if settings.MEMORY_URL == EMBEDDED:
        accounts = run_in_memory("account_keys")
    return accounts


def name_next(account: KnownAccount) -> tuple[str, str]:
    """The owner's SID and the name of the next sub-account; "" of another memory."""
    accounts = list_built_in() if account.is_built_in else []
    owner = account.owner or account.sid
    names = {each["sid"]: each["name"] for each in accounts}
    if owner not in names:
        return "", ""
    number = 2 + sum(each["owner"] == owner for each in accounts)
    return owner, f"{names[owner][:60]}-{number}"


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
