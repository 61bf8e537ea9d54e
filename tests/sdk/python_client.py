"""`twilio` from PyPI, pointed at the service."""

from importlib import import_module
from typing import Any

from twilio.rest import Client
from twilio.rest.memory.v1 import V1

MODULES = [
    import_module(f"tests.sdk.python.{name}")
    for name in ("control", "people", "memories", "refusals")
]


class PythonClient:
    """Keeps the sessions it opens, to close them."""

    def __init__(self, address: str, account: dict[str, str]) -> None:
        self.address = address
        self.account = account
        self._clients: list[Client] = []
        self.memory = self.connect(account["accountSid"], account["authToken"])

    def connect(self, username: str, password: str) -> V1:
        client = Client(username, password)
        client.memory.base_url = self.address
        self._clients.append(client)
        return client.memory.v1

    def walk(self, name: str) -> Any:
        """What the walk was told; the walks are functions of tests.sdk.python."""
        [play] = [vars(module)[name] for module in MODULES if name in vars(module)]
        return play(self)

    def close(self) -> None:
        for client in self._clients:
            client.http_client.session.close()
