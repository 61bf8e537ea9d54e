import pytest

from console.engine.texts import STOP_WORDS, stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Prefers calls, preferred CALLING!", ["prefer", "call", "prefer", "call"]),
        ("What is the weather?", ["weather"]),
        ("email:ada@b.com", ["email", "ada", "b", "com"]),
        ("Order #4711-B", ["order", "4711", "b"]),
        ("snake_case", ["snake", "case"]),
        ("Straße STRASSE", ["strass", "strass"]),
        ("日本語 кофе", ["日本語", "кофе"]),
        ("<script>alert(1)</script>", ["script", "alert", "1", "script"]),
        ("the of and", []),
        (" \n\t…!? ", []),
        ("", []),
    ],
)
def test_a_text_is_the_stems_of_its_words(text, expected):
    assert stems(text) == expected


def test_both_apostrophes_are_one():
    assert stems("the dog’s don’t") == stems("the dog's don't")


def test_stop_words_are_words_as_they_are_compared():
    assert "the" in STOP_WORDS
    assert all(word == word.casefold().strip() for word in STOP_WORDS)
