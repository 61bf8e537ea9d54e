"""What is remembered of a conversation without any model: "extractive-1".

Each turn of a customer becomes an observation in the customer's own words: small talk
is trimmed, the question that it answers is put first, relative dates are resolved
beside the words that name them, and a turn that then says too little is left out.
Nothing is rewritten, so nothing is invented:

    Asked "When did you move?": Ana said: I moved last week (week of 2 November 2026).

Measured in docs/decisions/0042-learn-from-conversations-without-a-model.md: recall@10
.82 of all evidence (a language model's observations: .68), and 98 % of the values that
customers say in task dialogues, at .1 ms a turn.

Every repetition in a pattern is bounded, so that hostile text costs what its length
costs.
"""

import re
import tomllib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import compress, pairwise, takewhile
from math import log
from pathlib import Path
from typing import Literal

from console.engine.words import STOP_WORDS, stems

# A longer turn becomes several observations. What does not fit into a prompt of 1,500
# characters would hardly ever be read; the contract allows 4,096.
FACT_MAX = 1_200
QUOTE_MAX = 500
NAME_MAX = 100
SUMMARY_MAX = 700
# Dates resolved in one text: so brackets cannot carry an observation beyond its limit.
DATES_MAX = 20
# Fewer words that are neither stop words nor small talk say something only with a
# digit, with a name, or as an answer.
WORDS_MIN = 4
WORDS_MIN_OWN = 2  # "I am allergic to nuts.", "It never arrived."

_ENGLISH = tomllib.loads(Path(__file__).with_name("extractive.toml").read_text("utf-8"))


def _compile(name: str) -> re.Pattern[str]:
    return re.compile("".join(_ENGLISH["patterns"][name]), re.I)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message or utterance.

    number   its place in the conversation, rising
    role     "agent" is a person. An AI agent is "other": quoted as a question only, or
             memory would feed on what was recalled from it
    said_at  aware
    """

    number: int
    speaker: str
    role: Literal["customer", "agent", "other"]
    text: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """An observation to write.

    turns    numbers of the turns that it quotes
    said_at  of the last of them
    """

    turns: tuple[int, ...]
    text: str
    said_at: datetime


def extract(turns: Sequence[Turn], *, zone: tzinfo) -> list[Fact]:
    """What customers say; of agents only the questions that this answers."""
    talk, facts = SmallTalk(turns), list[Fact]()
    # The other side's latest turns that no customer has answered yet.
    open_turns: deque[Turn] = deque(maxlen=3)
    for turn in turns:
        if turn.role != "customer":
            open_turns.append(turn)
        elif found := list(_extract_said(turn, open_turns, talk, zone)):
            facts += found
            open_turns.clear()
    return facts


def _extract_said(
    turn: Turn, open_turns: Iterable[Turn], talk: "SmallTalk", zone: tzinfo
) -> Iterator[Fact]:
    sentences = split_sentences(turn.text)
    trimmed = [talk.trim(sentence) for sentence in sentences]
    said = list(filter(None, trimmed))
    asked = _quote_question(open_turns, whole=not said)
    if asked and talk.offers(asked[1]):
        asked = None
    if not said and _YES.match(turn.text.lstrip()) and asked and talk.tells(asked[1]):
        said = sentences[:1]
    elif not said or not (asked or talk.suffices(compress(sentences, trimmed))):
        return
    elif asked and _POLAR.match(sentences[0]):
        said = [sentences[0], *filter(None, trimmed[1:])]
    for n, piece in enumerate(_join(said)):
        text = attribute(turn, resolve_dates(piece, turn.said_at, zone))
        if asked and n == 0:
            other, question = asked
            question = resolve_dates(question, other.said_at, zone)
            text = f'Asked "{question}": {text}'
            yield Fact((other.number, turn.number), text, turn.said_at)
        else:
            yield Fact((turn.number,), text, turn.said_at)


def attribute(turn: Turn, text: str) -> str:
    """As masking knows it, for it begins with somebody's name (masking/masker.py)."""
    return f"{_one_line(turn.speaker)} said: {text}"


