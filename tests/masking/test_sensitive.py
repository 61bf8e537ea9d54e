"""The special categories of personal data, found by words."""

from pathlib import Path

import pytest

from console.masking.sensitive import CATEGORIES, Detector

TEXTS = Path(__file__).parent / "texts" / "special.txt"


def find(text):
    return {kind for kind, _, _ in Detector([])(text)} & set(CATEGORIES)


@pytest.mark.parametrize("word", ["\x84\xa0", "\u200b\u200b", "\x93\x84\x94"])
def test_detector_finds_nothing_by_a_word_of_which_nothing_is_seen(word):
    found = [kind for kind, _, _ in Detector([word, "bassoon"])("A bassoon. \x84\xa0")]

    assert found == ["words"]


def read_sentences():
    """`health|I have diabetes.`; `-` of a sentence that reveals nothing."""
    lines = TEXTS.read_text("utf-8").splitlines()
    return [line.split("|", 1) for line in lines if not line.startswith("# ")]


@pytest.mark.parametrize("kind", CATEGORIES)
def test_detector_finds_the_example_of_each_category(kind):
    assert find(CATEGORIES[kind]) == {kind}


def test_detector_is_right_in_200_sentences():
    sentences = read_sentences()
    right = wrong = missed = 0
    for kind, text in sentences:
        found, marked = find(text), {kind} - {"-"}
        right += len(found & marked)
        wrong += len(found - marked)
        missed += len(marked - found)

    assert len(sentences) == 200
    assert right / (right + wrong) >= 0.97
    assert right / (right + missed) >= 0.98


@pytest.mark.parametrize(
    "text",
    [
        "I have DIABETES.",
        "d\u00adiabetes",
        "ｄｉａｂｅｔｅｓ",
        "I have&nbsp;diab&#101;tes",
    ],
)
def test_detector_reads_a_word_however_it_is_encoded(text):
    assert find(text) == {"health"}


@pytest.mark.parametrize(
    "text",
    [
        "The new season is coming out in May.",
        "There was smoke coming out of it.",
        "Each stroke of the brush shows.",
        "Do you have lactose-free milk?",
    ],
)
def test_detector_passes_over_what_only_sounds_like_it(text):
    assert find(text) == set()


def test_detector_says_where_a_word_stands():
    text = "Ich bin für meine Großmutter hier, sie hat Diabetes."

    [(kind, start, end)] = Detector([])(text)

    assert (kind, text[start:end]) == ("health", "Diabetes")
