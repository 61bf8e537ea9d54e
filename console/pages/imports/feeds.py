"""Data mappings run: rows of a file, read at their times, become an import of the memory,
which knows customers apart and names what it refuses, row by row."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import isfinite
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files import File
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_tasks import task
from msgspec import to_builtins

from console.audit.log import log
from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory import profile_import as wire
from console.contract.memory.data_mapping import DataMapping
from console.contract.memory.identity_settings import IdentitySettings
from console.contract.memory.trait_values import InvalidValue, read_cell
from console.contract.normalising import InvalidIdentifier, normalise_identifier
from console.pages.imports import sources
from console.pages.imports.models import Feed
from console.pages.imports.sources import (
    NO_PARQUET,
    FeedProblem,
    Read,
    Row,
    can_read,
    list_databases,
    list_files,
    read_in_time,
    read_rows,
)
from console.pages.imports.views import is_running, read_row, start_import
from console.tenants.actor import Actor, Permission
from console.tenants.vault import open_store
from console.web.access import FORM, POST, allow
from console.web.forms import ConsoleForm, StaffTextField
from console.web.render import ConsoleRequest, render_form

SAMPLE, SHOWN, HOURS_MAX = 100, 20, 24 * 31
# Letters: a longer cell, or row, would be no CSV for the memory.
CELL_MAX, ROW_MAX = 100_000, 250_000
# Rows of the newest moment that are known again.
EDGE_MAX = 1000
TIME = re.compile(r"\d{4}-\d\d-\d\d")
# What a run that was carried out leaves of its feed.
MOVED = "watermark edge former former_edge import_id read taken".split()
# What is read, and from where on: where one is edited, a run that goes on is about another.
PLACED = "file watermark_column watermark".split()
MOVES = {
    "run": "Run now",
    "again": "All rows again",
    "pause": "Pause",
    "resume": "Resume",
    "remove": "Remove",
}


def list_new(feed: Feed, rows: Iterable[Read]) -> Iterator[Read]:
    """None for one that is not new; the watermark moves along, and with it the digests of
    the rows that have it: another one of the same moment is new. Raises FeedProblem."""
    column, most = feed.watermark_column, _rank(feed.watermark)
    since, known, edge = most, {*feed.edge}, list[Row]()
    for row in rows:
        if not column or not isinstance(row, dict):
            yield row
            continue
        if column not in row:
            raise FeedProblem(f"A row has no column {column}.")
        mark = _rank(row[column])
        is_late = bool(known) and mark == since and _digest(row) not in known
        yield row if is_late or (mark[1] and mark > since) else None
        if mark > most:
            most, edge = mark, []
        if mark == most and len(edge) < EDGE_MAX:
            edge.append(row)
    if len(edge) == EDGE_MAX:
        edge, known = [], set()
    kept = known if most == since else set[str]()
    feed.watermark, feed.edge = most[1][:200], sorted({*map(_digest, edge)} | kept)


def _rank(value: Any) -> tuple[float, str]:
    """Numbers by their size, times by when they are (UTC where they do not say), other
    texts by their letters."""
    text = "" if value is None else str(value).strip()
    size = float("-inf")
    with suppress(ValueError, OverflowError):
        if TIME.match(text):
            when = datetime.fromisoformat(text)
            size = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        elif isfinite(number := float(text)):
            size = number
    return size, text


def _digest(row: Row) -> str:
    text = json.dumps(row, sort_keys=True, default=str)
    return salted_hmac("feeds.edge", text).hexdigest()[:16]


def write_cell(value: Any) -> str:
    """As an import reads it: a text, or JSON."""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def find_mapping(store: StoreClient, mapping_id: str) -> DataMapping:
    """Raises FeedProblem for one that is gone or switched off, MemoryProblem."""
    mappings = all_pages(store.list_data_mappings)
    found = next((each for each in mappings if each.id == mapping_id), None)
    if found is None or not found.is_enabled:
        why = "switched off" if found else "gone"
        raise FeedProblem(f"Stopped: its data mapping is {why}.")
    return found


def _name_columns(mapping: DataMapping) -> list[str]:
    """Each once: a column may fill several traits."""
    return [*dict.fromkeys(each.expression for each in mapping.mapping_to.mappings)]


def start_due_feeds() -> None:
    """By the worker, each minute."""
    now = timezone.now()
    for feed in Feed.objects.filter(due_at__lte=now, tenant__removed_at=None):
        every = timedelta(hours=feed.every_hours or 1)
        with transaction.atomic():
            mine = Feed.objects.filter(pk=feed.pk, due_at=feed.due_at)
            if mine.update(due_at=now + every if feed.every_hours else None):
                run_feed.enqueue(feed.pk)


@task()
def run_feed(feed_id: int, again: bool = False) -> None:
    """Safe to run twice: the same rows make the same customers. again: all of them."""
    mine = Feed.objects.filter(pk=feed_id)
    if (feed := mine.select_related("tenant").first()) is None:
        return
    placed = {name: getattr(feed, name) for name in PLACED}
    if again:
        feed.watermark, feed.edge = "", []
    done: dict[str, Any] = {"ran_at": timezone.now()}
    try:
        done["told"] = carry_out(feed)[:300]
        done |= {name: getattr(feed, name) for name in MOVED}
    except (FeedProblem, MemoryProblem) as problem:
        done["told"] = problem.message[:300]
    mine.filter(**placed).update(**done)  # what was edited or removed stays so


def carry_out(feed: Feed) -> str:
    """What there is to say. Raises FeedProblem, MemoryProblem."""
    store = open_store(feed.tenant)
    mapping = find_mapping(store, feed.mapping_id)
    if feed.import_id:
        last = _find_import(store, feed.import_id)
        if last and is_running(last, timezone.now()):
            raise FeedProblem("The memory still reads what was handed over last.")
        if last is None or last.status != "COMPLETED":
            feed.watermark, feed.edge = feed.former, feed.former_edge
    feed.former, feed.former_edge = feed.watermark, feed.edge
    with TemporaryFile("w+b") as file:
        columns = _name_columns(mapping)
        said = read_in_time(sources.READ_S, lambda: _write(feed, columns, file))
        # Somebody may have stopped it while it was read.
        find_mapping(store, feed.mapping_id)
        if feed.taken and Feed.objects.filter(pk=feed.pk).exists():
            mappings = [
                wire.ColumnMapping(
                    column_name=each.expression[: wire.IMPORT_COLUMN_MAX],
                    trait_group=each.trait_group,
                    trait_name=each.trait_name,
                )
                for each in mapping.mapping_to.mappings
            ]
            actor = Actor(None, feed.tenant, name="worker")
            content = File(file, name=f"{Path(feed.file).stem}.csv")
            feed.import_id = start_import(feed.tenant, content, mappings, by=actor)
    return said


def _find_import(store: StoreClient, import_id: str) -> wire.ProfileImport | None:
    try:
        return store.fetch_import(import_id)
    except MemoryNotFound:
        return None


def _write(feed: Feed, columns: list[str], file: IO[bytes]) -> str:
    """The new rows; what there is to say of the others. A blank line stands for one that
    is left out, so that the memory names rows by the file's own numbers, and a cell is
    cut where it would cost the whole import: the memory refuses what is so long.
    Raises FeedProblem."""
    feed.read = feed.taken = bad = 0
    first, lacking, room = "", {*columns}, min(CELL_MAX, ROW_MAX // len(columns))
    lines = csv.writer(_Encoder(file))
    lines.writerow([name[: wire.IMPORT_COLUMN_MAX] for name in columns])
    for number, row in enumerate(list_new(feed, read_rows(feed)), 2):
        feed.read += 1
        cells = list[str]()
        if isinstance(row, str):
            bad, first = bad + 1, first or f"row {number}: {row}"
        elif row is not None:
            feed.taken += 1
            lacking -= row.keys()
            cells = [write_cell(row.get(name))[:room] for name in columns]
        lines.writerow(cells)
        if file.tell() > wire.IMPORT_BYTES_MAX:
            raise FeedProblem(
                "More than 100 MiB are new: split the file, or ask for less at once."
            )
    file.seek(0)
    said = [f"Left out: {bad}, the first {first}."] if bad else []
    if feed.taken:
        said += [f"No row has the column {name}." for name in sorted(lacking)]
    return " ".join(said)


class _Encoder:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())


def try_feed(feed: Feed) -> dict[str, Any]:
    """What a run would do with its first new rows, and their values named nowhere: whoever
    sets up feeds need not see customers. Raises FeedProblem, MemoryProblem."""
    store = open_store(feed.tenant)
    mapping = find_mapping(store, feed.mapping_id)
    groups = all_pages(store.list_trait_groups)
    known = {group.display_name: group.definitions for group in groups}
    settings = store.identity_settings()
    filled, problems = Counter[str](), list[tuple[int, str, str]]()
    sample = 0
    rows = enumerate(list_new(feed, read_rows(feed, is_trial=True)), 2)
    new = islice(((n, row) for n, row in rows if row), SAMPLE)
    for number, row in read_in_time(sources.TRIAL_S, lambda: [*new]):
        sample += 1
        if isinstance(row, str):
            problems.append((number, "", row))
            continue
        problems += _judge(number, row, mapping, known, settings)
        filled.update(x for x in _name_columns(mapping) if write_cell(row.get(x)))
    columns = [
        (
            each.expression,
            f"{each.trait_group}.{each.trait_name}",
            filled[each.expression],
        )
        for each in mapping.mapping_to.mappings
    ]
    bad = len({number for number, *_ in problems})
    return {
        "sample": sample,
        "bad": bad,
        "columns": columns,
        "problems": problems[:SHOWN],
    }


def _judge(
    number: int,
    row: Row,
    mapping: DataMapping,
    known: Mapping[str, Mapping[str, Any]],
    settings: IdentitySettings,
) -> Iterator[tuple[int, str, str]]:
    """The number of a row, its column, and what a run would refuse of it, as far as the
    memory's own rules decide it: they are the same here."""
    kinds = {each.id_type: each.normalization for each in settings.identifier_configs}
    is_found = False
    for each in mapping.mapping_to.mappings:
        cell = write_cell(row.get(each.expression)).strip()
        trait = known.get(each.trait_group, {}).get(each.trait_name)
        # Of a parent who is not there Salesforce answers the parent alone.
        if not {each.expression, each.expression.partition(".")[0]} & row.keys():
            yield number, each.expression, "the row has no such column"
        elif trait is None:
            yield number, each.expression, "the store has no such trait"
        elif cell:
            id_type = trait.id_type_promotion
            try:
                value = read_cell("", cell, to_builtins(trait))
                if kind := kinds.get(id_type):
                    region = settings.phone_region
                    normalise_identifier(str(value), id_type, kind, region)
                    is_found = True
            except (InvalidIdentifier, InvalidValue) as why:
                yield number, each.expression, str(why).removeprefix(": ")
    if not is_found:
        yield number, "", "nothing in it identifies a customer"


