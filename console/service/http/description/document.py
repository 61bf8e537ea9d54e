"""The whole description: every route of the service with what its view declares."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver

from console.contract import ids
from console.contract.base import Url, described, whole
from console.contract.memory import error
from console.contract.memory.identifier import IdType
from console.contract.memory.suppression import SUPPRESSION_ID
from console.contract.memory.trait_group import TraitGroupName
from console.service import errors
from console.service.http.answers import answer
from console.service.http.description import operation as doc
from console.service.http.description.schemas import (
    COMPONENTS,
    Schema,
    Schemas,
    as_answered,
    as_asked,
    as_read,
)
from console.service.http.request import URLCONF, View


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(file).read_text("utf-8"))


def _matching(pattern: re.Pattern[str]) -> Any:
    return Annotated[str, msgspec.Meta(pattern=whole(pattern))]


_SUFFIX = "_01k5x7m3q2f8r9s4t6v0w1y2za"
# The contract's name, the type and a sample of what an address names, by its word in
# the URL configuration.
PARAMETERS: dict[str, tuple[str, Any, Any]] = {
    "code": ("code", Annotated[int, described(minimum=100, maximum=999_999)], 20404),
    "name": ("traitGroupName", TraitGroupName, "Loyalty"),
    "id_type": ("idType", IdType, "phone"),
    "suppression_id": ("suppressionId", _matching(SUPPRESSION_ID), "5f" * 32),
} | {
    word: (
        row["name"],
        _matching(getattr(ids, row["pattern"])) if "pattern" in row else str,
        row["prefix"] + _SUFFIX,
    )
    for word, row in _read("parameters.toml").items()
}
CHAPTERS = _read("chapters.toml")
_REFUSALS = {r.status: r for r in errors.REFUSALS if r.status != 405}
_MEANINGS = {
    200: "The result.",
    201: "Created.",
    202: "Accepted.",
    204: "Deleted: no content.",
    301: "The profile was merged into the one at Location.",
} | {status: refusal.title for status, refusal in _REFUSALS.items()}
# Whatever is asked for; 401, 404 and 415 where they can be met.
_ALWAYS = (400, 411, 413, 429, 500, 503)
_REFUSAL = "#/components/responses/"
_ERROR_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": str},
    429: doc.RETRY_AFTER,
}
_MOVED = doc.Reply(
    error.Moved, {"Location": Url, "Canonical-Profile-Id": error.CanonicalProfileId}
)
_WORD = re.compile(r"<(?:\w+:)?(\w+)>")
_V1_SERVICES = "/v1/Services"


class Description(msgspec.Struct, frozen=True):
    """As much of an OpenAPI document as its own description tells."""

    sample: ClassVar[dict[str, Any]] = {
        "openapi": "3.1.0",
        "info": {"title": "Memory API", "version": "v1"},
        "security": [{"basic": []}],
        "tags": [],
        "paths": {},
        "components": {},
    }

    openapi: Literal["3.1.0"]
    info: dict[str, Any]
    security: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


@doc.operation(
    "GET",
    "v1/openapi.json",
    {200: Description},
    id="describe",
    summary="Describe the API",
    public=True,
)
def describe_api(request: HttpRequest) -> HttpResponse:
    """Every operation, field and limit as an OpenAPI 3.1 document."""
    return answer(document())


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, of every route."""
    current, older = Describer(""), Describer("v1_services.")
    conversations = Describer("conversations.", error.ConversationsError)
    paths: dict[str, dict[str, Any]] = {}
    for route, method, view in list_routes():
        describer = older if route.startswith(_V1_SERVICES) else current
        if error.get_refusal(route) is error.ConversationsError:
            describer = conversations
        described_ = describer.describe(route, method, view)
        address = _WORD.sub(lambda word: f"{{{PARAMETERS[word[1]][0]}}}", route)
        paths.setdefault(address, {})[method.lower()] = described_
    refusals = current.refusals() | conversations.refusals()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Memory API",
            "version": "v1",
            "description": "Lists are paginated: pass meta.nextToken as pageToken. "
            "Times are RFC 3339 date-times with a zone. Text has no control characters. "
            "Null counts as absent, except for a trait in a patch.",
        },
        "security": [{"basic": []}],
        "tags": [
            {
                "name": name,
                "x-displayName": chapter["title"],
                "description": chapter["help"],
            }
            for name, chapter in CHAPTERS.items()
        ],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS
            | current.schemas()
            | older.schemas()
            | conversations.schemas(),
            "responses": refusals,
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def list_routes() -> Iterator[tuple[str, str, View]]:
    """(address as in urls.py, method, view) of everything that the service answers."""
    for pattern in get_resolver(URLCONF).url_patterns:
        for method, view in vars(pattern.callback)["methods"].items():
            yield f"/{pattern.pattern}", method, view