def _quote_question(
    open_turns: Iterable[Turn], *, whole: bool
) -> tuple[Turn, str] | None:
    """The last questions that are open, and whose turn they are.

    whole  for a bare yes: with all that the turn says, also if it only says "confirm"
    """
    for turn in reversed(list(open_turns)):
        sentences = split_sentences(turn.text)
        asking = [_requests(sentence) for sentence in sentences]
        if whole and (any(asking) or _CONFIRM.search(turn.text)):
            return turn, _shorten(sentences)
        if any(asking):
            last = len(asking) - asking[::-1].index(True)
            run = len(list(takewhile(bool, asking[last - 1 :: -1])))
            return turn, _shorten(sentences[last - run : last])
    return None


def _shorten(sentences: Iterable[str]) -> str:
    """Its end, where it is long: that is where a turn asks."""
    quote = " ".join(sentences)
    if len(quote) <= QUOTE_MAX:
        return quote
    end = quote[-QUOTE_MAX:]
    return "…" + (end.partition(" ")[2] or end)


def summarise(turns: Sequence[Turn], *, zone: tzinfo, channel: str, agent: str) -> str:
    """A line about the conversation, then the sentences that say most; 700 characters.

    channel  as the line begins: "SMS"
    agent    "" for none
    """
    talk, head = SmallTalk(turns), describe(turns, zone, channel, agent)
    said = [
        attribute(turn, resolve_dates(part, turn.said_at, zone))
        for turn in turns
        for sentence in split_sentences(turn.text)
        if not _asks(sentence)
        for part in _cut(talk.trim(sentence), SUMMARY_MAX // 2)
        if talk.suffices([part])
    ]
    chosen = _choose(said, SUMMARY_MAX - len(head) - 1)
    return f"{head}\n{' '.join(chosen)}".strip()


# The first line of a summary, as it is written below.
HEADING = re.compile(r"\A[\w ]+, \d+ messages?, [^\n]*\n")


def describe(turns: Sequence[Turn], zone: tzinfo, channel: str, agent: str) -> str:
    """`SMS, 12 messages, 5 Jan 2026, with agent Kim`. Of the clock it says nothing: who
    reads it has another zone, and the times of the messages beside it."""
    count = f"{len(turns)} message{'s' * (len(turns) != 1)}"
    line = f"{_one_line(channel)}, {count}"
    if turns:
        ends = (turn.said_at.astimezone(zone) for turn in (turns[0], turns[-1]))
        days = dict.fromkeys(f"{end.day} {end:%b %Y}" for end in ends)
        line += f", {' to '.join(days)}"
    return line + (f", with agent {_one_line(agent)}" if agent else "")


def _choose(said: Sequence[str], room: int) -> list[str]:
    """The sentences with the most rare stems: the sum of log(1 + N / holders)."""
    found = [set(stems(sentence)) for sentence in said]
    holders = Counter(stem for one in found for stem in one)
    worth = [sum(log(1 + len(said) / holders[stem]) for stem in one) for one in found]
    chosen = []
    for n in sorted(range(len(said)), key=lambda n: -worth[n]):
        if len(said[n]) < room:
            chosen.append(n)
            room -= len(said[n]) + 1
    return [said[n] for n in sorted(chosen)]


_CLOSERS = r"""["'\u201d\u2019)\]\u300d\u300f]{0,3}"""
_END = re.compile(
    rf"[.!?…]{{1,9}}{_CLOSERS}(?=\s|$)|[。।؟\uff01\uff1f]{{1,9}}{_CLOSERS}|\n"
)
_WORD = re.compile(
    # Thai to Khmer, kana, Han: no blanks between words, so two signs count as one.
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{1,2}"
    r"|[^\W_]+"
)
_QUOTED = re.compile(
    r"^[ \t]{0,9}>.*|^On .{1,200} wrote:$|^Sent from my .{1,40}$"
    r"|^-{2,9} {0,9}(?:Original|Forwarded) (?s:.*)",
    re.M,
)
# As in "don't": what follows says nothing of what a text is about.
_SUFFIX = re.compile(r"(?<=\w)['\u2019]\w{1,3}\b")


def split_sentences(text: str) -> list[str]:
    """Those of the writer: an email quotes what others wrote."""
    text = _QUOTED.sub("", text)
    ends = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    found = (_collapse(text[start:end]) for start, end in pairwise(ends))
    return [sentence for sentence in found if sentence]


def split_words(text: str) -> list[str]:
    return _WORD.findall(_SUFFIX.sub("", text))


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _one_line(name: str) -> str:
    return _collapse(name[:NAME_MAX])


def _join(sentences: Iterable[str]) -> Iterator[str]:
    """Together again, in pieces of at most FACT_MAX characters."""
    piece = ""
    for part in (part for sentence in sentences for part in _cut(sentence, FACT_MAX)):
        if piece and len(piece) + 1 + len(part) > FACT_MAX:
            yield piece
            piece = part
        else:
            piece = f"{piece} {part}".strip()
    if piece:
        yield piece


def _cut(text: str, size: int) -> Iterator[str]:
    """At blanks where there are any."""
    start = 0
    while start < len(text):
        end = start + size
        if end < len(text):
            end = max(text.rfind(" ", start + size // 2, end), 0) or end
        yield text[start:end].strip()
        start = end


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'\u201d\u2019)]\u300d\u300f")[-1:] in set("?\uff1f؟")


def _requests(sentence: str) -> bool:
    """Whether it wants an answer; a transcript may have no question marks."""
    return _asks(sentence) or bool(_REQUEST.search(sentence))


_REQUEST = _compile("request")
_CONFIRM = _compile("confirm")
_YES = _compile("yes")
_POLAR = _compile("polar")
_FIRST_PERSON = _compile("first_person")
_OWN = _compile("own")
_ABOUT_OTHERS = _compile("about_others")
_NUMBER = _compile("number")
_CLAUSE = re.compile(r"[^,;:!.\uff0c]{1,60}?(?:[,;:!.]\s|\uff0c|\s[–—-]\s)\s{0,3}")
_TALK = frozenset(
    split_words(Path(__file__).with_name("small_talk.txt").read_text("utf-8"))
)


class SmallTalk:
    """What in one conversation says nothing; its speakers' names are part of it."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        speakers = {_one_line(turn.speaker) for turn in turns}
        names = {word for name in speakers for word in split_words(name.casefold())}
        # "Car" is Caroline, "car" is not.
        self._names = {
            name[:end].capitalize() for name in names for end in range(2, len(name) + 1)
        }
        self._silent = _TALK | STOP_WORDS | names

    def trim(self, sentence: str) -> str:
        """A sentence without its first interjections; "" when that is all it was."""
        start = 0
        while match := _CLAUSE.match(sentence, start):
            if not self._is_empty(match.group()):
                break
            start = match.end()
        sentence = sentence[start:]
        if self._is_empty(sentence) or self._only_asks(sentence):
            return ""
        return sentence

    def suffices(self, sentences: Iterable[str]) -> bool:
        """Whether they say enough to be understood without a question."""
        text = "\n".join(sentences)
        count = sum(not self._is_empty(word) for word in split_words(text))
        enough = WORDS_MIN_OWN if _OWN.search(text) else WORDS_MIN
        return count >= enough or self.tells(text)

    def tells(self, text: str) -> bool:
        """Whether it has a number or a name: a capital that begins no sentence."""
        return bool(_NUMBER.search(text)) or any(
            word[0].isupper() and not self._is_empty(word)
            for sentence in split_sentences(text)
            for word in split_words(sentence)[1:]
        )

    def offers(self, question: str) -> bool:
        """Whether it asks for nothing in particular: "How can I help you today?"."""
        return self._is_empty(re.sub(r"\btoday\b", "", question, flags=re.I))

    def _is_empty(self, text: str) -> bool:
        return not _NUMBER.search(text) and all(
            word in self._names or word.casefold() in self._silent
            for word in split_words(text)
        )

    def _only_asks(self, sentence: str) -> bool:
        """A question in English that is not about who asks, nor names anything."""
        about_me = _FIRST_PERSON.search(_ABOUT_OTHERS.sub("", sentence))
        if not _asks(sentence) or about_me or self.tells(sentence):
            return False
        words = set(split_words(sentence.casefold()))
        return len(words & self._silent) >= 2


_COUNTS, _DAYS, _STEPS = (_ENGLISH[key] for key in ("counts", "days", "steps"))
_WEEKDAYS = split_words("monday tuesday wednesday thursday friday saturday sunday")
_RELATIVE = re.compile(
    rf"\b(?:(?P<day>{'|'.join(_DAYS)})"
    rf"|(?P<count>\d{{1,3}}|{'|'.join(_COUNTS)})\s(?:of\s)?"
    r"(?P<unit>day|week|month|year)s?\s(?P<way>ago|from now)"
    rf"|(?P<step>this past|last|this|next)\s"
    rf"(?P<period>weekend|week|month|year|{'|'.join(_WEEKDAYS)}))\b(?:['’]s\b)?",
    # ASCII: else a dotless i matches "this", and no table here has it.
    re.I | re.A,
)


def resolve_dates(text: str, said_at: datetime, zone: tzinfo) -> str:
    """What English words such as "last week" mean, in brackets after them.

    Said on Monday, "next Friday" is this week's for some and next week's for others:
    it stays as it is.
    """
    today = said_at.astimezone(zone).date()

    def add(match: re.Match[str]) -> str:
        try:
            meant = _resolve(match, today)
        except (OverflowError, ValueError):  # before the year 1
            meant = ""
        return f"{match.group()} ({meant})" if meant else match.group()

    return _RELATIVE.sub(add, text, count=DATES_MAX)


def _resolve(match: re.Match[str], today: date) -> str:
    day, count, unit, way, step, period = (
        (group or "").lower() for group in match.groups()
    )
    if day:
        return _format(today + timedelta(_DAYS[day]))
    if period:
        return _resolve_period(_STEPS[step], period, today)
    number = _COUNTS.get(count) or int(count)
    number = -number if way == "ago" else number
    if unit == "day":
        about = "about " if count in ("couple", "few") else ""
        return about + _format(today + timedelta(number))
    if unit == "week":
        return f"about {_format(today + timedelta(weeks=number))}"
    if unit == "month":
        return f"about {_format_month(today, number)}"
    return f"about {date(today.year + number, 1, 1).year}"


def _resolve_period(step: int, period: str, today: date) -> str:
    if period == "year":
        return str(date(today.year + step, 1, 1).year)
    if period == "month":
        return _format_month(today, step)
    monday = today + timedelta(weeks=step, days=-today.weekday())
    if period == "week":
        return f"week of {_format(monday)}"
    if period == "weekend":
        return f"weekend of {_format(monday + timedelta(5))}"
    weekday = _WEEKDAYS.index(period)
    if step < 0:  # The latest one before today.
        return _format(today - timedelta((today.weekday() - weekday - 1) % 7 + 1))
    passed = weekday <= today.weekday()
    return _format(monday + timedelta(weekday)) if passed == bool(step) else ""


def _format(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _format_month(today: date, step: int) -> str:
    months = today.year * 12 + today.month - 1 + step
    return f"{date(months // 12, months % 12 + 1, 1):%B %Y}"
