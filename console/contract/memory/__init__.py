"""The nouns of the Memory API, v1: one file each, and the older dialect's."""
