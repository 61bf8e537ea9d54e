"""Data mappings run on files: what is new, what is refused, and when nothing runs."""

import base64
import json
import os
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pyarrow import Table
from pyarrow.parquet import write_table
from requests.adapters import HTTPAdapter

from console.audit.models import AuditEntry
from console.pages.imports import feeds, sources
from console.pages.imports.models import Feed
from console.service.memory import models
from console.service.memory.import_jobs import process_import
from console.tenants.vault import open_store
from tests.factories import make_tenant

CANNOT = "The database cannot be queried:"
UNREACHED, UNKNOWN, NO_DRIVER, REFUSED = (
    sources.MEANS[kind]
    for kind in (
        "OperationalError",
        "ProgrammingError",
        "ImportError",
        "SalesforceAuthenticationFailed",
    )
)
MAPPING = "mem_datamapping_01k0000000000000000000000a"
ROWS = (
    "mail,name,changed\na@b.com,Ada,2026-01-01\n,Bo,2026-01-02\nc@b.com,Cy,2026-01-03\n"
)


@pytest.fixture
def folder(settings, tmp_path, tenant):
    settings.FEEDS_FOLDER = str(tmp_path)
    (tmp_path / "acme").mkdir()
    return tmp_path / "acme"


@pytest.fixture
def feed(folder, tenant):
    (folder / "crm.csv").write_text(ROWS)
    columns = {"mail": "email", "name": "firstName"}
    models.DataMapping.objects.create(
        store_id=tenant.store_id,
        id=MAPPING,
        display_name="crm",
        mapping_from={"type": "INGRESS", "columns": [*columns]},
        mapping_to={
            "type": "TRAITS",
            "mappings": [
                {"expression": name, "traitGroup": "Contact", "traitName": trait}
                for name, trait in columns.items()
            ],
        },
        source_type="INGRESS",
        created_at="2026-01-05T09:00:00Z",
        updated_at="2026-01-05T09:00:00Z",
    )
    return Feed.objects.create(
        tenant=tenant, mapping_id=MAPPING, file="crm.csv", watermark_column="changed"
    )


def run(feed):
    """A run, and the memory's own of what it handed over; the feed, and the import."""
    feeds.run_feed.func(feed.pk)
    feed.refresh_from_db()
    if not feed.import_id:
        return feed, None
    process_import.func(feed.tenant.store_id, feed.import_id)
    return feed, open_store(feed.tenant).fetch_import(feed.import_id)


def find(tenant, mail):
    return open_store(tenant).lookup("email", mail).profiles


def url(name, *args):
    return reverse(f"imports:{name}", args=["acme", *args])


def test_feed_brings_rows_in_and_names_what_is_refused(feed, tenant):
    feed, done = run(feed)

    assert (feed.read, feed.taken, feed.told) == (3, 3, "")
    assert (done.rows.stored, done.rows.refused) == (2, 1)
    [refused] = open_store(tenant).list_refusals(feed.import_id).items
    assert refused.item == 3
    assert find(tenant, "a@b.com")


def test_feed_takes_what_is_new_by_its_watermark(feed, folder, tenant):
    run(feed)
    first = feed.import_id
    again, _ = run(feed)
    nothing_new = again.taken, again.import_id == first
    (folder / "crm.csv").write_text(f"{ROWS}d@b.com,Dee,2026-02-01\n,Eve,2026-02-02\n")

    feed, done = run(feed)

    assert nothing_new == (0, True)
    assert (feed.read, feed.taken, feed.watermark) == (5, 2, "2026-02-02")
    assert done.rows.stored == 1
    # By the file's own numbers.
    assert [x.item for x in open_store(tenant).list_refusals(feed.import_id).items] == [
        6
    ]


def test_feed_begins_again_where_an_import_failed(feed, tenant):
    feed, _ = run(feed)
    models.ProfileImport.objects.filter(id=feed.import_id).update(status="FAILED")

    feeds.run_feed.func(feed.pk)

    feed.refresh_from_db()
    assert feed.taken == 3


def test_feed_reads_json_lines(feed, folder, tenant):
    row = {"mail": "j@b.com", "name": "Jo", "changed": 7, "other": [1]}
    (folder / "crm.jsonl").write_text(json.dumps(row) + "\n")
    feed.file = "crm.jsonl"
    feed.save()

    feed, done = run(feed)

    assert (done.rows.stored, feed.watermark) == (1, "7")
    assert find(tenant, "j@b.com")


