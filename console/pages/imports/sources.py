"""What a feed reads: files, and queries of databases and of Salesforce, row by row."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import IO, Any, TypeVar, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

from console.contract.memory.csv_dialect import (
    DELIMITERS,
    clean_name,
    find_encoding,
    is_separator_line,
)
from console.core.errors import DomainError
from console.pages.imports.models import Feed
from console.tenants.models import Tenant

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.(?:csv|jsonl|parquet)")
PARQUET_ROWS = 1000
NO_PARQUET = "Parquet is not installed here: the extra parquet (pyarrow)."
# Snowflake's driver would ask a host that is not there for minutes.
ADBC_OPTIONS = {
    "snowflake": {
        "db_kwargs": {"adbc.snowflake.sql.client_option.login_timeout": "20s"}
    }
}
CALL_S, READ_S, TRIAL_S = 60, 900, 20
# More rows than Salesforce advises to read by pages; seconds between two looks at a job.
BULK_FROM, BULK_WAIT_S = 10_000, 5
SINCE = re.compile(r"(?<!:):since\b")
SOQL_LITERAL = re.compile(r"[0-9T:.Z+-]+")
_UNREACHED = "it cannot be reached"
_REFUSED = "it refuses the account"
_UNKNOWN = "it does not understand the query or lacks what the query names"
_NO_DRIVER = "its driver is not installed here"
# By the kind of what a driver raises: its words can name a customer.
MEANS = {
    "ConnectionError": _UNREACHED,
    "Timeout": _UNREACHED,
    "SalesforceAuthenticationFailed": _REFUSED,
    "OperationalError": f"{_UNREACHED}, refuses the account or lacks what is asked for",
    "ProgrammingError": _UNKNOWN,
    "SalesforceMalformedRequest": _UNKNOWN,
    "ImportError": _NO_DRIVER,
    "NoSuchModuleError": _NO_DRIVER,
    "ArgumentError": "its address cannot be read",
    "TypeError": "its address is not complete",
}
T = TypeVar("T")
Row = dict[str, Any]
# A text says why there is no row, None is a blank line.
Read = Row | str | None


class FeedProblem(DomainError):
    """Nothing of it was handed over."""

    status = 422
    title = "This feed cannot be read"


def list_files(tenant: Tenant) -> list[str]:
    """A tenant's own folder alone, wherever a link in it leads."""
    folder = Path(settings.FEEDS_FOLDER or "/nowhere", tenant.slug).resolve()
    return sorted(
        each.name
        for each in (folder.iterdir() if folder.is_dir() else ())
        if NAME.fullmatch(each.name)
        and each.is_file()
        and each.resolve().is_relative_to(folder)
    )


def list_databases(tenant: Tenant) -> dict[str, str]:
    """Addresses by name; a tenant's own alone."""
    of = f"{tenant.slug}/"
    named = settings.FEEDS_DATABASES.items()
    return {x.removeprefix(of): address for x, address in named if x.startswith(of)}


def can_read(name: str) -> bool:
    """Whether what it takes is installed."""
    return not name.endswith(".parquet") or find_spec("pyarrow") is not None


def read_rows(feed: Feed, *, is_trial: bool = False) -> Iterator[Read]:
    """By the names of their columns. Raises FeedProblem."""
    if feed.query:
        yield from _query(feed, is_trial)
        return
    if feed.file not in list_files(feed.tenant):
        raise FeedProblem("The file is not there.")
    path = Path(settings.FEEDS_FOLDER, feed.tenant.slug, feed.file)
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
        return
    read, encoding = _read_json, "utf-8-sig"
    try:
        if path.suffix == ".csv":
            with path.open("rb") as binary:
                found = find_encoding(binary)
            read, encoding = _read_csv, encoding if found == "utf-8" else found
        with path.open(encoding=encoding, newline="") as file:
            yield from read(file)
    except (OSError, UnicodeError):
        raise FeedProblem("The file cannot be read as text, such as UTF-8.") from None


def _read_json(file: IO[str]) -> Iterator[Read]:
    for line in file:
        try:
            row = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            row = "not JSON"
        yield row if row is None or isinstance(row, dict) else "no JSON object"


def _read_csv(file: IO[str]) -> Iterator[Read]:
    """As the memory reads an import, but a row that cannot be read costs that row."""
    line = file.readline()
    if is_separator_line(line):
        line = file.readline()
    delimiter = max(DELIMITERS, key=line.count)
    lines = csv.reader(chain([line], file), delimiter=delimiter)
    header = refuse_twice([clean_name(name) for name in next(lines, [])])
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error:
            yield f"a cell has more than {csv.field_size_limit():,} characters"
            continue
        if not any(cells):
            yield None
        elif len(cells) != len(header):
            yield f"{len(cells)} cells, but {len(header)} in the header"
        else:
            yield dict(zip(header, cells, strict=True))


def refuse_twice(names: Iterable[str]) -> list[str]:
    """Raises FeedProblem where nobody could tell which column is meant."""
    names = [*names]
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise FeedProblem(f"Two columns are named {min(twice)[:64]}.")
    return names


def _read_parquet(path: Path) -> Iterator[Row]:
    if not can_read(path.name):
        raise FeedProblem(NO_PARQUET)
    from pyarrow import ArrowException, parquet  # the extra `parquet`

    try:
        with parquet.ParquetFile(path) as file:
            refuse_twice(file.schema_arrow.names)
            yield from _read_batches(file.iter_batches(PARQUET_ROWS))
    except (OSError, ValueError, ArrowException):
        raise FeedProblem("The file cannot be read as Parquet.") from None


