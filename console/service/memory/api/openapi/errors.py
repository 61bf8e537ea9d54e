"""What explains an error, and what describes the service: read without credentials."""

from typing import Annotated, Any, Literal

import msgspec

from console.service.http import errors
from console.service.http.description import view
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import Shown


class Explained(Shown, frozen=True):
    code: int
    title: Annotated[str, msgspec.Meta(min_length=1)]


class Description(msgspec.Struct, frozen=True):
    openapi: Literal["3.1.0"]
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]


OPERATIONS: Operations = {
    errors.explain: Operation({200: Answer(Explained)}, public=True),
    view.describe: Operation({200: Answer(Description)}, public=True),
}
