"""Which characters a person's own words may hold before they are kept for good."""

import unicodedata

# Cc control, Cs lone surrogates, Zl and Zp line breaks by another name.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the order of the text around them, so that it reads as what it is not.
_BIDI = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def is_plain(text: str) -> bool:
    """True for one line without control, line-break or direction characters."""
    return not any(
        char in _BIDI or unicodedata.category(char) in _REFUSED for char in text
    )
