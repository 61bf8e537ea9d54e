"""The hot path's queries in SQL: to build one with the ORM takes longer than to run it.

Each answers what the ORM would (tests/service/memory/test_queries.py, both databases).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec
from django.db import connections, models
from django.db.models.base import ModelState

from console.engine.dates import microseconds
from console.engine.texts import Columns, Row
from console.service.conversations.models import Communication
from console.service.memory.models import (
    IndexedItem,
    Profile,
    Store,
    Summary,
    new_version,
)
from console.service.models import ALIAS, Account, Credential, ProfileKey

Values = Sequence[Any]
# By their ids, all observations come before all summaries.
SUMMARIES_FROM = f"mem_{Summary.kind}_"


class Caller(NamedTuple):
    """Whose user name it is, and what of theirs an address names; None for nothing."""

    credential: Credential
    store: Store | None
    profile: Profile | None

    @property
    def account(self) -> Account:
        return self.credential.account


_CALLER = Credential, Account, Store, Profile


def find_caller(
    username: str, store_id: str | None, profile_id: str | None
) -> Caller | None:
    [row] = _ask(_build_caller(), [store_id, profile_id, username]) or [None]
    if row is None:
        return None
    found, begin = list[Any](), 0
    for model in _CALLER:
        reader = get_reader(model)
        end = begin + len(reader.names)
        found.append(reader.load(row[begin:end]) if row[begin] is not None else None)
        begin = end
    credential, credential.account, store, profile = found
    return Caller(credential, store, profile)


@cache
def _build_caller() -> str:
    columns = ", ".join(
        f"{model._meta.db_table}.{column}"
        for model in _CALLER
        for column in get_reader(model).columns
    )
    return f"""
        SELECT {columns} FROM service_credential
        JOIN service_account ON service_account.sid = service_credential.account_id
        LEFT JOIN service_store ON service_store.id = %s
            AND service_store.account_id = service_account.sid
        LEFT JOIN service_profile ON service_profile.id = %s
            AND service_profile.store_id = service_store.id
        WHERE service_credential.username = %s
    """  # noqa: S608 - columns of our own tables


def read_row(model: Any, **key: str) -> Any:
    """The one with this key; None for none."""
    reader = get_reader(model)
    sql = f"""
        SELECT {", ".join(reader.columns)} FROM {model._meta.db_table}
        WHERE {" AND ".join(f"{column} = %s" for column in key)}
    """  # noqa: S608 - columns of our own tables
    rows = _ask(sql, list(key.values()))
    return reader.load(rows[0]) if rows else None


def find_suppressed(store_id: str, digests: Sequence[str]) -> set[str]:
    """Those of these that are suppressed: of any number in one query, as one value."""
    among, given = "= ANY(%s)", digests if isinstance(digests, list) else [*digests]
    value: Any = given
    if connections[ALIAS].vendor == "sqlite":
        among = "IN (SELECT value FROM json_each(%s))"
        value = msgspec.json.encode(given).decode()
    sql = f"SELECT id FROM service_suppression WHERE store_id = %s AND id {among}"  # noqa: S608 - one of two conditions
    return {id_ for (id_,) in _ask(sql, [store_id, value])}


def read_entries(
    profile: ProfileKey, begin: datetime | None = None, end: datetime | None = None
) -> list[Row]:
    """A profile's entries in the order of their ids: begin <= time < end."""
    sql = """
        SELECT item_id, occurred_at, terms, conversations, vector, model
        FROM service_indexentry WHERE store_id = %s AND profile_id = %s
    """
    given: list[Any] = [profile.store_id, profile.id]
    within, bounds = _bound(begin, end)
    return _ask(f"{sql}{within} ORDER BY item_id", [*given, *bounds])