class FeedForm(ConsoleForm):
    name = StaffTextField(
        label="Name",
        max_length=80,
        required=False,
        help_text="Empty: the name of its source.",
    )
    mapping_id = forms.ChoiceField(
        label="Data mapping", help_text="Which column becomes which trait."
    )
    file = forms.ChoiceField(
        label="Source",
        help_text="A file in this tenant's folder, or a database declared for it.",
    )
    query = forms.CharField(
        label="Query",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="For a database only. :since stands for the watermark.",
    )
    watermark_column = forms.RegexField(
        r"^[^\x00-\x1f]{1,64}\Z",
        label="Watermark column",
        required=False,
        help_text="Only rows with more in it than the last run saw are new, such as a "
        "time of change. Empty: all rows, each time.",
    )
    watermark = forms.RegexField(
        r"^[^\x00-\x1f]{1,200}\Z",
        label="Begin after",
        required=False,
        help_text="Only rows with a greater watermark are read next. Empty: it goes on "
        "where the last run ended; in another source or column, at the beginning.",
    )
    every_hours = forms.IntegerField(
        label="Hours between runs",
        required=False,
        min_value=1,
        max_value=HOURS_MAX,
        help_text="24: daily. Empty: when somebody starts it.",
    )

    def __init__(self, data: Any, mappings: Iterable[DataMapping], kept: Feed):
        shown = {*self.base_fields} - {"watermark"}  # of a customer's row
        super().__init__(data, initial={name: getattr(kept, name) for name in shown})
        named = {each.id: each.display_name for each in mappings}
        if kept.pk:
            named.setdefault(kept.mapping_id, "gone")
        fields: Any = self.fields
        fields["mapping_id"].choices = [*named.items()]
        self.databases = list_databases(kept.tenant)
        files = [
            (name, name if can_read(name) else f"{name} – {NO_PARQUET}")
            for name in list_files(kept.tenant)
        ]
        if kept.pk and kept.file not in {*dict(files), *self.databases}:
            files.append((kept.file, f"{kept.file} – gone"))
        databases = [(name, name) for name in self.databases]
        groups: Any = [("Files", files), ("Databases", databases)]
        fields["file"].choices = [each for each in groups if each[1]]
        if not self.databases:
            del fields["query"]

    def clean(self) -> None:
        is_database = self.cleaned_data.get("file") in self.databases
        if is_database and not self.cleaned_data.get("query"):
            self.add_error("query", "Enter the query of this database.")
        elif not can_read(self.cleaned_data.get("file", "")):
            self.add_error("file", NO_PARQUET)
        elif not is_database and self.cleaned_data.get("query"):
            self.add_error("query", "A file takes no query.")


