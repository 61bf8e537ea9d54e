"""The service's tables, as Django finds them: its own, and those of its products."""

from console.service.memory import models as memory  # noqa: F401  (its tables)
from console.service.models.account import Account, Credential
from console.service.models.operation import Operation
from console.service.models.pending_write import PendingWrite

__all__ = ["Account", "Credential", "Operation", "PendingWrite"]
