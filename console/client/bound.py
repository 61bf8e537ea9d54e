"""What every call inside one store shares: who sends it, and where to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from console.client.http import Answer, Sender
from console.client.paths import Dialect, segment
from console.contract.times import to_wire


class Bound:
    """Bound to one store, so that it can never name another tenant's."""

    def __init__(self, sender: Sender, dialect: Dialect, store_id: str) -> None:
        self.store_id = store_id
        self._sender = sender
        self._control = f"{dialect.stores}/{segment('store', store_id)}"
        self._profiles = f"{dialect.data}/{segment('store', store_id)}/Profiles"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store_id}>"

    def _profile(self, profile_id: str) -> str:
        return f"{self._profiles}/{segment('profile', profile_id)}"

    def _get(self, path: str, **query: str | int) -> Answer:
        """Parameters in the contract's names; an empty one is not sent."""
        texts = {name: str(value) for name, value in query.items()}
        return self._sender.send("GET", path, query=texts)


def moment_text(moment: datetime | None) -> str:
    return to_wire(moment) if moment else ""


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None, for a change of only these."""
    return {
        name: to_wire(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }


def batch(key: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: [dict(item) for item in items]}
