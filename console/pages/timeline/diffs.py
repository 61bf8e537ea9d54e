"""What changed between two texts, word by word."""

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

# A word with the space after it, so that a changed word is one change.
_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words. `change` is "" for what stayed, "ins" or "del"."""

    change: str
    text: str = field(repr=False)


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order, what went before what came.

    Texts of 4,096 characters take some ms: difflib leaves frequent words out of its
    search for what stayed.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, old, new)
    for change, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if change == "equal":
            pieces.append(Piece("", "".join(new[new_from:new_to])))
            continue
        gone, come = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        pieces += [Piece("del", gone)] * bool(gone) + [Piece("ins", come)] * bool(come)
    return pieces
