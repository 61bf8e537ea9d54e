"""Whether a tenant's memory answers, in words."""

from dataclasses import dataclass, replace
from time import perf_counter

from console.client.errors import MemoryRefused, MemorySuspended
from console.client.guard import within
from console.core.errors import DomainError
from console.tenants.memory import get_tenant_guard, open_account
from console.tenants.models import Tenant

# Every page asks for the state: it must not block a worker.
STATE_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One call of the tenant's store, just made.

    state      ok, waiting (the store is not active), refused or unreachable
    title      the same in a few words
    message    what the memory or the vault said; "" when it is ok
    in_flight  calls that this process has made and that wait for their answer
    """

    state: str
    title: str
    elapsed_ms: int
    message: str = ""
    in_flight: int = 0


def check_connection(tenant: Tenant) -> Connection:
    """Fetches the tenant's store from their memory, with their credentials."""
    guard = get_tenant_guard(tenant)
    return replace(_ask(tenant), in_flight=guard.in_flight if guard else 0)


def _ask(tenant: Tenant) -> Connection:
    started = perf_counter()
    try:
        status = _fetch_status(tenant)
    except MemoryRefused as exc:
        return Connection("refused", exc.title, _get_ms_since(started), exc.message)
    except DomainError as exc:  # unreachable, or the vault keeps the credentials
        return Connection("unreachable", exc.title, _get_ms_since(started), exc.message)
    if status == "ACTIVE":
        return Connection("ok", "Active", _get_ms_since(started))
    return Connection(
        "waiting",
        f"The store is {status.lower()}",
        _get_ms_since(started),
        "It answers, but serves no customers' data until it is active.",
    )


def get_memory_state(tenant: Tenant) -> tuple[str, str]:
    """ok, waiting or refused, and a short text for it. One call of the memory."""
    try:
        with within(STATE_ANSWER_S):
            status = _fetch_status(tenant)
    except MemoryRefused:
        return "refused", "memory refused access"
    except MemorySuspended as exc:
        return "refused", f"no answer, retry in {exc.retry_after_s:.0f} s"
    except DomainError:  # unreachable, or the vault keeps the credentials
        return "refused", "memory unreachable"
    if status == "ACTIVE":
        return "ok", "memory ok"
    return "waiting", f"store {status.lower()}"


def _fetch_status(tenant: Tenant) -> str:
    return open_account(tenant).fetch_store(tenant.store_id).status


def _get_ms_since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
