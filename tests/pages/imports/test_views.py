"""Importing customers from a file, for operators."""

import csv
import io
import re

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.memory.profile_import import UPLOAD_SALT
from console.service.memory import models
from console.service.memory.import_jobs import process_import
from console.tenants.vault import open_store
from tests.factories import move_tenant
from tests.pages.odd_memory import OddMemory, serving

HTMX = {"HX-Request": "true"}
CSV = "E-mail;First name;phone;Note\na@b.com;Ada;n/a;x\n;Bo;;\nb@b.com\nc@b.com;Cy;;\n"
CHOSEN = {
    "column-0": "Contact.email",
    "column-1": "Contact.firstName",
    "column-2": "Contact.phone",
}


def url(name, *args):
    return reverse(f"imports:{name}", args=["acme", *args])


def file(content=CSV, name="people.csv"):
    raw = content.encode() if isinstance(content, str) else content
    return SimpleUploadedFile(name, raw, "text/csv")


@pytest.fixture
def operator_client(client, operator, tenant):
    client.force_login(operator)
    return client


@pytest.fixture
def start(operator_client):
    """Imports a file as the page does; its id."""

    def run(content=CSV, chosen=CHOSEN, *, read=True):
        response = operator_client.post(url("add"), {"file": file(content)} | chosen)
        assert response.status_code == 302, response.text
        import_id = response.url.rstrip("/").rpartition("/")[2]
        if read:
            store_id = models.ProfileImport.objects.get(id=import_id).store_id
            process_import.func(store_id, import_id)
        return import_id

    return run


def test_add_signs_the_address_to_which_the_file_goes(operator_client):
    """Without a signature the web server keeps no body of that size."""
    page = operator_client.get(url("add")).text

    for attribute in ("action", "hx-post"):
        [signature] = re.findall(rf'\s{attribute}="[^"]*signature=([^"]+)"', page)
        assert signing.loads(signature, salt=UPLOAD_SALT) == ["", "acme"]


def test_add_names_the_columns_that_were_left_out(operator_client):
    content = "E-mail;First name;Note;;E-mail2;Note\na@b.com;Ada;x;;;y\n"
    chosen = {"column-0": "Contact.email", "column-1": "Contact.firstName"}

    page = operator_client.post(
        url("add"), {"file": file(content)} | chosen, follow=True
    ).text

    assert "Left out: Note, column 4, E-mail2, Note." in page


def test_detail_counts_a_refused_row_once(operator_client, start):
    page = operator_client.get(url("detail", start())).text

    assert "2 refused" in page
    assert "with errors" not in page


def test_list_imports_says_so_when_there_are_none(operator_client):
    response = operator_client.get(url("list"))

    assert "Nothing imported yet" in response.text
    assert "Import a file" in response.text


def test_list_imports_shows_each_with_its_counts(operator_client, start):
    start()

    response = operator_client.get(url("list"))

    [row] = response.context["imports"]
    assert (row.shown.filename, row.shown.rows.stored) == ("people.csv", 2)
    assert "completed" in response.text


class HostedMemory(OddMemory):
    """It knows imports as the contract has them."""

    def read(self, path):
        if path.endswith("/Imports"):
            return {"imports": [HOSTED, BROKEN], "meta": {"key": "imports"}}
        if "/Imports/" in path:
            return {
                "status": "COMPLETED",
                "filename": "people.csv",
                "createdAt": "2026-01-05T09:00:00Z",
                "summary": {"errors": 1, "warnings": 0},
            }
        if path.endswith("/DataMappings"):
            return {"dataMappings": None}
        return super().read(path)


HOSTED = "mem_import_01k0000000000000000000000a"
BROKEN = "mem_import_01k0000000000000000000000b"