@pytest.fixture
def parquet(feed, folder):
    rows = [
        {"mail": "p@b.com", "name": "Pia", "changed": datetime(2026, 1, 1, tzinfo=UTC)},
        {"mail": None, "name": "Bo", "changed": datetime(2026, 1, 2, tzinfo=UTC)},
    ]
    write_table(Table.from_pylist(rows), folder / "crm.parquet")
    feed.file = "crm.parquet"
    feed.save()
    return feed


def test_feed_reads_parquet(parquet, tenant):
    feed, done = run(parquet)
    again, _ = run(feed)

    assert (done.rows.stored, done.rows.refused) == (1, 1)
    assert again.taken == 0
    assert feed.watermark.startswith("2026-01-02")
    assert find(tenant, "p@b.com")


def test_feed_says_what_to_install_for_parquet(client, parquet, operator, monkeypatch):
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    client.force_login(operator)
    given = {"mapping_id": MAPPING, "file": "crm.parquet"}

    feed, _ = run(parquet)
    form = client.get(url("add_feed")).text
    added = client.post(url("add_feed"), given)

    assert feed.told == feeds.NO_PARQUET
    assert f"crm.parquet – {feeds.NO_PARQUET}" in form
    assert added.status_code == 422


def test_watermark_compares_numbers_by_their_size(feed, folder):
    (folder / "crm.csv").write_text("mail,name,changed\na@b.com,A,9\nb@b.com,B,10\n")
    feed.watermark = "9"
    feed.save()

    feed, _ = run(feed)

    assert (feed.taken, feed.watermark) == (1, "10")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("off", "Stopped: its data mapping is switched off."),
        ("gone", "Stopped: its data mapping is gone."),
        ("no file", "The file is not there."),
        ("json", "Left out: 1, the first row 2: no JSON object."),
        ("twice", "Two columns are named mail."),
        ("column", "A row has no column changed."),
        ("binary", "The file cannot be read as text, such as UTF-8."),
        ("parquet", "The file cannot be read as Parquet."),
    ],
)
def test_feed_says_why_it_hands_nothing_over(feed, folder, tenant, change, told):
    mapping = models.DataMapping.objects.filter(id=MAPPING)
    if change == "off":
        mapping.update(is_enabled=False)
    elif change == "gone":
        mapping.delete()
    elif change == "no file":
        (folder / "crm.csv").unlink()
    elif change == "json":
        (folder / "crm.jsonl").write_text("[]\n")
        Feed.objects.update(file="crm.jsonl")
    elif change == "parquet":
        (folder / "crm.parquet").write_bytes(b"PAR1 and no more")
        Feed.objects.update(file="crm.parquet")
    elif change == "twice":
        (folder / "crm.csv").write_text("mail,mail,changed\na@b.com,c@b.com,1\n")
    elif change == "column":
        (folder / "crm.csv").write_text("mail,name\na@b.com,Ada\n")
    else:
        (folder / "crm.csv").write_bytes(b"mail,name,changed\n\x81\xfe,a,1\n")

    feed, done = run(feed)

    assert (feed.told, done) == (told, None)
    assert feed.watermark == ""


def test_feed_leaves_out_rows_that_cannot_be_read(feed, folder, tenant):
    rows = [
        "sep=;",
        "mail;name;changed;note",
        "a@b.com;Zoë;2026-01-01;",
        "",
        "b@b.com;Bo, Jr.;2026-01-02",
        f"c@b.com;Cy;2026-01-03;{'x' * 140_000}",
        "d@b.com;D\0;2026-01-04;",
        f"e@b.com;{'=1+1' * 500};2026-01-05;",
    ]
    (folder / "crm.csv").write_text("\n".join(rows), encoding="cp1252")

    trial = feeds.try_feed(feed)
    feed, done = run(feed)

    assert trial["bad"] == 2 + 2
    assert feed.told == "Left out: 2, the first row 4: 3 cells, but 4 in the header."
    assert (feed.read, feed.taken, done.status) == (6, 3, "COMPLETED")
    refused = open_store(tenant).list_refusals(feed.import_id).items
    assert [each.item for each in refused] == [6, 7]
    [id_] = find(tenant, "a@b.com")
    assert "Zoë" in [each.value for each in open_store(tenant).list_traits(id_).items]


