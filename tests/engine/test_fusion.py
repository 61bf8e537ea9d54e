import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.ranking import (
    CHANCE,
    FEWEST,
    LEAD_MOST,
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


def standing(**values: float) -> dict[str, float]:
    [row] = fusion().standing(parts(**values))
    return dict(zip(CHANCE, row.tolist(), strict=True))


def test_the_best_of_a_run_is_at_no_distance_and_has_its_evidence():
    """By hand, for one text: bias + 0.5 * meaning + 1 * date."""
    found = standing(meaning=0.5, date=1.0)

    told = USE3.evidence
    assert found["distance"] == found["lead"] == found["stands_out"] == 0
    assert found["evidence"] == pytest.approx(
        told["bias"] + 0.5 * told["meaning"] + told["date"]
    )


def test_of_two_texts_the_order_is_that_of_their_sums():
    """By hand: the first has 0.5 * words more, so much are lead and distance."""
    both = Parts(*(np.array([float(name == "words"), 0.0]) / 2 for name in NAMES))

    first, second = Fusion(USE3, WORDS, np.array([True, True])).standing(both)

    behind = 0.5 * USE3.order["words"]
    lead = CHANCE.index("lead")
    assert (first[0], second[0]) == (0, pytest.approx(-behind))
    assert first[lead] == second[lead] == pytest.approx(min(behind, LEAD_MOST))


def test_a_text_without_a_vector_has_the_coefficients_of_words():
    values = {"meaning": 0.9, "words": 0.8, "bulk": 1.0}

    found = fusion(known=False).scores(parts(**values))

    alone = Fusion(WORDS, WORDS, np.array([True])).scores(parts(**values))
    assert found == alone


def test_contributions_add_up_to_the_log_odds():
    values = parts(words=0.5, neighbour=1.0, few=1.0)

    [row] = fusion().contributions(values)

    by_part = dict(zip(NAMES, row.tolist()[1:], strict=True))
    assert row.sum() == pytest.approx(fusion().log_odds(values)[0])
    assert by_part["few"] == USE3.log_odds_of("few")
    assert by_part["neighbour"] == pytest.approx(
        USE3.log_odds_of("neighbour"), abs=1e-3
    )
    assert by_part["meaning"] == by_part["date"] == 0


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


def test_no_dev_question_has_a_code_and_no_date_outweighs_the_rest():
    assert len(MODELS) > 1
    for found in MODELS.values():
        assert found.order["code"] >= found.order["date"] <= 4.5


def test_a_match_of_seven_is_half_of_much():
    assert bulk_of(np.array([7.0])) == 0.5


def test_each_model_has_its_coefficients_and_an_unknown_one_has_some():
    assert get_coefficients("") is WORDS
    assert get_coefficients("use-3") is USE3
    assert get_coefficients("onnx:0123") is OTHER


def test_words_alone_know_no_meaning():
    assert not WORDS.order.get("meaning")
    assert not WORDS.evidence.get("meaning")


def test_among_fewer_texts_each_is_likelier_to_be_the_wanted_one():
    few, usual, many = (float(few_of(n)[0]) for n in (10, USUAL, 10_000))

    assert few > usual == 0 > many
    assert few_of(3)[0] == few_of(FEWEST)[0]
    assert len(few_of(0)) == 0