@pytest.fixture
def hosted(settings, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    failing = {BROKEN: 500, "/Refusals": 404}
    with serving(HostedMemory(failing=failing)) as memory:
        move_tenant(tenant, memory.address)
        yield memory


def test_list_imports_loses_one_row_to_one_call_that_fails(operator_client, hosted):
    response = operator_client.get(url("list"))

    good, broken = response.context["imports"]
    assert (good.shown.filename, good.problem) == ("people.csv", "")
    assert broken.shown is None
    assert broken.problem in response.text


def test_detail_of_a_hosted_memory_says_what_it_does_not_tell(operator_client, hosted):
    response = operator_client.get(url("detail", HOSTED))

    assert response.status_code == 200
    assert "1 row with errors" in response.text
    assert "This memory counts errors and does not name them." in response.text


def test_columns_offers_what_the_names_share_with_traits(operator_client):
    response = operator_client.post(url("columns"), {"file": file()}, headers=HTMX)

    fields = response.context["columns"].fields
    initials = {field.label: field.initial for field in fields.values()}
    assert initials == {
        "E-mail": "Contact.email",
        "First name": "Contact.firstName",
        "phone": "Contact.phone",
        "Note": "",
    }


def test_columns_follows_a_data_mapping(operator_client, tenant):
    models.DataMapping.objects.create(
        store_id=tenant.store_id,
        id="mem_datamapping_01k0000000000000000000000a",
        display_name="crm",
        mapping_from={"type": "INGRESS", "columns": ["Note"]},
        mapping_to={
            "type": "TRAITS",
            "mappings": [
                {"expression": "Note", "traitGroup": "Contact", "traitName": "city"}
            ],
        },
        source_type="INGRESS",
        created_at="2026-01-05T09:00:00Z",
        updated_at="2026-01-05T09:00:00Z",
    )
    [mapping] = open_store(tenant).list_data_mappings().items

    response = operator_client.post(
        url("columns"), {"file": file(), "mapping": mapping.id}, headers=HTMX
    )

    fields = response.context["columns"].fields.values()
    assert [field.initial for field in fields] == ["", "", "", "Contact.city"]


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("E-mail,Zoë\n".encode("utf-16"), ["E-mail", "Zoë"]),
        ("\ufeff E-mail \tZoë\n".encode(), ["E-mail", "Zoë"]),
        ("E-mail;Zoë\n".encode("cp1252"), ["E-mail", "Zoë"]),
        (b'\n"a, b",c\n', ["a, b", "c"]),
    ],
)
def test_columns_reads_a_header_in_each_form(operator_client, content, header):
    response = operator_client.post(url("columns"), {"file": file(content)})

    assert list(response.context["columns"].columns.values()) == header


def test_columns_refuses_more_than_a_page_can_offer(operator_client):
    content = ",".join(f"column {number}" for number in range(2_000))

    response = operator_client.post(
        url("columns"), {"file": file(content)}, headers=HTMX
    )

    assert "names more than 200 columns" in response.text
    assert response.context["columns"] is None


@pytest.mark.parametrize("content", ["one column\n", '"a,b\n', "\n\n"])
def test_columns_says_what_is_no_header(operator_client, content):
    response = operator_client.post(
        url("columns"), {"file": file(content)}, headers=HTMX
    )

    assert "Its first row" in response.text


def test_columns_asks_for_csv_instead_of_a_workbook(operator_client):
    workbook = SimpleUploadedFile("people.xlsx", b"PK\x03\x04\x14,\n")

    response = operator_client.post(url("columns"), {"file": workbook}, headers=HTMX)
    without = operator_client.post(url("add"), headers=HTMX).text

    assert "save it as CSV" in response.text
    # At the field itself, which takes its own place.
    assert '<ul class="errorlist" id="id_file_error"><li>Choose a file.' in without
    assert 'hx-swap-oob="true"' in without


def test_add_names_a_column_that_stands_twice(operator_client):
    chosen = {"column-2": "Contact.firstName"}

    response = operator_client.post(
        url("add"), {"file": file("email,email,name\n")} | chosen
    )

    assert response.status_code == 422
    assert "Two columns are named email." in response.text


def test_add_says_that_a_file_is_empty(operator_client):
    response = operator_client.post(url("add"), {"file": file("")})

    assert "it needs a header row" in response.text


def test_detail_says_that_a_file_has_no_rows(operator_client, start):
    import_id = start("E-mail,First name\n")

    page = operator_client.get(url("detail", import_id)).text

    assert "no row below it" in page