def test_feed_of_a_long_cell_costs_that_cell(feed, folder, tenant):
    row = {"mail": "a@b.com", "name": "x" * 2_000_000, "changed": "2026-01-01"}
    (folder / "crm.jsonl").write_text(json.dumps(row))
    Feed.objects.update(file="crm.jsonl")

    _, done = run(feed)

    assert (done.status, done.rows.stored) == ("COMPLETED", 1)
    assert find(tenant, "a@b.com")


def test_feed_fills_several_traits_from_a_column_and_says_which_is_gone(feed, tenant):
    columns = [("name", "firstName"), ("name", "lastName"), ("mail", "email")]
    columns += [("town", "city")]
    mappings = [
        {"expression": name, "traitGroup": "Contact", "traitName": trait}
        for name, trait in columns
    ]
    models.DataMapping.objects.update(
        mapping_to={"type": "TRAITS", "mappings": mappings}
    )

    feed, done = run(feed)

    assert feed.told == "No row has the column town."
    assert done.rows.stored == 2
    [id_] = find(tenant, "a@b.com")
    values = [each.value for each in open_store(tenant).list_traits(id_).items]
    assert values.count("Ada") == 2


def test_watermark_takes_what_came_later_with_the_same_moment(feed, folder):
    first, _ = run(feed)
    taken = [first.taken]
    for more in ("d@b.com,Dee,2026-01-03\n", "", "e@b.com,Eve,2026-01-02\n"):
        with (folder / "crm.csv").open("a") as file:
            file.write(more)
        feed, _ = run(feed)
        taken.append(feed.taken)

    assert taken == [3, 1, 0, 0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-01-01T10:00:00+02:00", "2026-01-01T09:00:00Z"),
        ("2026-01-01 08:59:59", "2026-01-01T09:00:00+00:00"),
        ("2026-01-01", "2026-01-01T01:00:00+0000"),
        ("nan", "zero"),
    ],
)
def test_watermark_compares_times_by_when_they_are(feed, folder, before, after):
    rows = f"mail,name,changed\na@b.com,A,{after}\nb@b.com,B,{before}\n"
    (folder / "crm.csv").write_text(rows)
    feed.watermark = before
    feed.save()

    feed, _ = run(feed)

    assert (feed.taken, feed.watermark) == (1, after)


@pytest.mark.parametrize("stop", ["off", "removed"])
def test_feed_hands_nothing_over_that_was_stopped_meanwhile(
    feed, tenant, monkeypatch, stop
):
    def read_and_stop(*given):
        said = sources.read_in_time(*given)
        if stop == "off":
            models.DataMapping.objects.update(is_enabled=False)
        else:
            Feed.objects.all().delete()
        return said

    monkeypatch.setattr(feeds, "read_in_time", read_and_stop)

    feeds.run_feed.func(feed.pk)

    assert not models.ProfileImport.objects.exists()
    told = ["Stopped: its data mapping is switched off."] if stop == "off" else []
    assert [*Feed.objects.values_list("told", flat=True)] == told


def test_feed_runs_at_its_times(feed):
    due = timezone.now() - timedelta(minutes=1)
    Feed.objects.update(every_hours=24, due_at=due)

    feeds.start_due_feeds()
    feeds.start_due_feeds()

    feed.refresh_from_db()
    assert feed.due_at > timezone.now() + timedelta(hours=23)


def test_show_trial_says_what_would_be_refused_and_no_value(
    client, feed, operator, tenant
):
    client.force_login(operator)

    page = client.get(url("try_feed", feed.pk)).text

    assert "3 new rows read, 1 with a problem" in page
    assert "nothing in it identifies a customer" in page
    assert "Row 3" in page
    assert "filled in 2 of 3" in page
    assert "Ada" not in page
    assert not find(tenant, "a@b.com")


