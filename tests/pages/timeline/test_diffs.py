"""What changed between two texts, word by word."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pages.timeline.diffs import word_diff


def told(before: str, after: str) -> list[tuple[str, str]]:
    return [(piece.change, piece.text) for piece in word_diff(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("same text", "same text", [("", "same text")]),
        (
            "Lives in Oslo.",
            "Lives in Bergen.",
            [("", "Lives in "), ("del", "Oslo"), ("ins", "Bergen"), ("", ".")],
        ),
        ("a b", "a c b", [("", "a "), ("ins", "c "), ("", "b")]),
        ("a c b", "a b", [("", "a "), ("del", "c "), ("", "b")]),
        ("", "new", [("ins", "new")]),
        ("مرحبا بك", "مرحبا به", [("", "مرحبا "), ("del", "بك"), ("ins", "به")]),
    ],
)
def test_changed_words_stand_before_what_came_for_them(before, after, pieces):
    assert told(before, after) == pieces


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_texts_can_be_read_out_of_a_diff(before, after):
    pieces = word_diff(before, after)

    assert "".join(p.text for p in pieces if p.change != "ins") == before
    assert "".join(p.text for p in pieces if p.change != "del") == after


@pytest.mark.parametrize("word", ["a ", "ab cd ", "?! ", "x"])
def test_a_long_text_is_compared_in_no_time(word):
    before = (word * 4096)[:4096]
    after = before[:2000] + "something else " + before[2100:]
    started = process_time()

    word_diff(before, after)

    assert process_time() - started < 0.5


def test_a_piece_shows_no_text_in_its_repr():
    assert "Oslo" not in repr(word_diff("Oslo", "Oslo"))
