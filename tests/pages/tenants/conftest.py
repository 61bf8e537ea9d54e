"""A tenant whose memory hangs."""

import pytest

from console.client.network import FAILURES
from console.tenants.vault import get_tenant_guard
from tests.factories import move_tenant


@pytest.fixture
def hanging_tenant(tenant, settings):
    """One call waits for its answer, and so many have failed that none is sent."""
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")
    guard = get_tenant_guard(tenant)
    with guard.call():
        for _ in range(FAILURES):
            guard.record(failed=True)
        yield tenant
