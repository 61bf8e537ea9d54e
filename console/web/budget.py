"""How much one answer may read before it shows what it has so far."""

from math import inf
from time import monotonic

from django.conf import settings


class Budget:
    """Spent after some seconds or after some steps, whichever comes first."""

    def __init__(self, *, seconds: float = inf, steps: float = inf) -> None:
        self._until = monotonic() + seconds
        self._steps_left = steps

    def spend_step(self) -> None:
        self._steps_left -= 1

    def is_spent(self) -> bool:
        return self._steps_left <= 0 or monotonic() >= self._until


def start_budget(seconds: float) -> Budget:
    """Begins now; where BUDGET_STEPS says how many steps, no clock is read."""
    steps = settings.BUDGET_STEPS
    return Budget(seconds=seconds) if steps is None else Budget(steps=steps)
