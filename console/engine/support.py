"""Whether a text that a model wrote stands on what was said.

Its numbers, addresses and names have to stand in one of its sources, and of its words
a third: what a model invents is, as a rule, one of these. Names are words with a
capital, so scripts without capitals have none here.

    "Ana moved to Bergen with 2 dogs." from "I moved to Bergen with my two dogs.": yes
    "Ana moved to Oslo in 2019." from the same: no, for "2019" and "Oslo"
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from console.engine.texts import MONTH, STOP_WORDS, dates_named, stems

_ADDRESS = re.compile(
    r"[^\s<>()\"',;]{1,200}@[^\s<>()\"',;]{1,200}|(?:https?://|www\.)\S{1,500}"
)
_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?:\sof)?\s(?:{MONTH})\b\.?(?:,?\s\d{{4}}\b)?"
    rf"|\b(?:{MONTH})\b\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}}\b)?"
    rf"|\b(?:{MONTH})\b\.?,?\s\d{{4}}\b|\b\d{{4}}-\d\d(?:-\d\d)?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_RUN = re.compile(r"\d+(?:[ .,:/()-]{1,2}\d+)*")
# So many digits are one number whatever stands between them: `555-0100`.
_LONG = 5
_WORD = re.compile(r"[^\W\d_]+")
# Thai to Khmer, kana, Han: without blanks between words, each sign counts as one.
_SIGN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
)
# 98.5 % of the observations that a language model wrote of LoCoMo (dev) have more.
SHARE = 1 / 3
_COUNTS = {
    word: str(number)
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve".split(), start=2
    )
}


def find_unsupported(text: str, sources: Sequence[str], names: Iterable[str]) -> str:
    """The first number, address or name of a text that stands in none of its sources,
    or that its words do not; "" when all is well.

    sources  with relative dates resolved
    names    of who speaks in them
    """
    said = "\n".join(sources)
    found = _find_addresses(text, said)
    if not (first := next(found, "")):
        text, said = (_ADDRESS.sub(" ", each) for each in (text, said))
        first = next(_find_numbers(text, said), "")
    said += "\n" + " ".join(names)
    first = first or next(_find_names(text, said), "")
    words, held = _list_words(text), set(_list_words(said))
    few = sum(word in held for word in words) < SHARE * len(words)
    return first or ("most of its words" if few else "")


def _list_words(text: str) -> list[str]:
    return [*stems(_SIGN.sub(" ", text)), *_SIGN.findall(text)]


def _find_addresses(text: str, said: str) -> Iterator[str]:
    held = {_trim(match.group()) for match in _ADDRESS.finditer(said)}
    for match in _ADDRESS.finditer(text):
        if _trim(match.group()) not in held:
            yield match.group()


def _trim(address: str) -> str:
    return address.casefold().rstrip(".!?:)]")


def _find_numbers(text: str, said: str) -> Iterator[str]:
    dates = dates_named(said)
    for match in _DATE.finditer(text):
        if not dates_named(match.group()) <= dates:
            yield match.group()
    text = _DATE.sub(" ", text)
    held = {*_list_numbers(said), *(str(n) for part, n in dates if part == "year")}
    runs = {_keep_digits(match.group()) for match in _RUN.finditer(said)}
    for match in _RUN.finditer(text):
        digits = _keep_digits(match.group())
        is_whole = len(digits) >= _LONG and digits in runs
        if not is_whole and not held.issuperset(_list_numbers(match.group())):
            yield match.group()
    for word in _WORD.findall(text.casefold()):
        if word in _COUNTS and _COUNTS[word] not in held:
            yield word


def _list_numbers(text: str) -> Iterator[str]:
    """`1,500` as 1500, `two` as 2."""
    yield from (_keep_digits(match.group()) for match in _NUMBER.finditer(text))
    for word in _WORD.findall(text.casefold()):
        if word in _COUNTS:
            yield _COUNTS[word]


def _keep_digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _find_names(text: str, said: str) -> Iterator[str]:
    known = {*_WORD.findall(said.casefold()), *stems(said), *STOP_WORDS, "customer"}
    for word in _WORD.findall(_DATE.sub(" ", text)):
        is_name = word != word.lower() and word.casefold() not in known
        if is_name and not known.intersection(stems(word)):
            yield word
