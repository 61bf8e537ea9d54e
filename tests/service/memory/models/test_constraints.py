"""What the database itself refuses, whoever writes."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import DataError, IntegrityError, connections, models, transaction

from console.service.memory.models import (
    Identifier,
    IdentitySettings,
    Observation,
    ObservationRevision,
    Profile,
    Store,
    Summary,
    Trait,
    TraitGroup,
)
from console.service.models import Account, Credential, Operation, ProgramWrite

NOW = datetime(2026, 1, 5, tzinfo=UTC)
STORE = "mem_store_01k0000000000000000000000a"
PROFILE = "mem_profile_01k0000000000000000000000a"
OF_PROFILE = {"store_id": STORE, "profile_id": PROFILE}
STATE = OF_PROFILE | {
    "content": "x",
    "source": "chat",
    "occurred_at": NOW,
    "created_at": NOW,
    "updated_at": NOW,
}
ROWS = {
    Account: {"sid": "AC" + "1" * 32, "name": "acme", "created_at": NOW},
    Credential: {
        "username": "SK" + "1" * 32,
        "account_id": "AC" + "0" * 32,
        "digest": "d" * 64,
        "created_at": NOW,
    },
    Operation: {
        "id": "mem_operation_01k0000000000000000000000a",
        "account_id": "AC" + "0" * 32,
        "status": "RUNNING",
        "created_at": NOW,
    },
    Store: {
        "id": "mem_store_01k0000000000000000000000b",
        "account_id": "AC" + "0" * 32,
        "display_name": "client-1",
        "created_at": NOW,
    },
    IdentitySettings: {
        "store_id": STORE,
        "identifier_configs": [],
        "matching_rules": [],
    },
    TraitGroup: {"store_id": STORE, "display_name": "Contact", "created_at": NOW},
    Profile: {"store_id": STORE, "id": PROFILE, "created_at": NOW},
    Identifier: OF_PROFILE
    | {"id_type": "email", "value": "a@b.com", "exclusive": True, "added_at": NOW},
    Trait: OF_PROFILE
    | {"trait_group": "Contact", "name": "city", "value": 1, "updated_at": NOW},
    Observation: STATE | {"id": "mem_observation_01k0000000000000000000000a"},
    ObservationRevision: STATE | {"observation_id": "x", "number": 1},
    Summary: STATE
    | {"id": "mem_summary_01k0000000000000000000000a", "conversation_id": "c"},
}


@pytest.fixture
def insert(db):
    """Writes a row with some of its fields changed."""
    account = Account.objects.create(sid="AC" + "0" * 32, name="acme", created_at=NOW)
    Store.objects.create(
        id=STORE, account=account, display_name="client-0", created_at=NOW
    )

    def write(model, **fields):
        with transaction.atomic(using="memory"):
            model.objects.bulk_create([model(**ROWS[model] | fields)])

    return write


@pytest.mark.parametrize("model", ROWS)
def test_constraints_keep_a_row_within_the_limits(insert, model):
    insert(model)

    assert model.objects.exists()


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Account, {"sid": "AC1"}),
        (Account, {"sid": "XX" + "1" * 32}),
        (Account, {"name": ""}),
        (Account, {"name": "n" * 65}),
        (Credential, {"username": "SK1"}),
        (Credential, {"digest": "d" * 63}),
        (Credential, {"digest": "d" * 65}),
        (Store, {"display_name": ""}),
        (Store, {"display_name": "n" * 65}),
        (Store, {"description": "d" * 129}),
        (Store, {"version": 0}),
        (IdentitySettings, {"version": 0}),
        (TraitGroup, {"display_name": ""}),
        (TraitGroup, {"display_name": "n" * 65}),
        (TraitGroup, {"description": "d" * 1025}),
        (TraitGroup, {"version": 0}),
        (Identifier, {"value": ""}),
        (Identifier, {"value": "v" * 256}),
        (Identifier, {"id_type": "e"}),
        (Identifier, {"id_type": "e" * 31}),
        (Trait, {"name": ""}),
        (Trait, {"name": "n" * 65}),
        (Trait, {"trait_group": ""}),
        (Trait, {"trait_group": "g" * 65}),
        (Observation, {"content": ""}),
        (Observation, {"content": "x" * 4097}),
        (Observation, {"source": ""}),
        (Observation, {"source": "s" * 101}),
        (ObservationRevision, {"content": ""}),
        (ObservationRevision, {"content": "x" * 4097}),
        (ObservationRevision, {"source": ""}),
        (ObservationRevision, {"source": "s" * 101}),
        (ObservationRevision, {"number": 0}),
        (Summary, {"content": ""}),
        (Summary, {"content": "x" * 4097}),
        (Summary, {"source": "s" * 101}),
        (Summary, {"conversation_id": ""}),
        (Summary, {"conversation_id": "c" * 65}),
    ],
)
def test_constraints_refuse_a_row_over_a_limit(insert, model, fields):
    # PostgreSQL tells a text that is too long for its column as a DataError.
    with pytest.raises((IntegrityError, DataError)):
        insert(model, **fields)


@pytest.mark.parametrize("model", ROWS)
def test_constraints_refuse_a_key_twice(insert, model):
    insert(model)

    with pytest.raises(IntegrityError):
        insert(model)


def test_constraints_give_an_exclusive_value_one_holder_and_a_shared_one_many(insert):
    insert(Identifier)
    with pytest.raises(IntegrityError):
        insert(Identifier, profile_id="other")

    for holder in ("one", "two"):
        insert(Identifier, id_type="chat", exclusive=False, profile_id=holder)
    assert Identifier.objects.count() == 3


def test_constraints_keep_a_store_name_unique_in_its_account(insert):
    insert(Store)

    with pytest.raises(IntegrityError):
        insert(Store, id="mem_store_01k0000000000000000000000c")


# What a conversation's address names is its account's, and is found by its id alone; the
# audit log takes what programs wrote in one order, whatever the store.
SCOPED = [
    model
    for model in apps.get_app_config("service").get_models()
    if "store_id" in {field.attname for field in model._meta.fields}
    and not model.__module__.startswith("console.service.conversations")
    and model is not ProgramWrite
]
# What the worker looks for in all stores at once.
SWEPT = {"part_by_merge"}


def test_keys_are_checked_for_every_table_of_the_memory_below_a_store():
    assert len(SCOPED) == 20


@pytest.mark.parametrize("model", SCOPED)
def test_keys_below_a_store_begin_with_the_store(model):
    meta = model._meta
    keys = [[field.attname for field in meta.pk_fields]]
    keys += [
        [meta.get_field(name).attname for name in key.fields]
        for key in [*meta.constraints, *meta.indexes]
        if isinstance(key, models.UniqueConstraint | models.Index)
        and key.name not in SWEPT
    ]

    assert [key[0] for key in keys] == ["store_id"] * len(keys)
    assert not any(field.unique and not field.primary_key for field in meta.fields)


@pytest.mark.parametrize("model", SCOPED)
def test_keys_are_the_same_in_the_database(db, model):
    connection = connections["memory"]
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)

    keys = [key for key in found.values() if key["primary_key"] or key["unique"]]
    assert keys
    assert {key["columns"][0] for key in keys} == {"store_id"}


def test_tables_are_in_the_memory_database_alone(db):
    tables = {
        alias: set(connections[alias].introspection.table_names())
        for alias in connections
    }

    ours = {model._meta.db_table for model in ROWS}
    assert ours <= tables["memory"]
    assert not ours & tables["default"]


@pytest.mark.parametrize(
    "model",
    [
        each
        for each in apps.get_models()
        if isinstance(each._meta.pk, models.CompositePrimaryKey)
    ],
)
def test_str_names_a_row_without_its_content(model):
    row = model()
    for field in model._meta.concrete_fields:
        is_own_id = field.primary_key or field.name == "id"
        if isinstance(field, models.CharField | models.TextField) and not is_own_id:
            setattr(row, field.attname, "a@b.com")

    assert str(row)
    assert "a@b.com" not in str(row)