def test_try_feed_refuses_what_a_run_refuses_and_says_the_same_of_it(
    feed, folder, tenant
):
    lines = [
        {"mail": "n/a", "name": "Ada"},
        {"mail": "ada at home", "name": "Ada"},
        {"mail": "a@b.com", "name": "Ada"},
        {"mail": "b@b.com", "name": "x" * 2000},
        {"mail": "c@b.com", "name": "Cy\u0007"},
        {"mail": f"{'d' * 250}@b.com", "name": "Di"},
        {"mail": "  ", "name": "Eve"},
    ]
    (folder / "crm.jsonl").write_text("\n".join(map(json.dumps, lines)))
    Feed.objects.update(file="crm.jsonl", watermark_column="")
    feed.refresh_from_db()

    trial = feeds.try_feed(feed)
    feed, done = run(feed)

    said = {(number, why) for number, column, why in trial["problems"] if column}
    refused = open_store(tenant).list_refusals(feed.import_id).items
    assert {(each.item, each.reason) for each in refused if each.field} == said
    assert {number for number, *_ in trial["problems"]} == {x.item for x in refused}
    assert done.rows.stored == 3


def test_add_feed_leads_to_its_trial_and_is_listed(client, feed, operator):
    run(feed)
    client.force_login(operator)
    given = {"mapping_id": MAPPING, "file": "crm.csv", "every_hours": "24"}

    begun = client.get(url("add_feed")).context["form"]["name"].value()
    added = client.post(url("add_feed"), given)
    made = Feed.objects.order_by("pk").last()
    listed = client.get(url("feeds")).text

    assert begun == ""
    assert added.url == url("try_feed", made.pk)
    assert (made.every_hours, made.watermark_column) == (24, "")
    assert "crm.csv" in listed
    assert "2 stored" in listed
    assert "1 refused" in listed


def test_edit_feed_keeps_the_watermark_unless_what_it_is_of_changes(
    client, feed, folder, operator
):
    run(feed)
    (folder / "shop.csv").write_text(ROWS)
    client.force_login(operator)
    address, mark = url("edit_feed", feed.pk), "watermark_column"
    given = {"mapping_id": MAPPING, "file": "crm.csv", mark: "changed"}

    page = client.get(address).text
    client.post(address, given | {"name": "Shop", "every_hours": "24"})
    named = Feed.objects.get()
    client.post(address, given | {"file": "shop.csv", "watermark": "2026-01-02"})
    moved, _ = run(feed)

    assert "2026-01-03" not in page
    assert (str(named), named.watermark) == ("Shop", "2026-01-03")
    assert named.due_at > timezone.now() + timedelta(hours=23)
    assert (str(moved), moved.taken, moved.due_at) == ("shop.csv", 1, None)
    told = AuditEntry.objects.filter(action="feed.changed").order_by("seq")
    assert [each.details["changed"] for each in told] == [
        "name, every_hours",
        "name, file, watermark, every_hours",
    ]


def test_edit_feed_stands_while_it_runs_and_with_a_source_that_is_gone(
    client, feed, folder, operator, monkeypatch
):
    (folder / "shop.csv").write_text(ROWS)
    client.force_login(operator)
    given = {"mapping_id": MAPPING, "file": "shop.csv", "watermark_column": "changed"}
    read = feeds.read_in_time

    def edit(*args):
        client.post(url("edit_feed", feed.pk), given)
        return read(*args)

    monkeypatch.setattr(feeds, "read_in_time", edit)
    feeds.run_feed.func(feed.pk)
    feed.refresh_from_db()
    (folder / "shop.csv").unlink()
    models.DataMapping.objects.all().delete()
    page = client.get(url("edit_feed", feed.pk)).text

    assert (feed.file, feed.watermark) == ("shop.csv", "")
    assert "shop.csv – gone" in page
    assert ">gone</option>" in page


def test_move_feed_pauses_and_resumes_it(client, feed, operator):
    Feed.objects.update(every_hours=24, due_at=timezone.now())
    client.force_login(operator)

    client.post(url("move_feed", feed.pk, "pause"))
    listed = client.get(url("feeds")).text
    trial = client.get(url("try_feed", feed.pk)).text
    client.post(url("move_feed", feed.pk, "resume"))
    feed.refresh_from_db()

    assert "paused" in listed
    assert "Resume" in trial
    assert "Pause<" not in trial
    assert (feed.due_at is None, feed.every_hours) == (False, 24)


def test_move_feed_removes_it(client, feed, operator):
    client.force_login(operator)

    answer = client.post(url("move_feed", feed.pk, "remove"))

    assert answer.url == url("feeds")
    assert not Feed.objects.exists()