def read_in_time(seconds: float, read: Callable[[], T]) -> T:
    """A driver that hangs is left behind with its thread: worker and page have others to
    serve. Raises FeedProblem, and what `read` does; that asks for no rows of ours."""
    ended = SimpleQueue[Any]()

    def run() -> None:
        try:
            ended.put((read(), None))
        except Exception as problem:  # noqa: BLE001 raised below
            ended.put((None, problem))

    Thread(target=run, daemon=True).start()
    try:
        answer, problem = ended.get(timeout=seconds)
    except Empty:
        raise FeedProblem(f"It was not read within {seconds} seconds.") from None
    if problem:
        raise problem
    return cast(T, answer)


def _read_batches(batches: Iterable[Any]) -> Iterator[Row]:
    """Of Arrow, one at a time."""
    return chain.from_iterable(batch.to_pylist() for batch in batches)


def _query(feed: Feed, is_trial: bool) -> Iterator[Row]:
    """Nothing is committed. What a database says can name a customer: only the kind of
    its refusal is told."""
    address = list_databases(feed.tenant).get(feed.file)
    if address is None:
        raise FeedProblem("The database is not declared.")
    try:
        if address.startswith("salesforce:"):
            yield from _query_salesforce(feed, address, is_trial)
        elif address.startswith("adbc:"):
            yield from _query_adbc(feed, address)
        else:
            yield from _query_sql(feed, address)
    except FeedProblem:
        raise
    except Exception as refusal:  # noqa: BLE001 drivers raise what they like
        kinds = [each.__name__ for each in type(refusal).__mro__]
        why = next((MEANS[each] for each in kinds if each in MEANS), "it failed")
        # Of a driver that is missing, which one.
        module = refusal.name if isinstance(refusal, ImportError) else ""
        said = f"The database cannot be queried: {why} ({module or kinds[0]})."
        raise FeedProblem(said) from None


def _query_sql(feed: Feed, address: str) -> Iterator[Row]:
    import sqlalchemy  # the extra `databases`, and a third of a second

    given = {"since": feed.watermark} if SINCE.search(feed.query) else {}
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with closing(engine.connect()) as connection:
        rows = connection.execution_options(stream_results=True).execute(
            sqlalchemy.text(feed.query), given
        )
        refuse_twice(rows.keys())
        yield from map(dict, rows.mappings())


def _query_adbc(feed: Feed, address: str) -> Iterator[Row]:
    """The address: `adbc:`, the driver's name, and what the driver itself takes."""
    _, name, uri = address.split(":", 2)
    driver = import_module(f"adbc_driver_{name}.dbapi")
    query, count = SINCE.subn("?", feed.query)
    if name == "postgresql":  # one that is numbered stands for all of its places
        query, count = SINCE.sub("$1", feed.query), min(count, 1)
    with (
        driver.connect(uri, **ADBC_OPTIONS.get(name, {})) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query, [feed.watermark] * count)
        batches = cursor.fetch_record_batch()
        refuse_twice(batches.schema.names)
        yield from _read_batches(batches)


def _query_salesforce(feed: Feed, address: str, is_trial: bool) -> Iterator[Row]:
    """SOQL over REST, or by a bulk job where that would be many pages. The address has a
    consumer's key and secret, and the domain; with `security_token` a user's name and
    password."""
    import requests  # the extra `salesforce`
    from simple_salesforce.api import Salesforce
    from simple_salesforce.format import format_soql

    parts, since = urlsplit(address), feed.watermark
    names = ("consumer_key", "consumer_secret")
    if more := dict(parse_qsl(parts.query)):
        names = ("username", "password")
    user, secret = (unquote(each or "") for each in (parts.username, parts.password))
    who: Any = dict(zip(names, (user, secret), strict=True)) | more
    # It quotes texts; numbers and times stand as they are.
    if not SOQL_LITERAL.fullmatch(since):
        since = str(format_soql("{}", since))
    query = SINCE.sub(lambda _: since, feed.query)
    until = monotonic() + READ_S
    with requests.Session() as session:
        bounded: Any = session
        ask = partial(session.request, timeout=CALL_S)

        def ask_in_time(*args: Any, **kwargs: Any) -> requests.Response:
            if monotonic() > until:
                raise requests.Timeout
            return ask(*args, **kwargs)

        bounded.request = ask_in_time
        client: Any = Salesforce(**who, domain=parts.hostname, session=bounded)
        page = client.query(query)
        if page["totalSize"] > BULK_FROM and not is_trial:
            job = client.bulk2.Any.query(query, wait=BULK_WAIT_S)
            if texts := _begin(job):
                for text in texts:
                    yield from csv.DictReader(io.StringIO(str(text), newline=""))
                return
        while page:
            for record in page["records"]:
                yield dict(_flatten(record))
            more_at = page.get("nextRecordsUrl")
            page = more_at and client.query_more(more_at, identifier_is_url=True)


def _begin(job: Iterator[Any]) -> Iterator[Any] | None:
    """None: a query that no bulk job takes, such as one with GROUP BY."""
    from simple_salesforce import exceptions

    try:
        return chain([next(job)], job)
    except (
        exceptions.SalesforceMalformedRequest,
        exceptions.SalesforceRefusedRequest,
        exceptions.SalesforceOperationError,
    ):
        return None


def _flatten(record: Mapping[str, Any], of: str = "") -> Iterator[tuple[str, Any]]:
    """A parent's fields are columns too: `Account.Name`."""
    for name, value in record.items():
        if isinstance(value, dict):
            if name != "attributes":
                yield from _flatten(value, f"{of}{name}.")
        else:
            yield of + name, value
