"""Whether a text that a model wrote stands on what was said.

Its numbers, addresses and names have to stand in one of its sources, and of its words
a third: what a model invents is, as a rule, one of these. Names are words with a
capital, so scripts without capitals have none here.

    "Ana moved to Bergen with 2 dogs." from "I moved to Bergen with my two dogs.": yes
    "Ana moved to Oslo in 2019." from the same: no, for "2019" and "Oslo"
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from console.engine.dates import read_dates
from console.engine.words import STOP_WORDS, fold, show_plainly, stems

_ADDRESS = re.compile(
    r"[^\s<>()\"',;]{1,200}@[^\s<>()\"',;]{1,200}|(?:https?://|www\.)\S{1,500}"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_RUN = re.compile(r"\d+(?:[ .,:/()-]{1,2}\d+)*")
# So many digits are one number whatever stands between them: `555-0100`.
_LONG = 5
_WORD = re.compile(r"[^\W\d_]+")
_COUNTS = {
    word: str(number)
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve".split(), start=2
    )
}
# 98.5 % of the observations that a language model wrote of LoCoMo (dev) have more.
SHARE = 1 / 3


def find_unsupported(text: str, sources: Sequence[str], names: Iterable[str]) -> str:
    """The first number, address or name of a text that stands in none of its sources,
    or that its words do not; "" when all is well.

    sources  with relative dates resolved
    names    of who speaks in them
    """
    text, said = show_plainly(text), show_plainly("\n".join(sources))
    known = {_trim(match.group()) for match in _ADDRESS.finditer(said)}
    for match in _ADDRESS.finditer(text):
        if _trim(match.group()) not in known:
            return match.group()
    text, said = (_ADDRESS.sub(" ", each) for each in (text, said))
    # "6 November" for "last Friday (6 November 2026)", in whatever order and language.
    dates = read_dates(text)
    words = dates.words if dates.named <= read_dates(said).named else frozenset()
    said = "\n".join([said, *names])
    for found in (*_find_numbers(text, said, words), *_find_names(text, said, words)):
        return found
    mine, theirs = stems(text), set(stems(said))
    few = sum(stem in theirs for stem in mine) < SHARE * len(mine)
    return "most of its words" if few else ""


def _trim(address: str) -> str:
    return address.casefold().rstrip(".!?:)]")


def _find_numbers(text: str, said: str, dates: Collection[str]) -> Iterator[str]:
    held, told = set(_list_numbers(said)), re.findall(r"\d+", text)
    # Beside "5 January" it is no date's that also counts "5 dogs".
    held |= {number for number in dates if told.count(number) == 1}
    runs = {_keep_digits(match.group()) for match in _RUN.finditer(said)}
    for match in _RUN.finditer(text):
        run, digits = match.group(), _keep_digits(match.group())
        is_whole = len(digits) >= _LONG and digits in runs
        parts = _list_numbers(run), re.findall(r"\d+", run)
        if not (is_whole or any(held.issuperset(each) for each in parts)):
            yield run
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


def _find_names(text: str, said: str, dates: Collection[str]) -> Iterator[str]:
    known = {*_WORD.findall(fold(said)), *stems(said), *STOP_WORDS, *dates, "customer"}
    for word in _WORD.findall(text):
        is_name = word != word.lower() and fold(word) not in known
        if is_name and not known.intersection(stems(word)):
            yield word
