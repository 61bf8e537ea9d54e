import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.extractive import (
    FACT_MAX,
    HEADING,
    SUMMARY_MAX,
    Fact,
    Turn,
    extract,
    resolve_dates,
    summarise,
)

# A Wednesday.
SAID_AT = datetime(2026, 11, 11, 12, tzinfo=UTC)
CONTENT_MAX = 4_096
HOSTILE = [
    "a" * 5_000,
    "a " * 5_000,
    "?" * 5_000,
    "? " * 5_000,
    "." * 5_000,
    ".)" * 5_000,
    "ok, " * 5_000,
    "ok - " * 5_000,
    "today " * 5_000,
    "1 day ago, 2 days ago, " * 5_000,
    "the day before " * 1_000,
    "\n" * 5_000,
    "don't" * 2_000,
    "I'" * 5_000,
    "Is this you? " * 1_000,
    "电话号码" * 2_000,
    "好的，" * 2_000,
    "\0\u200b\u202e" * 1_000,
]


def make_turns(*said: str) -> list[Turn]:
    """Each "Ana: ..." by the customer, "Kim: ..." by an agent, others by a bot."""
    roles = {"Ana": "customer", "Kim": "agent"}
    return [
        Turn(
            number,
            speaker,
            roles.get(speaker, "other"),
            text,
            SAID_AT + timedelta(minutes=number),
        )
        for number, (speaker, _, text) in enumerate(
            (each.partition(": ") for each in said), start=1
        )
    ]


def learn(*said: str) -> list[str]:
    return [fact.text for fact in extract(make_turns(*said), zone=UTC)]


def test_extract_puts_question_first_and_dates_in_brackets():
    turns = make_turns("Kim: Thank you. When did you move?", "Ana: I moved last week.")

    facts = extract(turns, zone=UTC)

    text = 'Asked "When did you move?": Ana said: I moved last week'
    assert facts == [
        Fact((1, 2), f"{text} (week of 2 November 2026).", turns[1].said_at)
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Sure, my router blinks red.", "my router blinks red."),
        ("Thanks, Kim! My router blinks red.", "My router blinks red."),
        ("Oh wow - okay, my router blinks red.", "my router blinks red."),
        ("That is great. My router blinks red.", "My router blinks red."),
        ("My router blinks red. Have a good day!", "My router blinks red."),
        # A hyphen inside a word divides nothing.
        ("I need non-alcoholic drinks for a large party.", None),
        # What the customer asks of themselves, or of something named, is a wish.
        ("My router blinks red. How are you?", "My router blinks red."),
        ("Can you send me a cheaper offer by mail?", None),
        ("Is there a table at Luigi's?", None),
        ("Is there a table for 2?", None),
        ("Hablo poco inglés. ¿Tienen una mesa libre?", None),
    ],
)
def test_extract_trims_small_talk(said, kept):
    assert learn("Kim: Hi.", f"Ana: {said}") == [f"Ana said: {kept or said}"]


@pytest.mark.parametrize(
    "said",
    [
        "Hello!",
        "Okay, thanks a lot, Kim.",
        "No, that's all I need for now.",
        "You are really awesome, Ki!",
        "Do you have that?",
        "Can you tell me what it is?",
        "It rains.",
        "",
        " \n\t",
        "?!",
        "👍🏽",
    ],
)
def test_extract_leaves_out_what_says_too_little(said):
    assert learn("Kim: I am looking.", f"Ana: {said}") == []


@pytest.mark.parametrize(
    "said",
    [
        "The driver left cold soup.",  # four words that say something
        "My phone broke.",  # fewer, of one's own
        "It never arrived.",
        "I'm allergic to nuts.",
        "Make it 12.",
        "Make it two.",
        "Try Luigi's.",
    ],
)
def test_extract_keeps_short_turns_that_tell(said):
    assert learn("Kim: I am looking.", f"Ana: {said}") == [f"Ana said: {said}"]


