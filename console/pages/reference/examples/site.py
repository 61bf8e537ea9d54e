"""Where examples call to, and what they know of it."""

from dataclasses import dataclass, field

from console.pages.reference.endpoints import Endpoint
from console.pages.reference.examples.notation import snake


@dataclass(frozen=True, slots=True)
class Site:
    """A memory's address, and the ids that are known there.

    base   scheme, host and port, without a slash at the end
    known  ids by the name of their place in paths; an example reads every other one
           from the environment, as it reads the credentials
    """

    base: str
    known: dict[str, str] = field(default_factory=dict)

    def given(self, endpoint: Endpoint) -> dict[str, str]:
        """The values that stand in the example itself, by place."""
        known = endpoint.literals | self.known
        return {name: known[name] for name in endpoint.places if name in known}


@dataclass(frozen=True, slots=True)
class Example:
    """One operation in one language: how to get a client, and the call itself."""

    language: str
    label: str
    lead: str
    call: str


def variable(place: str) -> str:
    """The environment variable of a place: storeId is STORE_ID."""
    return snake(place).upper()


# An import's file goes to the address that its creation has answered, as it is.
UPLOAD_URL = "UPLOAD_URL"
