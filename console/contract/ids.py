"""Ids as the memory's contract writes them (contract/memory-v1.md, section 2)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from typeid import TypeID

_SUFFIX = "[0-7][0-9a-z]{25}"

STORE_ID = re.compile(f"mem_(?:store|service)_{_SUFFIX}")
PROFILE_ID = re.compile(f"mem_profile_{_SUFFIX}")
OBSERVATION_ID = re.compile(f"mem_observation_{_SUFFIX}")
SUMMARY_ID = re.compile(f"mem_summary_{_SUFFIX}")
DATA_MAPPING_ID = re.compile(f"mem_datamapping_{_SUFFIX}")
IMPORT_ID = re.compile(f"mem_import_{_SUFFIX}")
CONVERSATION_ID = re.compile(f"conv_conversation_{_SUFFIX}")
OPERATION_ID = re.compile(f"mem_operation_{_SUFFIX}")
ACCOUNT_SID = re.compile("AC[0-9a-f]{32}")


# While set: ids to give again, and where new ones are noted, by prefix.
_minted: ContextVar[tuple[dict[str, list[str]], dict[str, list[str]]] | None]
_minted = ContextVar("minted", default=None)


def new_id(prefix: str) -> str:
    """A new id such as `mem_profile_01k…`: a UUIDv7, so ids sort by creation."""
    again, noted = _minted.get() or ({}, {})
    id_ = again[prefix].pop(0) if again.get(prefix) else str(TypeID(prefix=prefix))
    noted.setdefault(prefix, []).append(id_)
    return id_


@contextmanager
def minting(
    promised: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[dict[str, list[str]]]:
    """Notes the new ids of a piece of work; gives the promised ones out first."""
    noted: dict[str, list[str]] = {}
    again = {prefix: list(ids) for prefix, ids in promised.items()}
    token = _minted.set((again, noted))
    try:
        yield noted
    finally:
        _minted.reset(token)