def read_entry_columns(
    profile: ProfileKey,
    model: str,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> list[Columns | None]:
    """The same of the observations, and of the summaries, as Texts.split takes them; None
    for no entry."""
    within, bounds = _bound(begin, end)
    given: list[Any] = [bytes(4), bytes(8), model, b"", model]
    given += [profile.store_id, profile.id, SUMMARIES_FROM, *bounds]
    sql = _build_columns(within, connections[ALIAS].vendor)
    rows = sorted(_ask(sql, given * 2))
    return [Columns(*columns) if columns[0] else None for _, *columns in rows]


@cache
def _build_columns(within: str, vendor: str) -> str:
    blobs, strings = "string_agg({}, %s)", "string_agg({}, '{}')"
    order = "ORDER BY item_id"
    if vendor == "sqlite":
        blobs, strings = "CAST(group_concat({}, %s) AS BLOB)", "group_concat({}, '{}')"
        # That is how it comes already; said again it costs a copy of all.
        order = ""
    columns = (
        strings.format("item_id", " "),
        strings.format("CAST(occurred_at AS text)", " "),
        blobs.format("terms"),
        blobs.format("conversations"),
        blobs.format("CASE WHEN model = %s THEN vector END"),
        strings.format("CASE WHEN model = %s THEN '1' ELSE '0' END", ""),
    )
    sides = [
        f"SELECT {side}, {', '.join(columns)} FROM (SELECT * FROM service_indexentry"  # noqa: S608 - our own columns
        f" WHERE store_id = %s AND profile_id = %s AND item_id {condition} %s"
        f"{within} {order}) AS entries"
        for side, condition in enumerate(("<", ">="))
    ]
    return " UNION ALL ".join(sides)


def _bound(begin: datetime | None, end: datetime | None) -> tuple[str, list[int]]:
    """A condition to append, and what it is given."""
    bounds = {" AND occurred_at >= %s": begin, " AND occurred_at < %s": end}
    asked = {sql: microseconds(at) for sql, at in bounds.items() if at}
    return "".join(asked), [*asked.values()]


def read_items(
    model: type[IndexedItem], profile: ProfileKey, ids: Collection[str]
) -> list[Any]:
    """Rows of one kind, in any order: columns by name, no instances of the model."""
    if not ids:
        return []
    reader = get_reader(model)
    sql = f"""
        SELECT {", ".join(reader.columns)} FROM {model._meta.db_table}
        WHERE store_id = %s AND profile_id = %s AND id IN ({_list_places(ids)})
    """  # noqa: S608 - columns of our own tables
    return [
        reader.build(row) for row in _ask(sql, [profile.store_id, profile.id, *ids])
    ]


def read_traits(profile: ProfileKey) -> list[tuple[str, str, Any]]:
    """Group, name and value, by group and name."""
    sql = """
        SELECT trait_group, name, value FROM service_trait
        WHERE store_id = %s AND profile_id = %s ORDER BY trait_group, name
    """
    rows = _ask(sql, [profile.store_id, profile.id])
    return [(group, name, _to_json(value)) for group, name, value in rows]


def read_said(profile: ProfileKey, conversation_id: str, limit: int) -> list[Any]:
    """The last communications of a conversation, the newest first; none of one that is
    other customers' alone."""
    reader = get_reader(Communication)
    here = "store_id = %s AND conversation_id = %s"
    takes_part = f"EXISTS (SELECT 1 FROM service_participant WHERE {here}"  # noqa: S608 - our own names
    sql = f"""
        SELECT {", ".join(reader.columns)} FROM service_communication WHERE {here} AND (
            {takes_part} AND profile_id = %s) OR NOT {takes_part} AND profile_id <> '')
        ) ORDER BY sequence DESC LIMIT %s
    """  # noqa: S608 - columns of our own tables
    key = profile.store_id, conversation_id
    rows = _ask(sql, [*key, *key, profile.id, *key, limit])
    return [reader.build(row) for row in rows]


def change_version(
    store_id: str, profile_id: str, *, updated_at: datetime | None = None
) -> bool:
    """Holds a profile's row to the transaction's end; False for no such profile.

    Before anything is changed that Recall reads of it: whoever has prepared it
    (prepared.py) does so anew.
    """
    sql = """
        UPDATE service_profile
        SET index_version = %s, updated_at = COALESCE(%s, updated_at)
        WHERE store_id = %s AND id = %s
    """
    field = Profile._meta.get_field("updated_at")
    changed = field.get_db_prep_save(updated_at, connections[ALIAS])
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(sql, [new_version(), changed, store_id, profile_id])
        return bool(cursor.rowcount)


def count_items(model: type[IndexedItem], profile: ProfileKey) -> int:
    sql = f"""
        SELECT COUNT(*) FROM {model._meta.db_table}
        WHERE store_id = %s AND profile_id = %s
    """  # noqa: S608 - a table of our own
    [[count]] = _ask(sql, [profile.store_id, profile.id])
    return int(count)


def insert_rows(
    store_id: str, model: Any, names: Sequence[str], rows: Iterable[Values]
) -> None:
    """Rows of one table, without a model's instance for each: making and compiling
    those took most of the time."""
    connection, columns = connections[ALIAS], ("store_id", *names)
    quote = connection.ops.quote_name
    quoted = ", ".join(quote(model._meta.get_field(name).column) for name in columns)
    table = quote(model._meta.db_table)
    statement = f"INSERT INTO {table} ({quoted}) VALUES ({_list_places(columns)})"  # noqa: S608
    adapted = adapt_rows(model, names, rows)
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(store_id, *row) for row in adapted])