def test_feed_reads_no_other_tenants_folder(client, feed, folder, operator):
    make_tenant("other")
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "secret.csv").write_text(ROWS)
    (folder / "link.csv").symlink_to("../other/secret.csv")
    os.mkfifo(folder / "pipe.csv")
    client.force_login(operator)

    for name in ("secret.csv", "../other/secret.csv", "link.csv", "pipe.csv"):
        answer = client.post(url("add_feed"), {"mapping_id": MAPPING, "file": name})
        Feed.objects.filter(pk=feed.pk).update(file=name)
        feeds.run_feed.func(feed.pk)
        feed.refresh_from_db()

        assert answer.status_code == 422
        assert feed.told == "The file is not there."
    other = reverse("imports:try_feed", args=["other", feed.pk])
    assert client.get(other).status_code == 404


def test_list_feeds_says_that_there_is_no_folder(client, settings, operator, tenant):
    settings.FEEDS_FOLDER = ""
    client.force_login(operator)

    assert "sets FEEDS_FOLDER" in client.get(url("feeds")).text


def test_add_feed_says_what_to_add_first(client, settings, operator, tenant, feed):
    client.force_login(operator)

    settings.FEEDS_FOLDER = ""
    without_source = client.get(url("add_feed")).text
    models.DataMapping.objects.all().delete()
    without_mapping = client.get(url("add_feed")).text

    assert "First add a source" in without_source
    assert "First add a data mapping" in without_mapping
    assert "Save" not in without_source + without_mapping


@pytest.fixture
def database(feed, tmp_path, settings):
    path = tmp_path / "crm.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE people (mail, name, changed)")
        made.execute("INSERT INTO people VALUES ('q@b.com', 'Quinn', 1), ('', 'Bo', 2)")
        made.commit()
    settings.FEEDS_DATABASES = {
        "acme/crm": f"sqlite:///{path}",
        "acme/arrow": f"adbc:sqlite:{path}",
        "acme/nowhere": "adbc:postgresql:postgresql://reader:secret@127.0.0.1:1/crm",
        "acme/other": "adbc:unheard-of:secret",
        "other/theirs": f"sqlite:///{path}",
    }
    query = "SELECT * FROM people WHERE changed > CAST(:since AS INTEGER)"
    Feed.objects.update(file="crm", query=query, watermark="0")
    feed.refresh_from_db()
    return path


@pytest.mark.parametrize("name", ["crm", "arrow"])
def test_feed_queries_a_database_from_its_watermark_on(feed, database, tenant, name):
    Feed.objects.update(file=name)
    feed.refresh_from_db()

    first, done = run(feed)
    rows = done.rows.stored, done.rows.refused, first.watermark
    again, _ = run(feed)

    assert rows == (1, 1, "2")
    assert again.taken == again.read == 0
    assert find(tenant, "q@b.com")


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL")
def test_feed_queries_postgresql_by_adbc(feed, settings):
    at = connection.settings_dict
    url = f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}"
    settings.FEEDS_DATABASES = {"acme/crm": f"adbc:postgresql:{url}/{at['NAME']}"}
    query = (
        "SELECT 'q@b.com' AS mail, CAST(:since AS int) + 1 AS changed, :since AS name"
    )
    Feed.objects.update(file="crm", query=query, watermark="1")
    feed.refresh_from_db()

    feed, done = run(feed)

    assert (feed.told, feed.watermark, done.rows.stored) == ("", "2", 1)


@pytest.mark.parametrize("name", ["crm", "arrow"])
def test_feed_commits_nothing_in_a_database(feed, database, name):
    Feed.objects.update(file=name, query="DELETE FROM people RETURNING *")
    feed.refresh_from_db()

    run(feed)

    with closing(sqlite3.connect(database)) as made:
        assert made.execute("SELECT count(*) FROM people").fetchone() == (2,)


@pytest.mark.parametrize(
    ("name", "query", "told"),
    [
        ("crm", "SELECT * FROM nothing", f"{CANNOT} {UNREACHED} (OperationalError)."),
        ("arrow", "SELECT * FROM nothing", f"{CANNOT} {UNKNOWN} (ProgrammingError)."),
        ("nowhere", "SELECT 1", f"{CANNOT} {UNREACHED} (OperationalError)."),
        ("other", "SELECT 1", f"{CANNOT} {NO_DRIVER} (adbc_driver_unheard-of)."),
        ("theirs", "SELECT 1", "The database is not declared."),
    ],
)
def test_feed_says_why_a_database_is_not_queried(feed, database, name, query, told):
    Feed.objects.update(file=name, query=query)
    feed.refresh_from_db()

    feed, done = run(feed)

    assert (feed.told, done) == (told, None)


