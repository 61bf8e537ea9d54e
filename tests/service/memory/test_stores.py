import pytest

from console.service import errors
from console.service.memory.models import Profile, Store
from console.service.memory.profiles import create_profile
from console.service.memory.stores import delete_store, patch_store
from console.service.models import Account


def test_lock_store_does_not_find_a_store_that_is_deleted_meanwhile(store):
    stale = Store.objects.get()
    delete_store(Store.objects.get())

    with pytest.raises(errors.NotFound):
        create_profile(stale, {"Contact": {"email": "a@b.com"}})
    with pytest.raises(errors.NotFound):
        patch_store(stale, if_match="", display_name=None, description="x")
    assert not Profile.objects.exists()
    assert Account.objects.exists()
