"""A table that nobody has named anywhere goes and moves by its base class alone."""

import pytest
from django.apps import apps
from django.db import connections, models

from console.service.conversations.models import Configuration
from console.service.memory.models import IdentitySettings, Profile, Store
from console.service.models import (
    ProfileScoped,
    ProgramWrite,
    StoreScoped,
    find_models,
)
from tests.service.conftest import CONTROL

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def add_table():
    """Adds a table to the service, as a new product would, until the test ends."""
    added = []

    def add(base):
        fields = {
            "__module__": "console.service.models",
            "Meta": type("Meta", (), {"app_label": "service"}),
            "text": models.TextField(),
        }
        model = type("Note", (base,), fields)
        with connections["memory"].schema_editor() as editor:
            editor.create_model(model)
        added.append(model)
        return model

    yield add
    for model in added:
        with connections["memory"].schema_editor() as editor:
            editor.delete_model(model)
        del apps.all_models["service"]["note"]
    apps.clear_cache()


def scope_of(path: str) -> dict[str, str]:
    """The key of the rows below a profile's path."""
    _, _, _, store_id, _, profile_id = path.split("/")
    return {"store_id": store_id, "profile_id": profile_id}


def listed(model) -> set[str]:
    return set(model.objects.values_list("text", flat=True))


def test_delete_profile_deletes_from_a_new_table(api, make_profile, add_table):
    note = add_table(ProfileScoped)
    profile, neighbour = make_profile("a@b.com"), make_profile("b@b.com")
    note.objects.create(**scope_of(profile), text="gone")
    note.objects.create(**scope_of(neighbour), text="kept")

    assert api("DELETE", profile).status_code == 202

    assert listed(note) == {"kept"}


def test_delete_store_deletes_from_a_new_table_below_stores(api, make_store, add_table):
    note = add_table(StoreScoped)
    store, neighbour = make_store("client-1"), make_store("client-2")
    note.objects.create(store_id=store, text="gone")
    note.objects.create(store_id=neighbour, text="kept")

    assert api("DELETE", f"{CONTROL}/{store}").status_code == 202

    assert listed(note) == {"kept"}


def test_delete_store_deletes_from_a_new_table_below_profiles(
    api, store, make_store, make_profile, add_table
):
    note = add_table(ProfileScoped)
    profile = make_profile("a@b.com")
    neighbour = make_profile("a@b.com", store=make_store("client-2"))
    note.objects.create(**scope_of(profile), text="gone")
    note.objects.create(**scope_of(neighbour), text="kept")

    assert api("DELETE", f"{CONTROL}/{store}").status_code == 202

    assert listed(note) == {"kept"}


def test_merge_moves_the_rows_of_a_new_table(api, make_profile, add_table):
    note = add_table(ProfileScoped)
    paths = [make_profile(email) for email in ("a@b.com", "b@b.com", "c@b.com")]
    canonical, merged, neighbour = paths
    for path in paths:
        note.objects.create(**scope_of(path), text=path)

    identifier = {"idType": "email", "value": "b@b.com"}
    assert api("POST", f"{canonical}/Identifiers", identifier).status_code == 202

    rows = {row.text: row.profile_id for row in note.objects.all()}
    assert rows == {
        canonical: scope_of(canonical)["profile_id"],
        merged: scope_of(canonical)["profile_id"],
        neighbour: scope_of(neighbour)["profile_id"],
    }


def test_find_models_knows_every_table_that_names_a_store():
    tables = apps.get_app_config("service").get_models()
    names_a_store = {
        model
        for model in tables
        if any(field.attname == "store_id" for field in model._meta.fields)
    }

    found = {*find_models(StoreScoped), *find_models(ProfileScoped)}

    assert Profile in found
    # IdentitySettings goes with its store by a foreign key; a Configuration names a
    # store that need not exist, and what waits for the audit log outlives it.
    assert names_a_store == found | {IdentitySettings, Configuration, ProgramWrite}
    assert Store not in found