@allow(Permission.IMPORT_PROFILES, logs="none: names of files and counts")
def list_feeds(request: ConsoleRequest) -> HttpResponse:
    names = {x.id: x.display_name for x in all_pages(request.store.list_data_mappings)}
    store, feeds = request.store, request.tenant.feeds.order_by("file", "pk")
    ids = {feed.import_id for feed in feeds if feed.taken}
    shown = {each: read_row(store, each).shown for each in ids}
    rows = [
        (feed, names.get(feed.mapping_id, "gone"), shown.get(feed.import_id))
        for feed in feeds
    ]
    has_sources = settings.FEEDS_FOLDER or list_databases(request.tenant)
    context = {"rows": rows, "has_sources": has_sources}
    return render(request, "imports/feeds.html", context)


@allow(Permission.IMPORT_PROFILES, FORM, logs="feed.changed")
def edit_feed(request: ConsoleRequest, number: int = 0) -> HttpResponse:
    """One that is there, or a new one."""
    kept = _get(request, number) if number else Feed(tenant=request.tenant)
    mappings = all_pages(request.store.list_data_mappings)
    data = request.POST if request.method == "POST" else None
    form = FeedForm(data, mappings, kept)
    if form.is_valid():
        changed = [name for name in form.changed_data if name in form.cleaned_data]
        given = {name: form.cleaned_data[name] for name in changed}
        if {*changed} & {*PLACED}:
            begin = form.cleaned_data["watermark"]
            given |= {
                "watermark": begin,
                "former": begin,
                "edge": [],
                "former_edge": [],
            }
        if "every_hours" in given:
            # Not at once: the dry run that comes next is there to be looked at.
            every = timedelta(hours=given["every_hours"] or 0)
            given["due_at"] = timezone.now() + every if every else None
        for name, value in given.items():
            setattr(kept, name, value)
        with transaction.atomic():
            kept.save(update_fields=[*given] if number else None)
            said = ", ".join(changed) if number else "added"
            log(request.actor, "feed.changed", "feed", str(kept.pk), changed=said)
        return redirect("imports:try_feed", request.tenant.slug, kept.pk)
    return render_form(request, "imports/feed.html", {"form": form, "kept": kept})


