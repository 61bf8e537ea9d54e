"""The running service, and the page's own examples with what they read of an id."""

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.core.servers.basehttp import WSGIRequestHandler

from console.pages.reference.endpoints import Endpoint, EndpointReader
from console.pages.reference.openapi import decode_openapi
from console.tenants.models import Role
from console.wsgi import application
from tests.factories import make_account, make_user

_COPIED = re.compile(
    r'data-language="(\w+)".*?<pre><code>(.*?)</code></pre>', re.DOTALL
)
# What no example makes: suggestions, merges, facts that are held back, erasures, Recalls
# that are kept.
UNMADE = {"suggestionId", "learnedId", "unmerge-profile", "suppressionId"}
UNMADE |= {"ledgerEntryId"}
_TAG = re.compile(r"</?span[^>]*>")


@pytest.fixture
def address(live_server, monkeypatch):
    """The live server's address, with /v1 behind it as in production."""
    # It sends headers and body apart: 40 ms a request, were the body to wait.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    pages = live_server.thread.httpd.get_app()
    live_server.thread.httpd.set_app(application)
    yield live_server.url
    live_server.thread.httpd.set_app(pages)


def examples_in(page: str) -> dict[str, dict[str, str]]:
    """What each copy button puts on the clipboard, by operation and language."""
    parts = re.split(r'<article class="operation" id="([\w-]+)">', page)
    found = zip(parts[1::2], parts[2::2], strict=True)
    return {
        name: {
            language: html.unescape(_TAG.sub("", text))
            for language, text in _COPIED.findall(part)
        }
        for name, part in found
    }


@pytest.fixture
def examples(client, address):
    """Those of the page without a tenant: every id is read from the environment."""
    client.force_login(make_user(Role.OPERATOR))
    answer = client.get("/api/", headers={"host": address.removeprefix("http://")})
    return examples_in(answer.text)


@dataclass
class Reader:
    """Somebody who goes through the page, and exports the ids that they are told.

    variables  the environment of the examples, credentials included
    """

    http: httpx.Client
    variables: dict[str, str]

    def learn(self, after: Endpoint) -> None:
        """Exports the id of the newest of everything that examples have made."""
        if not after.anchor.startswith("create-"):
            return
        self._learn("CONFIGURATION_ID", "/v2/ControlPlane/Configurations")
        self._learn("CONVERSATION_ID", "/v2/Conversations")
        if conversation := self.variables.get("CONVERSATION_ID"):
            below = f"/v2/Conversations/{conversation}"
            self._learn("PARTICIPANT_ID", f"{below}/Participants")
            self._learn("COMMUNICATION_ID", f"{below}/Communications")
            for hooks in ([{"url": "https://agent.example/hook"}], []):
                change = {"configuration": {"statusCallbacks": hooks}}
                self.http.patch(below, json=change)
            self._learn("DELIVERY_ID", f"{below}/Deliveries")
        self._learn("KB_ID", "/v2/ControlPlane/KnowledgeBases")
        if base := self.variables.get("KB_ID"):
            self._learn("KNOWLEDGE_ID", f"/v2/KnowledgeBases/{base}/Knowledge")
        store = self._store("client-42")
        if not store:
            return
        control = f"/v1/ControlPlane/Stores/{store}"
        people = f"/v1/Stores/{store}/Profiles"
        ada = {"idType": "email", "value": "ada@example.com"}
        [profile] = self._post(f"{people}/Lookup", ada)["profiles"] or [""]
        self.variables |= {"STORE_ID": store, "PROFILE_ID": profile}
        self._learn("DATA_MAPPING_ID", f"{control}/DataMappings")
        if profile:
            person = f"{people}/{profile}"
            self._learn("OBSERVATION_ID", f"{person}/Observations")
            self._learn("SUMMARY_ID", f"{person}/ConversationSummaries")

    def take(self, printed: str) -> None:
        """Exports the ids and addresses that an example has printed."""
        for name, pattern in {
            "OPERATION_ID": r"mem_operation_\w+",
            "PROCESS_ID": r"proc_job_\w+",
            "ACTION_ID": r"conv_action_\w+",
            "IMPORT_ID": r"mem_import_\w+",
            "UPLOAD_URL": r"http[^\s\"]+/v1/Uploads/[^\s\"]+",
        }.items():
            if found := re.search(pattern, printed):
                self.variables[name] = found[0]

    def leave_for_the_other_store(self) -> None:
        self.variables["STORE_ID"] = self._store("client-43")

    def _store(self, name: str) -> str:
        services = self.http.get("/v1/Services").json()["services"]
        return next((s["id"] for s in services if s["uniqueName"] == name), "")

    def _learn(self, variable: str, path: str) -> None:
        page = self.http.get(path).json()
        items = page[page["meta"]["key"]]
        if items:
            self.variables[variable] = items[0]["id"]

    def _post(self, path: str, body: Any) -> Any:
        return self.http.post(path, json=body).json()


@pytest.fixture
def reader(address):
    account = make_account()
    credentials = account["accountSid"], account["authToken"]
    names = ("ACCOUNT_SID", "AUTH_TOKEN")
    with httpx.Client(base_url=address, auth=credentials, trust_env=False) as http:
        yield Reader(http, dict(zip(names, credentials, strict=True)))


@pytest.fixture
def endpoints(address) -> list[Endpoint]:
    """Every operation of the page: in each dialect what creates comes first; what
    deletes comes last, the innermost first."""
    answer = httpx.get(f"{address}/v1/openapi.json", trust_env=False)
    sections = EndpointReader(decode_openapi(answer.json())).read_sections()
    found = [endpoint for section in sections for endpoint in section.endpoints]
    return sorted(found, key=_when)


def _when(endpoint: Endpoint) -> tuple[bool, bool, int]:
    older = endpoint.path.startswith("/v1/Services")
    if endpoint.method == "DELETE":
        return True, older, -endpoint.path.count("/")
    return False, older, int(not endpoint.anchor.startswith("create-"))


def shape(value: Any) -> Any:
    """JSON without its values: which fields there are, and of which kind; of a list
    the first item stands for all."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case _:
            return type(value).__name__