def test_extract_knows_speakers_by_nicknames_not_their_letters():
    said = [
        "Caroline: Hi.",
        "Ana: You rock, Car!",
        "Caroline: Hi.",
        "Ana: My car broke.",
    ]

    assert learn(*said) == ["Ana said: My car broke."]


@pytest.mark.parametrize(
    "question",
    [
        "Which city?",
        "Which city? Take your time.",
        "Please tell me the city",
        "what city",
        "你住在哪里？",
        "أين تسكن؟",
    ],
)
def test_extract_keeps_any_answer(question):
    [text] = learn(f"Kim: Good. {question}", "Ana: lisbon")

    assert text.startswith('Asked "')
    assert text.endswith('": Ana said: lisbon')


def test_extract_keeps_yes_and_no_before_an_answer():
    [text] = learn("Kim: Have you children?", "Ana: No, thanks. Only dogs.")

    assert text == 'Asked "Have you children?": Ana said: No, thanks. Only dogs.'


@pytest.mark.parametrize(
    "asked",
    [
        "A table for 4, is that right?",
        "Shall I send it to ana@example.com?",
        "I found Luigi's. Shall I book it?",
        "Please confirm: a table for 4.",
        "there are 2 charges would you like me to refund one",
    ],
)
def test_extract_keeps_what_a_bare_yes_agrees_to(asked):
    assert learn(f"Kim: {asked}", "Ana: Yes, that's right. Thanks!") == [
        f'Asked "{asked}": Ana said: Yes, that\'s right.'
    ]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Is that right?", "Yes."),  # names nothing
        ("A table for 4, is that right?", "No."),
        ("A table for 4, is that right?", "Thanks!"),
        ("Your table for 4 is ready.", "Yes, great."),  # asks nothing
        ("Your table for 4 is confirmed.", "Okay."),
        ("How can I help you today?", "lisbon"),  # asks for anything
    ],
)
def test_extract_leaves_out_other_bare_answers(asked, answer):
    assert learn(f"Kim: {asked}", f"Ana: {answer}") == []


def test_extract_joins_an_answer_to_a_question_over_empty_turns():
    facts = extract(
        make_turns(
            "Kim: What is your new address?",
            "Kim: I will change it.",
            "Ana: Okay!",
            "Ana: high street",
            "Ana: The old one was Mill Lane.",
        ),
        zone=UTC,
    )

    assert [(fact.turns, fact.text) for fact in facts] == [
        ((1, 4), 'Asked "What is your new address?": Ana said: high street'),
        ((5,), "Ana said: The old one was Mill Lane."),
    ]


def test_extract_keeps_nothing_of_what_agents_did():
    assert learn("Kim: I have refunded 40 euros.", "Bot: 40 euros are booked.") == []


@pytest.mark.parametrize(
    "said",
    [
        "我下个月搬到上海，需要把宽带转到新地址。",
        "ฉันย้ายบ้านไปเชียงใหม่เดือนหน้า",
        "来月大阪に引っ越すので住所を変更したいです。",
        "Я переезжаю в Казань в следующем месяце.",
        "سأنتقل إلى القاهرة الشهر القادم مع عائلتي",
        "Ich ziehe nächsten Monat nach Kassel.",
        "मैं अगले महीने दिल्ली जा रहा हूँ।",
    ],
)
def test_extract_keeps_other_scripts_and_languages(said):
    assert learn(f"Ana: {said}") == [f"Ana said: {said}"]


@pytest.mark.parametrize("said", ["谢谢", "好的，谢谢。", "Gracias!", "Nein, danke."])
def test_extract_leaves_out_small_talk_of_other_languages(said):
    assert learn(f"Ana: {said}") == []


