"""One call of the Memory API, as the reference describes it."""

import re
from dataclasses import dataclass, field
from typing import Any

JSON = Any
_PLACE = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What the page says of a call, and what its examples are written from.

    name     the anchor on the page; said in words it is the title
    path     with {places}: an id that the reader has, or one of LITERALS
    call     the official clients' name for it, `resource.verb`; "" when they lack it
    request  the Python client's class of the body: `module.Class`
    shows    which field of the answer, or of each listed item, an example prints
    body     the JSON that an example sends; `file` a text instead, sent as it is
    options  query parameters beside those of every list, each with its meaning
    answer   a sample of the answer with `status`; None where it is no JSON
    """

    name: str
    method: str
    path: str
    says: str
    call: str = ""
    request: str = ""
    shows: str = "message"
    body: JSON = None
    file: str = ""
    paged: bool = False
    options: dict[str, str] = field(default_factory=dict)
    status: int = 200
    answer: JSON = None
    needs_account: bool = True

    @property
    def title(self) -> str:
        return self.name.replace("-", " ").capitalize()

    @property
    def steps(self) -> list[str]:
        """The path between its slashes: a page may break the line there."""
        return self.path.split("/")[1:]

    @property
    def places(self) -> list[str]:
        """The names in the path's braces, in their order."""
        return _PLACE.findall(self.path)


@dataclass(frozen=True, slots=True)
class Section:
    """Operations on one kind of thing."""

    name: str
    title: str
    says: str
    operations: tuple[Operation, ...]


# Places that examples fill in by themselves: things that they make on the way.
LITERALS = {"name": "Loyalty", "id_type": "phone", "code": "20404"}

STORES = "/v1/ControlPlane/Stores"
STORE = f"{STORES}/{{store_id}}"
PEOPLE = "/v1/Stores/{store_id}/Profiles"
PERSON = f"{PEOPLE}/{{profile_id}}"

# What several samples show.
ID = "01k5x7m3q2f8r9s4t6v0w1y2za"
WHEN = "2026-01-05T09:00:00Z"
CONVERSATION = "conv_conversation_01k5x7m3q2f8r9s4t6v0w1y2zb"
ACCEPTED = {"message": "accepted"}
STARTED = {
    "message": "accepted",
    "statusUrl": f"/v1/ControlPlane/Operations/mem_operation_{ID}",
}


def page_of(key: str, *items: Any) -> dict[str, Any]:
    """A sample of a list."""
    return {key: list(items), "meta": {"key": key, "pageSize": len(items)}}