def adapt_rows(
    model: Any, names: Sequence[str], rows: Iterable[Values]
) -> Iterator[list[Any]]:
    """Values as the database's driver takes them: times and JSON in a form of its own."""
    fields = [model._meta.get_field(name) for name in names]
    connection = connections[ALIAS]
    adapted = [
        (place, field)
        for place, field in enumerate(fields)
        if isinstance(field, models.DateTimeField | models.JSONField)
    ]
    for row in rows:
        values = list(row)
        for place, field in adapted:
            values[place] = field.get_db_prep_save(values[place], connection)
        yield values


def _ask(sql: str, given: Values) -> list[Any]:
    connection = connections[ALIAS]
    watched = connection.queries_logged or connection.execute_wrappers
    if watched or not connection.connection:
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return list(cursor.fetchall())
    # Past Django's cursor, which takes as long as a small query does.
    connection.close_if_health_check_failed()
    with connection.wrap_database_errors:
        asked = _write_places(sql) if connection.vendor == "sqlite" else sql
        return list(connection.connection.execute(asked, given).fetchall())


@lru_cache(256)
def _write_places(sql: str) -> str:
    return sql.replace("%s", "?")


def _list_places(given: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(given))


class Reader:
    """Rows of one table as the database gives them, and what they become."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = model._meta.concrete_fields
        self._model = model
        self.columns = [str(field.column) for field in fields]
        self.names = [field.attname for field in fields]
        self._make = NamedTuple(
            model.__name__, [(name, Any) for name in self.names]
        )._make
        self._json = [
            place
            for place, field in enumerate(fields)
            if isinstance(field, models.JSONField)
        ]

    def _convert(self, row: Values) -> Values:
        if not self._json:
            return row
        values = list(row)
        for place in self._json:
            values[place] = _to_json(values[place])
        return values

    def load(self, row: Values) -> Any:
        """As Django unpickles one: without signals and without looking at each value."""
        found = self._model.__new__(self._model)
        found._state = ModelState()
        found._state.adding, found._state.db = False, ALIAS
        found.__dict__.update(zip(self.names, self._convert(row), strict=True))
        return found

    def build(self, row: Values) -> Any:
        """A third of what an instance costs."""
        return self._make(self._convert(row))


def _to_json(value: Any) -> Any:
    return value if value is None else msgspec.json.decode(value)


get_reader = cache(Reader)
