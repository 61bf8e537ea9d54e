"""Files on their way to a memory: announced to it, uploaded where it says. 11.7."""

import io

import httpx
import pytest

from console.client import http
from console.client.errors import MemoryRefused, MemoryUnreachable
from console.contract.memory.profile_import import ColumnMapping, CreateImport
from tests.client.conftest import ORIGIN, PROFILES_PATH, Memory, refused

IMPORT = "mem_import_01k0000000000000000000000a"
CSV = b"mail,first\na@b.com,Ada\n"
FILE = CreateImport(
    filename="people.csv",
    file_size=len(CSV),
    column_mappings=[
        ColumnMapping(column_name="mail", trait_group="Contact", trait_name="email"),
        ColumnMapping(column_name="first", trait_group="Contact", trait_name="city"),
    ],
)


def announced(url: str) -> dict:
    moment = "2026-01-05T09:00:00Z"
    more = {"operationId": "x", "createdAt": moment, "statusUrl": url}
    return {"importId": IMPORT, "url": url} | more


def test_create_import_uploads_without_credentials():
    memory = Memory(
        announced(f"{ORIGIN}/v1/Uploads/{IMPORT}?signature=s"), httpx.Response(200)
    )

    import_id = memory.store.create_import(FILE, io.BytesIO(CSV))

    announcement, upload = memory.requests
    assert import_id == IMPORT
    assert memory.sent == [
        f"POST {PROFILES_PATH}/Imports",
        f"PUT /v1/Uploads/{IMPORT}?signature=s",
    ]
    assert "Authorization" in announcement.headers
    assert "Authorization" not in upload.headers
    assert upload.headers["Content-Length"] == str(len(CSV))
    assert upload.content == CSV


def test_create_import_uploads_to_another_machine(monkeypatch):
    memory = Memory(announced("https://files.example/a?signature=s"))
    files = Memory(httpx.Response(200))
    opened = []

    def open_http(origin: str) -> httpx.Client:
        opened.append(origin)
        return httpx.Client(transport=httpx.MockTransport(files), base_url=origin)

    monkeypatch.setattr(http, "http_for", open_http)

    memory.store.create_import(FILE, io.BytesIO(CSV))

    assert opened == ["https://files.example"]
    assert files.sent == ["PUT /a?signature=s"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (refused(403), MemoryRefused),
        (httpx.ConnectError("no"), MemoryUnreachable),
    ],
)
def test_create_import_raises_what_became_of_the_upload(answer, problem):
    memory = Memory(announced(f"{ORIGIN}/v1/Uploads/x"), answer)

    with pytest.raises(problem):
        memory.store.create_import(FILE, io.BytesIO(CSV))


def test_fetch_import_takes_what_a_hosted_memory_leaves_out():
    memory = Memory(
        {
            "status": "FAILED",
            "filename": "people.csv",
            "createdAt": "2026-01-05T09:00:00Z",
        }
    )

    shown = memory.store.fetch_import(IMPORT)

    assert (shown.summary.errors, shown.rows, shown.column_mappings) == (0, None, ())
