"""One store of a memory, with everything that can be asked of it."""

from console.client.configuration import Configuration
from console.client.memories import Memories
from console.client.people import People


class StoreClient(Configuration, People, Memories):
    """All calls inside one store; made by `AccountClient.store`."""