def test_extract_leaves_out_what_a_mail_quotes():
    mail = """The left hinge came off.

Sent from my phone
On 1 November 2026, Kim wrote:
> Is the hinge broken?

----- Original Message -----
The door was delivered today.
The invoice is 4711."""

    assert learn(f"Ana: {mail}") == ["Ana said: The left hinge came off."]


def test_extract_divides_long_turns():
    said = "The parcel of Monday was opened on its way to me. " * 100

    facts = extract(make_turns("Kim: What happened?", f"Ana: {said}"), zone=UTC)

    assert [fact.turns for fact in facts] == [(1, 2), *[(2,)] * (len(facts) - 1)]
    pieces = [fact.text.partition("Ana said: ")[2] for fact in facts]
    assert " ".join(pieces) == said.strip()
    assert max(map(len, pieces)) <= FACT_MAX


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:8]))
def test_extract_keeps_within_contents_for_hostile_turns(text):
    turns = make_turns(
        f"Kim: {text}", f"Ana: {text}", f"Kim: {text} 4?", "Ana: Yes", f"Ana: {text}"
    )

    facts = extract(turns, zone=UTC)

    assert all(1 <= len(fact.text) <= CONTENT_MAX for fact in facts)
    summary = summarise(turns, zone=UTC, channel="SMS", agent=text)
    assert len(summary) <= SUMMARY_MAX


def test_extract_keeps_hostile_names_to_one_short_line():
    [turn] = make_turns("Ana: My phone broke.")
    turn = Turn(1, "Ana\n" * 5_000, "customer", turn.text, turn.said_at)

    [fact] = extract([turn], zone=UTC)

    assert "\n" not in fact.text
    assert len(fact.text) < 200


PHRASES = [
    "Yes",
    "no, thanks",
    "Okay, Kim",
    "Can you tell me?",
    "Is it 12?",
    "please confirm",
    "I moved last week",
    "two days ago",
    "on Friday",
    "my phone broke",
    "you're great!",
    "He said (5 May 2026).",
    "好的，",
    "我搬家了。",
    "¿Qué?",
    "-",
    "Asked",
    '"',
]
texts = st.lists(st.sampled_from(PHRASES) | st.text(max_size=12), max_size=8)
conversations = st.lists(st.tuples(st.sampled_from(["Ana", "Kim", "Bot"]), texts))
DATE = re.compile(
    r" \((?:about |week of |weekend of )?(?:\d{1,2} )?(?:[A-Z][a-z]+ )?\d{4}\)"
)


def read_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@given(conversations)
def test_extract_quotes_only_what_its_turns_say(said):
    turns = make_turns(*(f"{who}: {' '.join(parts)}" for who, parts in said))

    facts = extract(turns, zone=UTC)

    by_number = {turn.number: turn for turn in turns}
    for fact in facts:
        quoted = [by_number[number] for number in fact.turns]
        words = read_words(" ".join(turn.text for turn in quoted))
        frame = {"Asked", "Ana", "said"}
        assert read_words(DATE.sub(" ", fact.text)) <= words | frame
        assert fact.said_at == quoted[-1].said_at
    answers = [fact.turns[-1] for fact in facts]
    assert answers == sorted(answers)


