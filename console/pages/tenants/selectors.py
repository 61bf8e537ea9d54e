"""Whether a tenant's memory answers, said in words."""

from dataclasses import dataclass
from time import perf_counter

from console.client.errors import MemoryRefused
from console.core.errors import DomainError
from console.tenants.memory import open_account
from console.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Connection:
    """One call of the tenant's store, just made.

    state    ok, waiting (the store is not active), refused or unreachable
    title    the same in a few words
    message  what the memory or the vault said; "" when all is well
    """

    state: str
    title: str
    elapsed_ms: int
    message: str = ""


def check_connection(tenant: Tenant) -> Connection:
    """Asks the tenant's memory for their store, with their credentials."""
    started = perf_counter()
    try:
        status = open_account(tenant).fetch_store(tenant.store_id).status
    except MemoryRefused as exc:
        return Connection("refused", exc.title, _ms_since(started), exc.message)
    except DomainError as exc:  # unreachable, or the vault keeps the credentials
        return Connection("unreachable", exc.title, _ms_since(started), exc.message)
    if status == "ACTIVE":
        return Connection("ok", "Active", _ms_since(started))
    return Connection(
        "waiting",
        f"The store is {status.lower()}",
        _ms_since(started),
        "It answers, but serves no customers' data until it is active.",
    )


def _ms_since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
