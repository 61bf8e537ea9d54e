"""Whether two names can be one person's, for who does not follow a shared value."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rapidfuzz.distance import OSA

from console.contract.normalising import is_placeholder
from console.core.unicode import drop_marks

NAME_TRAITS = ("firstName", "lastName")  # of the Contact group


def pick_names(traits: Iterable[tuple[str, str, Any]]) -> dict[str, str]:
    """Of the group, name and value of each."""
    return {
        name: str(value)
        for group, name, value in traits
        if group == "Contact" and name in NAME_TRAITS and value is not None
    }


def is_namesake(one: Mapping[str, str], other: Mapping[str, str]) -> bool | None:
    """Whether two are called alike: each word of the shorter name is in the other. None
    where that cannot be told.

    `J. Smith`, `Smith, John` and `John Paul Smith` are one; beside a word that is the
    same so is one with a slip of the keyboard, `Jhon Smith`. A last vowel is none: `Mario
    Rossi` and `Maria Rossi` share a mailbox.
    """
    shorter, longer = sorted((_split_names(one), _split_names(other)), key=len)
    if not (one.keys() & other.keys() and shorter):
        return None
    if "".join(shorter) == "".join(longer):
        return True
    odd = [
        word
        for word in set(shorter) - set(longer)
        if not any(_is_initial(word, each) for each in longer)
    ]
    if len(odd) == 1 < len(shorter):
        return any(_is_slip(odd[0], each) for each in longer)
    return not odd


def _split_names(names: Mapping[str, str]) -> list[str]:
    words = " ".join(each for each in names.values() if not is_placeholder(each))
    plain = (drop_marks(word).casefold() for word in re.split(r"[\s.,'-]+", words))
    return [word for word in plain if word]


def _is_initial(one: str, other: str) -> bool:
    return one[0] == other[0] and 1 in {len(one), len(other)}


def _is_slip(one: str, other: str) -> bool:
    return (
        min(len(one), len(other)) > 3
        and OSA.distance(one, other) == 1
        and one.rstrip("aeiouy") != other.rstrip("aeiouy")
    )