class Describer:
    """Describes operations, and keeps the schemas to which they refer; `prefix` is of
    their names: two dialects have operations of one name.

    refusal  the noun of what is no success
    """

    def __init__(self, prefix: str, refusal: type[error.Error] = error.Error) -> None:
        self._prefix, self._refusal = prefix, refusal
        self._refused = "" if refusal is error.Error else prefix
        self._asked = Schemas(f"{prefix}asked.", as_asked)
        self._read = Schemas(f"{prefix}read.", as_read)
        self._answered = Schemas(f"{prefix}shown.", as_answered)

    def refusals(self) -> dict[str, Schema]:
        """What is no success, by status."""
        answers = {301: _MOVED, 308: _MOVED} | {
            status: doc.Reply(self._refusal, _ERROR_HEADERS.get(status, {}))
            for status in _MEANINGS
            if status >= 400
        }
        responses = {
            f"{self._refused}{status}": self._response(status, found)
            for status, found in answers.items()
        }
        for status, refusal in _REFUSALS.items():
            if status > 400:
                content = responses[f"{self._refused}{status}"]["content"]
                content["application/json"]["example"] = self._exemplify(refusal)
        return responses

    def _exemplify(self, refusal: type[errors.ServiceError]) -> dict[str, Any]:
        status, code = refusal.status, refusal.code
        example: dict[str, Any] = {
            "code": code,
            "message": _MEANINGS[status],
            "more_info": f"https://memory.example/v1/Errors/{code}",
            "status": status,
        }
        if self._refusal is error.ConversationsError:
            example |= {"code": error.ConversationsError.codes.get(status, code)}
            example |= {"httpStatusCode": status, "userError": status < 500}
        return example

    def schemas(self) -> dict[str, Schema]:
        every = (self._asked, self._read, self._answered)
        return {k: v for schemas in every for k, v in schemas.components.items()}

    def describe(self, route: str, method: str, view: View) -> dict[str, Any]:
        declared: doc.DeclaredOperation = vars(view)["operation"]
        words = _WORD.findall(route)
        tag = view.__module__.rpartition(".")[2]
        described_: dict[str, Any] = {
            "operationId": self._prefix + (declared.id or view.__name__),
            "summary": declared.summary or view.__name__.replace("_", " ").capitalize(),
            "description": doc.get_help(view),
            "tags": ["v1_services" if self._prefix == "v1_services." else tag],
            "parameters": self._parameters(declared, words),
            "responses": self._responses(declared, method, words),
        }
        if body := self._body(declared):
            described_["requestBody"] = body
        if declared.public:
            described_["security"] = []
        return described_

    def _parameters(
        self, declared: doc.DeclaredOperation, words: Sequence[str]
    ) -> list[Schema]:
        fields: list[tuple[str, str, Any, Schema]] = [
            ("path", name, kind, {"example": sample, "required": True})
            for name, kind, sample in (PARAMETERS[word] for word in words)
        ]
        for name, kind in declared.query.items():
            fields.append(("query", name, kind, {"allowEmptyValue": True}))
        for name, kind in declared.headers.items():
            fields.append(("header", name, kind, {}))
        return [
            {"name": name, "in": place, "schema": self._asked.add(kind), **more}
            for place, name, kind, more in fields
        ]

    def _body(self, declared: doc.DeclaredOperation) -> Schema:
        if declared.file:
            media_type, text = declared.file
            return {"content": {media_type: {"example": text}}, "required": True}
        if not declared.body:
            return {}
        forms = [self._read.add(form) for form in declared.forms]
        schema: Schema = {"anyOf": forms} if forms else self._read.add(declared.body)
        sample = declared.sample or getattr(declared.body, "sample", {})
        fields = msgspec.structs.fields(declared.body)
        return {
            "content": {"application/json": {"schema": schema, "example": sample}},
            # Nothing at all counts as an object without properties.
            "required": bool(forms) or any(field.required for field in fields),
        }

    def _responses(
        self, declared: doc.DeclaredOperation, method: str, words: Sequence[str]
    ) -> Schema:
        refusals = {*_ALWAYS, *declared.refusals}
        if "profile_id" in words and not declared.follows:
            refusals.add(301 if method == "GET" else 308)
        if "If-Match" in declared.headers:
            refusals.add(412)
        if not declared.public:
            refusals.add(401)
        if words:
            refusals.add(404)
        # A deletion reads its body to see that there is none.
        if declared.body or method == "DELETE":
            refusals.add(415)
        if method == "DELETE" and declared.logs:  # what is on hold
            refusals.add(409)
        answers = {
            str(status): self._response(status, found)
            for status, found in declared.answers.items()
        }
        return answers | {
            str(status): {"$ref": f"{_REFUSAL}{self._refused}{status}"}
            for status in sorted(refusals)
        }

    def _response(self, status: int, found: doc.Reply) -> Schema:
        content: Schema = {"text/plain": {"schema": {"type": "string", "maxLength": 0}}}
        if found.noun:
            content = {"application/json": {"schema": self._answered.add(found.noun)}}
            if sample := getattr(found.noun, "sample", None):
                content["application/json"]["example"] = sample
        if status == HTTPStatus.NO_CONTENT:
            content = {}
        return {
            "description": _MEANINGS[status],
            "content": content,
            "headers": {
                name: {"schema": self._answered.add(kind), "required": True}
                for name, kind in found.headers.items()
            },
        }
