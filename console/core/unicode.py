"""Characters that a reader does not see, and that could make a text lie."""

import re
import unicodedata
from collections.abc import Iterable

# Cc control, Cf format (direction, zero width, tags), Co private, Cs lone surrogate.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Letters and a symbol by name, blanks by look.
_BLANKS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")


# Everything that needs a second look; plain English costs nothing.
CANDIDATE = re.compile(r"[^\x20-\x7e\t\n\r]")


def is_hidden(text: str, position: int) -> bool:
    """Whether the character at `position` shows nothing of itself."""
    char = text[position]
    if char in _JOINERS and _joins(text, position):
        return False
    return char in _BLANKS or unicodedata.category(char) in _HIDDEN


def _joins(text: str, position: int) -> bool:
    """True inside emoji and the scripts that write with joiners."""
    around = text[max(position - 1, 0) : position], text[position + 1 : position + 2]
    return all(char > "\u00ff" and char not in _JOINERS for char in around)


# They change the look of the character before them, or nothing at all: fine after an
# emoji, in an identifier they would make two of what looks like one.
_IGNORABLE = re.compile(r"[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def strip_hidden(text: str) -> str:
    """An identifier without what nobody can see in it: `kim\\u200b` is `kim`."""
    if text.isascii() and text.isprintable():
        return text
    seen = (char for at, char in enumerate(text) if not is_hidden(text, at))
    return _IGNORABLE.sub("", "".join(seen))


# Scripts that are written without blanks.
GLUED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")


def fold_text(text: str) -> str:
    """For comparison: without case, accents and compatibility forms."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text)
    plain = (char for char in decomposed if not unicodedata.combining(char))
    return "".join(plain).casefold()


def compile_beginning(word: str) -> re.Pattern[str]:
    """What begins with it in a folded text: `ember` is in no December."""
    folded = fold_text(word)
    is_apart = word[0].isalnum() and not GLUED.search(word)
    return re.compile(rf"(?<!\w){re.escape(folded)}" if is_apart else re.escape(folded))


def find_folded(
    text: str, looked_for: Iterable[re.Pattern[str]]
) -> list[tuple[int, int]]:
    """Where in the text as it is stand what patterns find in the folded one."""
    pieces = list(map(fold_text, text))
    places = [at for at, piece in enumerate(pieces) for _ in piece]
    folded = "".join(pieces)
    return [
        (places[match.start()], places[match.end() - 1] + 1)
        for pattern in looked_for
        for match in pattern.finditer(folded)
    ]


def get_char_name(char: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`, for the mark that stands for it."""
    code = f"U+{ord(char):04X}"
    return f"{code} {unicodedata.name(char, 'without a name')}"


# Cc control, Cs lone surrogates, Zl and Zp line breaks by another name.
_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the order of the text around them, so that it reads as what it is not.
_BIDI = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def is_plain(text: str) -> bool:
    """True for one line without control, line-break or direction characters."""
    return not any(
        char in _BIDI or unicodedata.category(char) in _BREAKS for char in text
    )


_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"})


def get_skeletons(name: str) -> frozenset[str]:
    """What is left of a name when letters that look alike are one, as UTS 39 does it.

    Two names that share one can be taken for each other in small letters (`modern`,
    `Modem`), in capitals (`Beta`, its Cyrillic twin) or as written (`PayPal`, `PayPaI`).
    """
    forms = (name, name.casefold(), name.upper())
    return frozenset(_unify(drop_marks(form)).casefold() for form in forms)


def find_alike(name: str, others: Iterable[str]) -> str:
    """The first of `others` that can be taken for `name`; "" if none can."""
    looks = get_skeletons(name)
    return next((other for other in others if looks & get_skeletons(other)), "")


def mixes_scripts(name: str) -> bool:
    """Whether a word of it mixes letters of alphabets that look alike."""
    return any(
        len(_ALIKE & {unicodedata.name(char, "").split(" ")[0] for char in word}) > 1
        for word in name.split()
    )


def drop_marks(text: str) -> str:
    """Letters and digits alone, without accents, blanks and hyphens."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text)))


def _unify(text: str) -> str:
    # Imported where it is needed, once a tenant: its table is 9,600 characters long.
    from confusable_homoglyphs.confusables import confusables_data

    def get_prototype(char: str) -> str:
        # A look-alike names its prototype alone; a prototype lists all of its own.
        twins = [twin["c"] for twin in confusables_data.get(char, ())]
        return twins[0] if len(twins) == 1 else char

    return "".join(map(get_prototype, text))