@allow(Permission.IMPORT_PROFILES, logs="none: numbers of rows and names of columns")
def show_trial(request: ConsoleRequest, number: int) -> HttpResponse:
    """A dry run."""
    feed = _get(request, number)
    off = {"pause": not feed.due_at, "resume": not feed.is_paused}
    moves = [each for each in MOVES.items() if not off.get(each[0])]
    context: dict[str, Any] = {"feed": feed, "moves": moves}
    try:
        context["trial"] = try_feed(feed)
    except (FeedProblem, MemoryProblem) as problem:
        context["problem"] = problem
    return render(request, "imports/trial.html", context)


@allow(Permission.IMPORT_PROFILES, POST, logs="feed.changed")
def move_feed(request: ConsoleRequest, number: int, move: str) -> HttpResponse:
    """Run it now, run all of its rows again, pause, resume or remove it."""
    feed = _get(request, number)
    if move not in MOVES:
        raise Http404
    with transaction.atomic():
        log(request.actor, "feed.changed", "feed", str(feed.pk), changed=move)
        if move == "remove":
            feed.delete()
        elif move in {"pause", "resume"}:
            is_due = move == "resume" and feed.every_hours
            feed.due_at = timezone.now() if is_due else None
            feed.save(update_fields=["due_at"])
        else:
            run_feed.enqueue(feed.pk, again=move == "again")
            messages.info(request, "It runs within a few seconds.")
    return redirect("imports:feeds", request.tenant.slug)


def _get(request: ConsoleRequest, number: int) -> Feed:
    return get_object_or_404(request.tenant.feeds, pk=number)
