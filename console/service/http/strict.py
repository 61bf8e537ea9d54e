"""Members that a strict noun does not name, at any depth.

A strict noun can hold open ones and the other way round (contract 11.4), and a null
under an unknown name counts as absent: msgspec's own refusal would come too early.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from console.contract.memory.error import Code
from console.service import errors


def refuse_unknown(content: Any, noun: type[msgspec.Struct]) -> None:
    """Raises Invalid for a member that a strict noun does not name, at any depth."""
    if check := _noun_checker(noun):
        check(content, "")


Check = Callable[[Any, str], None]


@cache
def _noun_checker(noun: type[msgspec.Struct]) -> Check | None:
    return _checker(msgspec.inspect.type_info(noun))


def _checker(kind: msgspec.inspect.Type) -> Check | None:
    """What refuses unknown members in a value of this type; None: none can be there.

    Values that are not of the type are left to msgspec, which says so.
    """
    match kind:
        case msgspec.inspect.StructType():
            return _struct_checker(kind)
        case msgspec.inspect.ListType():
            return _item_checker(_checker(kind.item_type))
        case msgspec.inspect.DictType():
            return _member_checker(_checker(kind.value_type))
        case msgspec.inspect.UnionType():
            return _union_checker(kind)
        case msgspec.inspect.Metadata():
            return _checker(kind.type)
    return None


def _struct_checker(kind: msgspec.inspect.StructType) -> Check | None:
    inner = {field.encode_name: _checker(field.type) for field in kind.fields}
    known = {*inner, kind.tag_field}
    strict = getattr(kind.cls, "strict", False)
    if not strict and not any(inner.values()):
        return None

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            return
        for name, member in value.items():
            place = f"{path}.{name}".lstrip(".")
            if name not in known:
                if strict:
                    raise errors.Invalid(
                        f"{place:.200}: unknown field", code=Code.SCHEMA
                    )
            elif check_member := inner.get(name):
                check_member(member, place)

    return check


def _item_checker(check_item: Check | None) -> Check | None:
    if check_item is None:
        return None

    def check(value: Any, path: str) -> None:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            check_item(item, f"{path}[{index}]")

    return check


def _member_checker(check_member: Check | None) -> Check | None:
    if check_member is None:
        return None

    def check(value: Any, path: str) -> None:
        for name, member in (value if isinstance(value, dict) else {}).items():
            check_member(member, f"{path}.{name}")

    return check


def _union_checker(kind: msgspec.inspect.UnionType) -> Check | None:
    """Of several structs the one that the tag names."""
    by_tag: dict[Any, Check | None] = {}
    tag_field = None
    others = []
    for choice in kind.types:
        if isinstance(choice, msgspec.inspect.StructType) and choice.tag_field:
            tag_field = choice.tag_field
            by_tag[choice.tag] = _checker(choice)
        elif check_other := _checker(choice):
            others.append(check_other)
    if not by_tag:
        return others[0] if others else None

    def check(value: Any, path: str) -> None:
        if isinstance(value, dict) and isinstance(tag := value.get(tag_field), str):
            check_choice = by_tag.get(tag)
            if check_choice:
                check_choice(value, path)

    return check
