from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.ranking import (
    FEWEST,
    MODELS,
    NAMES,
    OTHER,
    USUAL,
    WORDS,
    Fusion,
    Parts,
    bulk_of,
    few_of,
    get_coefficients,
)

USE3 = MODELS["use-3"]
share = st.floats(0, 1)


def parts(**values: float) -> Parts:
    return Parts(*(np.array([values.get(name, 0.0)]) for name in NAMES))


def fusion(*, known: bool = True) -> Fusion:
    return Fusion(USE3, WORDS, np.array([known]))


def test_a_score_is_the_sigmoid_of_what_its_parts_add():
    """By hand: -8.642 + 0.5 * 6.028 + 0.8 * 4.722 + 1 * 2.315 + 1.806 = 2.2706;
    1 / (1 + exp(-2.2706)) = 0.9064."""
    found = fusion().scores(parts(meaning=0.5, words=0.8, bulk=1.0, date=1.0))

    assert found.tolist() == [pytest.approx(0.9064, abs=5e-5)]


def test_a_text_without_a_vector_has_the_coefficients_of_words():
    """By hand: -7.299 + 0.8 * 7.351 + 1 * 3.012 = 1.5938; sigmoid 0.8312."""
    found = fusion(known=False).scores(parts(meaning=0.9, words=0.8, bulk=1.0))

    assert found.tolist() == [pytest.approx(0.8312, abs=5e-5)]


def test_contributions_are_the_bias_and_then_a_part_each():
    [row] = fusion().contributions(parts(words=0.5, neighbour=1.0))

    assert row.tolist() == [-8.642, 0, 0.5 * 4.722, 0, 0, 0, 0.908, 0]


def test_what_a_text_lends_is_its_own_content_alone():
    lone = fusion().own(parts(meaning=0.6, words=0.5))
    with_help = fusion().own(
        parts(meaning=0.6, words=0.5, date=1.0, summary=1.0, neighbour=1.0)
    )

    assert with_help == lone


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, share)), st.sampled_from(NAMES))
def test_a_part_never_lowers_and_a_score_stays_between_0_and_1(values, name):
    more = values | {name: min(1.0, values[name] + 0.1)}

    for known in (True, False):
        [low] = fusion(known=known).scores(parts(**values))
        [high] = fusion(known=known).scores(parts(**more))
        assert 0 <= low <= high <= 1


def test_a_match_of_seven_is_half_of_much():
    assert bulk_of(np.array([7.0])) == 0.5


def test_each_model_has_its_coefficients_and_an_unknown_one_has_some():
    assert get_coefficients("") is WORDS
    assert get_coefficients("use-3") is USE3
    assert get_coefficients("onnx:0123") is OTHER


def test_words_alone_know_no_meaning():
    assert WORDS.meaning == 0
    assert astuple(replace(WORDS, source=""))[1] < 0


def test_among_fewer_texts_each_is_likelier_to_be_the_wanted_one():
    few, usual, many = (float(few_of(n)[0]) for n in (10, USUAL, 10_000))

    assert few > usual == 0 > many
    assert few_of(3)[0] == few_of(FEWEST)[0]
    assert len(few_of(0)) == 0