def test_feed_leaves_a_database_behind_that_hangs(feed, settings, monkeypatch):
    monkeypatch.setattr(sources, "READ_S", 0.1)
    monkeypatch.setattr(sources, "TRIAL_S", 0.1)
    Feed.objects.update(file="mute", query="SELECT 1")
    feed.refresh_from_db()

    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"postgresql://reader@127.0.0.1:{mute.getsockname()[1]}/crm"
        settings.FEEDS_DATABASES = {"acme/mute": f"adbc:postgresql:{address}"}
        with pytest.raises(sources.FeedProblem):
            feeds.try_feed(feed)
        feed, done = run(feed)

    assert (feed.told, done) == ("It was not read within 0.1 seconds.", None)


def test_add_feed_of_a_database_needs_a_query(client, feed, database, operator):
    client.force_login(operator)
    given = {"mapping_id": MAPPING, "file": "crm"}

    without = client.post(url("add_feed"), given)
    file = client.post(url("add_feed"), given | {"file": "crm.csv", "query": "x"})

    assert "Enter the query of this database." in without.text
    assert "A file takes no query." in file.text


class Salesforce(BaseHTTPRequestHandler):
    """Logs in by both of its ways, and answers a query in two pages."""

    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(self.path)
        if self.path.endswith("/jobs/query"):
            self.server.query = json.loads(sent)["query"]
            if "GROUP BY" in self.server.query:
                self.answer(400, [{"errorCode": "API_ERROR", "message": "GROUP BY"}])
            else:
                self.answer(200, {"id": "750job", "state": "UploadComplete"})
        elif self.path.startswith("/session/"):  # Snowflake's
            self.answer(200, {"success": False, "code": "390100", "data": {}})
        elif self.path.endswith("/oauth2/token"):
            basic = base64.b64encode(b"key:se/cret").decode()
            known = self.headers["Authorization"] == f"Basic {basic}"
            url = "https://acme.my.salesforce.com"
            told = {"access_token": "session", "instance_url": url}
            self.answer(200, told) if known else self.answer(400, {"error": "no"})
        else:
            assert "<n1:password>secrettoken</n1:password>" in sent
            url = "https://acme.my.salesforce.com/services/Soap/u/59.0/00D"
            self.answer(
                200,
                f"<x><sessionId>session</sessionId><serverUrl>{url}</serverUrl></x>",
            )

    def do_GET(self):
        url = urlsplit(self.path)
        self.server.asked.append(parse_qs(url.query).get("q", [url.path])[0])
        assert self.headers["Authorization"] == "Bearer session"
        if "FROM Nothing" in self.server.asked[-1]:
            self.answer(400, [{"errorCode": "INVALID_TYPE", "message": "Ada"}])
            return
        if url.path.endswith("/750job"):
            self.answer(200, {"id": "750job", "state": "JobComplete"})
            return
        if url.path.endswith("/750job/results"):
            is_last = "locator" in parse_qs(url.query)
            number = 4 if is_last else 3
            changed = f"2026-01-0{number}T00:00:00.000Z"
            head = {"Sforce-NumberOfRecords": "1"}
            head["Sforce-Locator"] = "null" if is_last else "MTAw"
            columns = '"mail","Account.Name","changed"'
            row = f'"s{number}@b.com","Alpine","{changed}"'
            self.answer(200, f"{columns}\n{row}\n", head)
            return
        number = 2 if url.path.endswith("-2000") else 1
        parent = {"attributes": {"type": "Account"}, "Name": "Alpine"}
        record = {
            "attributes": {"type": "Contact"},
            "mail": f"s{number}@b.com",
            "Account": parent,
            "changed": f"2026-01-0{number}T00:00:00.000+0000",
        }
        more = {"nextRecordsUrl": "/services/data/v59.0/query/01g-2000"}
        page = {
            "totalSize": self.server.total,
            "done": number == 2,
            "records": [record],
        }
        self.answer(200, page if number == 2 else page | more)

    def answer(self, status, told, more=()):
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def salesforce(feed, settings, monkeypatch):
    """All that simple-salesforce asks of its hosts is asked of this one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Salesforce)
    server.asked, server.total = [], 2
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    send = HTTPAdapter.send

    def send_here(self, request, **how):
        request.url = f"http://127.0.0.1:{server.server_port}{request.path_url}"
        return send(self, request, **how)

    monkeypatch.setattr(HTTPAdapter, "send", send_here)
    settings.FEEDS_DATABASES = {"acme/crm": "salesforce://key:se%2Fcret@acme.my"}
    query = "SELECT mail, Account.Name FROM Contact WHERE changed > :since"
    Feed.objects.update(file="crm", query=query, watermark="2025-12-31T00:00:00Z")
    models.DataMapping.objects.update(
        mapping_to={
            "type": "TRAITS",
            "mappings": [
                {"expression": name, "traitGroup": "Contact", "traitName": trait}
                for name, trait in {
                    "mail": "email",
                    "Account.Name": "firstName",
                }.items()
            ],
        }
    )
    feed.refresh_from_db()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("login", ["key:se%2Fcret@acme.my", "u:secret@login"])
def test_feed_queries_salesforce(feed, salesforce, settings, tenant, login):
    if login.startswith("u:"):
        login = f"{login}?security_token=token"
        settings.FEEDS_DATABASES = {"acme/crm": f"salesforce://{login}"}

    feed, done = run(feed)

    assert (feed.told, feed.read, done.rows.stored) == ("", 2, 2)
    assert salesforce.asked[1].endswith("changed > 2025-12-31T00:00:00Z")
    assert feed.watermark == "2026-01-02T00:00:00.000+0000"
    [id_] = find(tenant, "s2@b.com")
    traits = open_store(tenant).list_traits(id_).items
    assert "Alpine" in [each.value for each in traits]


@pytest.mark.parametrize(
    ("ending", "last"), [("", "2026-01-04"), (" GROUP BY mail", "2026-01-02")]
)
def test_feed_reads_many_rows_of_salesforce_by_a_bulk_job_where_one_takes_them(
    feed, salesforce, monkeypatch, ending, last
):
    monkeypatch.setattr(sources, "BULK_WAIT_S", 0)
    salesforce.total = sources.BULK_FROM + 1
    Feed.objects.update(query=feed.query + ending)
    feed.refresh_from_db()

    trial = feeds.try_feed(feed)
    jobs = [each for each in salesforce.asked if "jobs" in each]
    feed, done = run(feed)

    assert (trial["sample"], jobs) == (2, [])
    assert (feed.told, feed.read, done.rows.stored) == ("", 2, 2)
    assert feed.watermark.startswith(last)
    assert salesforce.query.endswith(f"changed > 2025-12-31T00:00:00Z{ending}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"query": "SELECT Id FROM Nothing"},
            f"{UNKNOWN} (SalesforceMalformedRequest)",
        ),
        ({"file": "wrong"}, f"{REFUSED} (SalesforceAuthenticationFailed)"),
        ({"file": "unknown"}, "its address is not complete (TypeError)"),
        ({"file": "snowflake"}, f"{UNREACHED} (OperationalError)"),
    ],
)
def test_feed_says_why_salesforce_is_not_queried(
    feed, salesforce, settings, change, told
):
    host = f"127.0.0.1:{salesforce.server_port}"
    settings.FEEDS_DATABASES = {
        "acme/crm": "salesforce://key:se%2Fcret@acme.my",
        "acme/wrong": "salesforce://key:other@acme.my",
        "acme/unknown": "salesforce://key:x@login?what=1",
        "acme/snowflake": f"adbc:snowflake:u:pw@{host}/db/s?account=a&protocol=http",
    }
    Feed.objects.update(**change)
    feed.refresh_from_db()

    feed, done = run(feed)

    assert feed.told == f"{CANNOT} {told}."
    assert done is None


def test_feed_quotes_a_watermark_that_is_a_text(feed, salesforce):
    Feed.objects.update(watermark="O'Hara")
    feed.refresh_from_db()

    run(feed)

    assert salesforce.asked[1].endswith(r"changed > 'O\'Hara'")
