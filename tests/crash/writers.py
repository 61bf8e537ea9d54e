"""Clients that write as fast as they are answered, and remember what they were told."""

import http.client
import json
import random
from dataclasses import dataclass, field
from threading import Event
from typing import Any

PORT = 54331


@dataclass
class Told:
    """What one client knows.

    batches   {token: (how many, acknowledged)}: observations of one write
    changed   {observation id: content}: acknowledged changes
    deleted   ids whose deletion was asked for, answered or not
    touched   ids whose change was asked for and not answered
    """

    batches: dict[str, tuple[int, bool]] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)


class Writer:
    """One client. Its profiles are known to all by two identifiers each, so that
    writers make the same people and merge them."""

    def __init__(self, auth: str, store: str, *, trial: int, number: int) -> None:
        self._headers = {"Authorization": auth, "Content-Type": "application/json"}
        self._profiles = f"/v1/Stores/{store}/Profiles"
        self._dice = random.Random(f"{trial}-{number}")
        self._name = f"t{trial}w{number}"
        self.told = Told()
        self.trial = trial

    def write(self, stop: Event) -> Told:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        count = 0
        try:
            while not stop.is_set():
                self._step(f"{self._name}n{count}")
                count += 1
        except (OSError, http.client.HTTPException):
            pass  # killed: what was under way stays unanswered
        return self.told

    def _step(self, token: str) -> None:
        path = self._person()
        ids = self._observe(path, token)
        if self._dice.random() < 0.4:
            self._change(path, self._dice.choice(ids), f"{token} changed")
        if self._dice.random() < 0.3:
            self._delete(path, self._dice.choice(ids))

    def _person(self) -> str:
        number = self._dice.randrange(6)
        email = {"email": f"t{self.trial}p{number}@example.com"}
        phone = {"phone": f"+1212{234 + self.trial % 700:03}{4711 + number:04}"}
        contact = self._dice.choice([email, phone, email | phone])
        made = self._send("POST", self._profiles, {"traits": {"Contact": contact}})
        return f"{self._profiles}/{made['id']}"

    def _observe(self, path: str, token: str) -> list[str]:
        size = self._dice.randint(1, 10)
        self.told.batches[token] = (size, False)
        facts = {"source": token, "occurredAt": "2026-01-05T09:00:00Z"}
        items = [{"content": f"{token} fact {n}"} | facts for n in range(size)]
        self._send("POST", f"{path}/Observations", {"observations": items})
        self.told.batches[token] = (size, True)
        found = self._send("GET", f"{path}/Observations?source={token}")
        return [each["id"] for each in found["observations"]]

    def _change(self, path: str, id_: str, content: str) -> None:
        self.told.touched.add(id_)
        self._send("PATCH", f"{path}/Observations/{id_}", {"content": content})
        self.told.touched.discard(id_)
        self.told.changed[id_] = content

    def _delete(self, path: str, id_: str) -> None:
        self.told.deleted.add(id_)
        self._send("DELETE", f"{path}/Observations/{id_}")

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, self._headers)
        response = self._connection.getresponse()
        content = json.loads(response.read())
        if response.status in (301, 308):  # merged by another writer
            target = content["uri"].partition(f":{PORT}")[2]
            return self._send(method, target, body)
        if response.status not in (200, 202):
            raise AssertionError(f"{method} {path}: {response.status} {content}")
        return content