@given(conversations, st.integers(0, 10))
def test_extract_learns_the_same_before_a_conversation_goes_on(said, end):
    said = [(("Ana", "Kim")[n % 2], parts) for n, (_, parts) in enumerate(said)]
    turns = make_turns(*(f"{who}: {' '.join(parts)}" for who, parts in said))

    early = extract(turns[:end], zone=UTC)

    whole = extract(turns, zone=UTC)
    assert early == [fact for fact in whole if fact.turns[-1] <= end]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("today", "11 November 2026"),
        ("Yesterday", "10 November 2026"),
        ("the day before yesterday", "9 November 2026"),
        ("the day after tomorrow", "13 November 2026"),
        ("last night", "10 November 2026"),
        ("3 days ago", "8 November 2026"),
        ("a couple of days ago", "about 9 November 2026"),
        ("two weeks ago", "about 28 October 2026"),
        ("two weeks from now", "about 25 November 2026"),
        ("a month ago", "about October 2026"),
        ("11 months ago", "about December 2025"),
        ("five years ago", "about 2021"),
        ("last week", "week of 2 November 2026"),
        ("next week", "week of 16 November 2026"),
        ("this weekend", "weekend of 14 November 2026"),
        ("this past weekend", "weekend of 7 November 2026"),
        ("next month", "December 2026"),
        ("last year", "2025"),
        ("last Wednesday", "4 November 2026"),
        ("last Tuesday", "10 November 2026"),
        ("last Thursday", "5 November 2026"),
        ("this Friday", "13 November 2026"),
        ("next Monday", "16 November 2026"),
        ("next Wednesday", "18 November 2026"),
        ("day before yesterday", "9 November 2026"),
        ("yesterday's", "10 November 2026"),
    ],
)
def test_resolve_dates_beside_the_words(words, meant):
    assert (
        resolve_dates(f"It was {words}.", SAID_AT, UTC) == f"It was {words} ({meant})."
    )


@pytest.mark.parametrize(
    "words",
    [
        "next Friday",  # said on a Wednesday: this week's or next week's
        "this Monday",
        "on Friday",
        "in two weeks",  # from now, or within
        "a few weeks",
        "lastly",
        "999 years ago is fine, but 0 days",
        "la semana pasada",
        "thıs week, laſt week",
    ],
)
def test_resolve_dates_leaves_what_is_not_certain(words):
    year_one = datetime(1, 1, 3, tzinfo=UTC)

    assert resolve_dates(words, year_one if "999" in words else SAID_AT, UTC) == words


def test_resolve_dates_in_the_zone_of_the_conversation():
    said_at = datetime(2026, 11, 11, 23, 30, tzinfo=UTC)

    text = resolve_dates("today", said_at, ZoneInfo("Europe/Berlin"))

    assert text == "today (12 November 2026)"


def test_summarise_describes_then_quotes_in_order():
    turns = make_turns(
        "Ana: Hello! My router blinks red since yesterday.",
        "Kim: Which model is it?",
        "Ana: The silver Vortex from the attic.",
        "Kim: Thanks. I have ordered a technician for you.",
    )

    text = summarise(turns, zone=UTC, channel="SMS", agent="Kim")

    assert text.splitlines() == [
        "SMS, 4 messages, 11 Nov 2026, with agent Kim",
        "Ana said: My router blinks red since yesterday (10 November 2026)."
        " Ana said: The silver Vortex from the attic."
        " Kim said: I have ordered a technician for you.",
    ]
    assert HEADING.sub("", text) == text.partition("\n")[2]


def test_summarise_prefers_what_is_said_once():
    common = [f"Ana: The weather here is rather windy {n}." for n in range(60)]
    turns = make_turns(*common, "Ana: Grandmother inherited porcelain from Dresden.")

    text = summarise(turns, zone=UTC, channel="CHAT", agent="")

    assert text.endswith("Ana said: Grandmother inherited porcelain from Dresden.")
    assert len(text) <= SUMMARY_MAX


def test_summarise_names_both_days_of_a_long_conversation():
    [first] = make_turns("Ana: Hi")
    turns = [first, Turn(2, "Kim", "agent", "Hi", SAID_AT + timedelta(days=1))]

    text = summarise(turns, zone=UTC, channel="EMAIL", agent="")

    assert text == "EMAIL, 2 messages, 11 Nov 2026 to 12 Nov 2026"


def test_summarise_says_something_of_few_turns():
    [turn] = make_turns("Ana: Hi")

    [none, one] = [
        summarise(turns, zone=UTC, channel="VOICE", agent="") for turns in ([], [turn])
    ]

    assert none == "VOICE, 0 messages"
    assert one == "VOICE, 1 message, 11 Nov 2026"
