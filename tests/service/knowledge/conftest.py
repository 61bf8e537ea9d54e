"""Knowledge as a client meets it."""

from collections.abc import Callable
from typing import Any

import pytest

from console.service.knowledge.ingestion import read_source
from tests.service.conftest import (  # noqa: F401
    Api,
    api,
    assert_refused,
    http,
    leave_the_memorys_urls,
    make_api,
)

BASES = "/v2/ControlPlane/KnowledgeBases"


@pytest.fixture
def make_base(api: Api) -> Callable[..., str]:  # noqa: F811
    """Answers its id."""

    def make(name: str = "help-centre", *, by: Api = api) -> str:
        done = by.result(by("POST", BASES, {"displayName": name}))
        return str(done["result"]["id"])

    return make


@pytest.fixture
def base(make_base: Callable[..., str]) -> str:
    return make_base()


@pytest.fixture
def sources(base: str) -> str:
    return f"/v2/KnowledgeBases/{base}/Knowledge"


@pytest.fixture
def add(api: Api, sources: str) -> Callable[..., dict[str, Any]]:  # noqa: F811
    """A text as a source, read at once."""

    def make(text: str, name: str = "Returns", *, reads: bool = True) -> Any:
        body = {"name": name, "source": {"type": "Text", "content": text}}
        answer = api("POST", sources, body)
        assert answer.status_code == 201, answer.text
        if reads:
            read_source.func(answer.json()["id"])
        return answer.json()

    return make


@pytest.fixture
def upload(api: Api, sources: str) -> Callable[..., dict[str, Any]]:  # noqa: F811
    """A file as a source, read at once; answers what became of it."""

    def make(content: bytes, mime_type: str, name: str = "file") -> Any:
        source = {"type": "File", "fileName": name, "mimeType": mime_type}
        made = api("POST", sources, {"name": "Manual", "source": source}).json()
        headers = {"Content-Type": mime_type}
        url = made["source"]["importUrl"]
        sent = api.http.put(url, content=content, headers=headers)
        assert sent.status_code == 200, sent.text
        read_source.func(made["id"])
        return api.get(f"{sources}/{made['id']}").json()

    return make


@pytest.fixture
def search(api: Api, base: str) -> Callable[..., list[dict[str, Any]]]:  # noqa: F811
    def ask(query: str, top: int = 3, **more: Any) -> Any:
        body = {"query": query, "top": top} | more
        answer = api("POST", f"/v2/KnowledgeBases/{base}/Search", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["chunks"]

    return ask


def make_pdf(*pages: str, trailer: bytes = b"") -> bytes:
    """A page for each text, in as few words as a reader accepts."""
    found = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    kids = []
    for text in pages:
        lines = "".join(f"({line}) ' " for line in text.splitlines())
        drawn = f"BT /F 12 Tf 14 TL 50 700 Td {lines}ET".encode()
        number = len(found) + 1
        kids.append(f"{number} 0 R")
        found.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>"
            + f"/Contents {number + 1} 0 R>>".encode()
        )
        found.append(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
    found[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(found, start=1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF"
        % (
            len(found) + 1,
            table,
            len(found) + 1,
            trailer,
            len(body),
        )
    )
