"""What an operation takes and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.http import HttpResponse


@dataclass(frozen=True, slots=True)
class Answer:
    """A body's type, None for an empty text, and the headers that always come with
    it, by their types."""

    body: Any
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address, as types that msgspec turns into schemas.

    answers  by status: what is answered when nothing goes wrong
    body     the struct that the view reads with; None: it takes no body
    forms    structs of the forms that such a body has, if it has several
    file     the media type of a file that it takes instead
    query    query parameters by name; empty ones count as absent
    headers  request headers by name; none is required
    refusals statuses of errors beyond those of every operation
    moved    301 or 308 for a profile that was merged into another; 0: never
    public   answered without credentials
    """

    answers: Mapping[int, Answer]
    body: type[msgspec.Struct] | None = None
    forms: tuple[type[msgspec.Struct], ...] = ()
    file: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    moved: int = 0
    public: bool = False


Operations = Mapping[Callable[..., HttpResponse], Operation]
