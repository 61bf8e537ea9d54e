"""`twilio` from PyPI, pointed at the service."""

from importlib import import_module
from typing import Any

from twilio.rest import Client

MODULES = [
    import_module(f"tests.sdk.python.{name}")
    for name in (
        "control",
        "people",
        "memories",
        "conversations",
        "refusals",
    )
]


class PythonClient:
    """Keeps the sessions it opens, to close them."""

    def __init__(self, address: str, account: dict[str, str]) -> None:
        self.address = address
        self.account = account
        self._clients: list[Client] = []
        client = self.connect(account["accountSid"], account["authToken"])
        self.memory = client.memory.v1
        self.conversations = client.conversations.v2

    def connect(self, username: str, password: str) -> Client:
        client = Client(username, password)
        for domain in (client.memory, client.conversations):
            domain.base_url = self.address
        self._clients.append(client)
        return client

    def walk(self, name: str) -> Any:
        """What the walk was told; the walks are functions of tests.sdk.python."""
        [play] = [vars(module)[name] for module in MODULES if name in vars(module)]
        return play(self)

    def close(self) -> None:
        for client in self._clients:
            client.http_client.session.close()
