"""The operations of a memory, read from its description for the page."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.pages.reference.openapi import (
    DescribedOperation,
    FieldReader,
    OpenApi,
    Tag,
)

_PLACE = re.compile(r"{(\w+)}")
_PLAIN = re.compile(r"[\w.-]+")
_CURRENT, _V1_SERVICES = "/v1/Stores/", "/v1/Services/"
_CLIENTS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("clients.toml").read_text("utf-8")
)
_ANCHORS, _REQUEST_CLASSES = _CLIENTS["anchors"], _CLIENTS["request_classes"]
# What an example prints of an answer: the first of these that it has.
_TELLING = (
    *("url", "displayName", "content", "value", "values", "matchingRules"),
    *("traitGroup", "traits", "profiles", "observations", "status", "statusUrl"),
    *("id", "message"),
)


class Endpoint:
    """One method of one address.

    call           the official clients' name for it, `resource.verb`; "" without one
    request_class  the Python client's class of the body
    shows          which field of the answer, or of each listed item, an example prints
    body           the JSON that an example sends; `file` a text instead, sent as it is
    literals       values in the path that are no ids: they stand in the example itself
    answers        (status, meaning), but for what every operation answers
    answer         a sample of the answer with `status`; None where it is no JSON
    steps          of the path: a page may break its line between them
    """

    def __init__(
        self,
        path: str,
        method: str,
        operation: DescribedOperation,
        fields: FieldReader,
        *,
        anchor: str,
        answers: list[tuple[str, str]],
    ) -> None:
        self.method, self.path = method.upper(), path
        self.anchor, self.answers = anchor, answers
        self.steps, self.places = path.split("/")[1:], _PLACE.findall(path)
        self.name = operation.operation_id
        self.title, self.help = operation.summary or self.name, operation.description
        self.status, self.answer = _read_success(operation)
        self.body, self.file = _read_body(operation)
        lists = self.name.rpartition(".")[2].startswith("list_")
        self.request_class = _REQUEST_CLASSES.get(self.name, "")
        is_known = self.body is None or self.request_class
        self.call = get_call(self.method, path, lists=lists) if is_known else ""
        self.shows = _choose_field(self.answer, listed=lists)
        self.paged = lists and any(p.name == "pageSize" for p in operation.parameters)
        self.public = operation.security == []
        self.literals = {
            parameter.name: sample
            for parameter in operation.parameters
            if parameter.place == "path"
            and not parameter.name.endswith("Id")
            and _PLAIN.fullmatch(sample := str(parameter.example))
        }
        self.parameters = [
            fields.read_parameter(parameter)
            for parameter in operation.parameters
            if parameter.place != "path"
        ]
        self.fields = [
            found
            for media in operation.request_body.content.values()
            for found in fields.read_fields(media.schema)
        ]


@dataclass(frozen=True, slots=True)
class Section:
    """Endpoints of one kind of thing."""

    anchor: str
    title: str
    help: str
    endpoints: list[Endpoint]


class EndpointReader:
    """`common` is what every operation with credentials can answer."""

    def __init__(self, openapi: OpenApi) -> None:
        self._openapi = openapi
        self._fields = FieldReader(openapi.components.schemas)
        operations = [operation for _, _, operation in self._list()]
        self._names = {operation.operation_id for operation in operations}
        closed = [set(each.responses) for each in operations if each.security != []]
        self._common = set.intersection(*closed) if closed else set()

    @property
    def common(self) -> list[tuple[str, str]]:
        responses = self._openapi.components.responses
        return [
            (status, responses[status].description)
            for status in sorted(self._common & set(responses))
        ]

    def read_sections(self) -> list[Section]:
        """By tag, in the order of the description."""
        found: dict[str, list[Endpoint]] = {}
        for path, method, operation in self._list():
            if not self._is_mirror(path, method, operation):
                name = operation.tags[0] if operation.tags else ""
                endpoint = Endpoint(
                    path,
                    method,
                    operation,
                    self._fields,
                    anchor=self._anchor(operation.operation_id),
                    answers=list(self._list_answers(operation)),
                )
                found.setdefault(name, []).append(endpoint)
        # What no tag describes comes last.
        tags = {tag.name: tag for tag in self._openapi.tags}
        tags |= {name: Tag(name) for name in found if name not in tags}
        return [
            Section(
                _ANCHORS.get(name, name.replace("_", "-")),
                tag.title or name,
                tag.description,
                found[name],
            )
            for name, tag in tags.items()
            if name in found
        ]

    def _list(self) -> Iterator[tuple[str, str, DescribedOperation]]:
        for path, methods in self._openapi.paths.items():
            for method, operation in methods.items():
                yield path, method, operation

    def _is_mirror(self, path: str, method: str, operation: DescribedOperation) -> bool:
        """Whether it is another's under the old name, said once for all of them."""
        if not path.startswith(_V1_SERVICES):
            return False
        current = path.replace(_V1_SERVICES, _CURRENT, 1)
        twin = self._openapi.paths.get(current, {}).get(method)
        return twin is not None and twin.description == operation.description

    def _anchor(self, name: str) -> str:
        if name in _ANCHORS:
            return _ANCHORS[name]
        dialect, _, plain = name.rpartition(".")
        twin = bool(dialect) and plain in self._names
        return plain.replace("_", "-") + ("-of-service" if twin else "")

    def _list_answers(self, operation: DescribedOperation) -> Iterator[tuple[str, str]]:
        for status, response in sorted(operation.responses.items()):
            if status not in self._common:
                name = response.reference.rpartition("/")[2]
                found = self._openapi.components.responses.get(name, response)
                yield status, found.description


def _read_success(operation: DescribedOperation) -> tuple[int, Any]:
    for status, response in sorted(operation.responses.items()):
        if status.isdecimal() and status.startswith("2"):
            media = response.content.get("application/json")
            return int(status), media.example if media else None
    return 200, None


def _read_body(operation: DescribedOperation) -> tuple[Any, str]:
    """(JSON, text of a file): a sample of what is sent, if anything is."""
    content = operation.request_body.content
    if "application/json" in content:
        return content["application/json"].example, ""
    return None, next((str(media.example) for media in content.values()), "")


def _choose_field(answer: Any, *, listed: bool) -> str:
    """Of the answer, or of the first item of the list in it; "" for the item itself."""
    if listed and isinstance(answer, dict):
        lists = [value for value in answer.values() if isinstance(value, list)]
        answer = lists[0][0] if lists and lists[0] else ""
    if not isinstance(answer, dict):
        return ""
    return next((name for name in _TELLING if name in answer), "")


_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_BEYOND_CONTRACT = frozenset(
    """
    MergeSuggestions Merges LearningRules ModelUsage Provenance RecallLedger Refusals
    Report Search Suppressions Trial Unmerge
    """.split()
)
_PREFIXES = ("/v1/ControlPlane/", "/v1/Stores/")


def get_call(method: str, path: str, *, lists: bool) -> str:
    """`resource.verb` in JavaScript's spelling; "" for what the clients do not know."""
    if not path.startswith(_PREFIXES):
        return ""
    resource = re.findall(r"/([A-Z]\w*)", path)[-1]
    if resource in _BEYOND_CONTRACT:
        return ""
    verb = _VERBS.get(method) or ("list" if lists else "fetch")
    return f"{resource[0].lower()}{resource[1:]}.{verb}"
