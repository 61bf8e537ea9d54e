"""Memory Console: a window on a customer memory, and a memory behind it."""