def test_detail_says_that_a_cell_is_too_long(operator_client, start):
    import_id = start(f"E-mail,First name\na@b.com,{'x' * 200_000}\n")

    page = operator_client.get(url("detail", import_id)).text

    assert "Row 2: not valid CSV, a cell has more than 131,072 characters" in page


def test_add_shows_the_form(operator_client):
    response = operator_client.get(url("add"))

    assert response.status_code == 200
    assert 'enctype="multipart/form-data"' in response.text


def test_add_asks_for_columns_first_without_javascript(operator_client):
    response = operator_client.post(url("add"), {"file": file()})

    assert response.status_code == 422
    assert "Choose the file again" in response.text
    assert not models.ProfileImport.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"column-0": "Contact.email"}, "Choose a trait for 2 to 100 columns."),
        (
            {"column-0": "Contact.city", "column-1": "Contact.firstName"},
            "Contact.email, Contact.phone",
        ),
        (
            {"column-0": "Contact.email", "column-1": "Contact.email"},
            "Only one column can fill this trait.",
        ),
        ({"column-0": "Contact.shoe"}, "Choose one of the options."),
    ],
)
def test_add_refuses_columns_that_name_nobody(operator_client, chosen, words):
    response = operator_client.post(url("add"), {"file": file()} | chosen, headers=HTMX)

    assert response.status_code == 422
    assert words in response.text
    assert not models.ProfileImport.objects.exists()


def test_add_hands_the_file_to_the_memory_and_records_it(
    operator_client, start, tenant
):
    import_id = start(read=False)

    row = models.ProfileImport.objects.get(id=import_id)
    entry = AuditEntry.objects.get(action="import.started")
    assert (row.status, row.store_id) == ("PROCESSING", tenant.store_id)
    assert (entry.outcome, entry.object_id) == ("done", import_id)
    assert entry.details == {"bytes": len(CSV), "columns": 3}
    assert "people" not in str(entry.details)


def test_detail_asks_again_while_the_import_runs(operator_client, start):
    import_id = start(read=False)

    response = operator_client.get(url("detail", import_id), headers=HTMX)

    assert 'hx-trigger="load delay:2s"' in response.text
    assert "<progress" in response.text


def test_detail_names_what_was_refused_and_stops_asking(operator_client, start):
    response = operator_client.get(url("detail", start()), headers=HTMX)

    assert "hx-trigger" not in response.text
    rows = response.context["refusals"].rows
    assert [(row.item, row.field, row.stored) for row in rows] == [
        (2, "phone", True),
        (3, "", False),
        (4, "", False),
    ]
    assert "2 stored" in response.text


def test_detail_says_why_an_import_failed(operator_client, start):
    import_id = start('E-mail,First name,phone\n"a@b.com,Ada\n')

    response = operator_client.get(url("detail", import_id))

    assert "Nothing of the file was stored. Row 2: not valid CSV" in response.text


def test_refusals_is_a_file_for_spreadsheets(operator_client, start):
    import_id = start(
        "=1+1,First name\n5,Ada\n",
        {"column-0": "Contact.email", "column-1": "Contact.firstName"},
    )

    response = operator_client.get(url("refusals", import_id))

    content = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert response["Content-Disposition"].startswith("attachment")
    assert rows[0] == ["row", "column", "reason", "row stored"]
    assert rows[1][:2] == ["2", "'=1+1"]
    assert rows[1][3] == "no"


def test_list_imports_shows_what_a_bulk_write_skipped(operator_client, tenant):
    store = open_store(tenant)
    people = [{"traits": {"Contact": {"email": "a@b.com"}}}, {"traits": {}}]
    body = {"profiles": people}
    path = f"/v1/Stores/{tenant.store_id}/Profiles/Bulk"
    told = store._sender.send("PUT", path, dict, body=body).content

    response = operator_client.get(url("list"), {"operation": told["operationId"]})

    assert "1 of 2 profiles were skipped" in response.text
    assert [row.item for row in response.context["operation"].refusals] == [1]


def test_imports_are_for_operators(client, agent, officer):
    for person in (agent, officer):
        client.force_login(person)

        assert client.get(url("list")).status_code == 403
        assert client.post(url("add"), {"file": file()}).status_code == 403
