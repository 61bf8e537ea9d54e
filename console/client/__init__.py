"""The one way to a memory, embedded or hosted."""
