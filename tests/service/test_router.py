from console.accounts.models import User
from console.service.memory.models import Store
from console.service.models import Account, MemoryRouter


def test_the_memorys_tables_live_on_their_own_alias():
    router = MemoryRouter()

    assert router.db_for_read(Store) == router.db_for_write(Store) == "memory"
    assert router.db_for_read(User) is None
    assert router.allow_migrate("memory", "service")
    assert not router.allow_migrate("default", "service")
    assert not router.allow_migrate("memory", "accounts")


def test_no_relation_crosses_the_line():
    router = MemoryRouter()

    assert router.allow_relation(Store(), Account())
    assert not router.allow_relation(Store(), User())
