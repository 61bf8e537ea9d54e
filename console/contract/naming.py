"""Whether two names can be one person's, for who does not follow a shared value."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from rapidfuzz.distance import OSA

from console.contract.normalising import is_placeholder
from console.core.unicode import drop_marks

NAME_TRAITS = ("firstName", "lastName")  # of the Contact group

# How letters are written where a keyboard lacks them: `Lukasz`, `Soren`; and as German
# and the Scandinavian languages do it: `Mueller`, `Soeren`.
_LIGATURES = {"æ": "ae", "œ": "oe", "þ": "th"}
_PLAIN = str.maketrans(dict(zip("øłıđð", "olidd", strict=True)) | _LIGATURES)
_DIGRAPHS = _PLAIN | str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
)

_LETTERS = {"plain": _PLAIN, "wide": _DIGRAPHS}


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
    alike = None
    if one.keys() & other.keys():
        for letters in _LETTERS:
            words = (_split_names(tuple(x.values()), letters) for x in (one, other))
            alike = _are_alike(*sorted(words, key=len))
            if alike is not False:
                break
    return alike


def are_strangers(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two whole names have no word in common: no relatives, and nobody who has
    married."""
    words = [{*_split_names(tuple(x.values()), "wide")} for x in (one, other)]
    is_whole = len(one) == len(other) == len(NAME_TRAITS)
    return (
        is_whole and is_namesake(one, other) is False and words[0].isdisjoint(words[1])
    )


def _are_alike(shorter: Sequence[str], longer: Sequence[str]) -> bool | None:
    if not shorter:
        return None
    if "".join(shorter) == "".join(longer):
        return True
    # Each word counts once: the J of `J. Johnson` is no initial of the Johnson beside it.
    left = set(longer) - set(shorter)
    odd = [
        word
        for word in set(shorter) - set(longer)
        if not any(_is_initial(word, each) for each in left)
    ]
    if len(odd) == 1 < len(shorter):
        return any(_is_slip(odd[0], each) for each in left)
    return not odd


@lru_cache(maxsize=4096)  # of those behind one value, each is compared with each
def _split_names(names: tuple[str, ...], letters: str) -> tuple[str, ...]:
    # `n/a Smith` is Smith, but Null Smith has a first name, and so may Null None.
    given = [x for x in names if x.strip().isalpha() or not is_placeholder(x)]
    is_nobody = (
        all(map(is_placeholder, given))
        and len({each.strip().casefold() for each in given}) < 2
    )
    words = "" if is_nobody else " ".join(given)
    words = normalize("NFKC", words).casefold().translate(_LETTERS[letters])
    plain = map(drop_marks, re.split(r"[\s.,'-]+", words))
    return tuple(word for word in plain if word)


def _is_initial(one: str, other: str) -> bool:
    return one[0] == other[0] and 1 in {len(one), len(other)}


def _is_slip(one: str, other: str) -> bool:
    return (
        min(len(one), len(other)) > 3
        and OSA.distance(one, other) == 1
        and one.rstrip("aeiouy") != other.rstrip("aeiouy")
    )
