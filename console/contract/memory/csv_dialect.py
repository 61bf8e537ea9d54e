"""CSV files as people have them: which encoding and which separator one is in."""

import codecs
import re
from typing import IO

from console.core.unicode import strip_hidden

PIECE_BYTES = 1024 * 1024
DELIMITERS = ",;\t"

# The longer marks first: a shorter one begins one of them.
_MARKS = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
# What is no text of Windows-1252: bytes that it does not have, and letters beyond ASCII
# in a row, as files in Cyrillic, Greek or Chinese encodings have them.
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]|[\x80-\xff]{4}")
# Two kana or kanji that follow each other. In Windows-1252 that is two quotation marks
# with a letter between them; the other Asian encodings do not use these first bytes.
_JAPANESE = re.compile(rb"(?:[\x81-\x9f][\x40-\x7e\x80-\xfc]){2}")
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
# What Excel is told by, and does not show: the rows are numbered without it.
_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=([,;\t])\"?[\r\n]*", re.IGNORECASE)


def find_encoding(file: IO[bytes]) -> str:
    """What turns the file into text: utf-8, utf-16, utf-32, cp932 (Shift-JIS) or cp1252.

    Where nothing fits it is utf-8, and whoever reads the file finds the row that is not.
    """
    file.seek(0)
    head = file.read(4)
    for encoding, marks in _MARKS.items():
        if head.startswith(marks):
            return encoding
    if len(head) == 4 and head[1::2] == b"\0\0" and b"\0" not in head[::2]:
        return "utf-16-le"
    if len(head) == 4 and head[::2] == b"\0\0" and b"\0" not in head[1::2]:
        return "utf-16-be"
    file.seek(0)
    utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    cp932 = codecs.getincrementaldecoder("cp932")()
    stray = proper = 0
    is_japanese, could_be_japanese, is_western = False, True, True
    while piece := file.read(PIECE_BYTES):
        text = utf8.decode(piece)
        if piece.isascii() and text.isascii() and not stray:
            continue
        stray += sum(1 for _ in _STRAY_BYTE.finditer(text))
        proper += sum(1 for _ in _NOT_ASCII.finditer(text))
        if proper > stray:
            return "utf-8"
        is_western = is_western and not _NOT_CP1252.search(piece)
        is_japanese = is_japanese or bool(_JAPANESE.search(piece))
        could_be_japanese = could_be_japanese and _can_decode(cp932, piece)
    if stray and is_japanese and could_be_japanese:
        return "cp932"
    return "cp1252" if stray and is_western and not proper else "utf-8"


def _can_decode(decoder: codecs.IncrementalDecoder, piece: bytes) -> bool:
    try:
        decoder.decode(piece)
    except UnicodeDecodeError:
        return False
    return True


def is_separator_line(line: str) -> bool:
    return bool(_SEPARATOR_LINE.fullmatch(line))


def clean_name(column: str) -> str:
    """As column names are compared."""
    return strip_hidden(column).strip()
