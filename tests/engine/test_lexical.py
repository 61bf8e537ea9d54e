import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.ranking import Bm25
from console.engine.texts import unpack_terms

NAMES = ["tea", "coffee", "dog", "cat", "sms", "tent", "cow"]
WORDS = st.lists(st.sampled_from(NAMES))


def index(*documents: list[str]) -> Bm25:
    return Bm25(unpack_terms([numbers(each).tobytes() for each in documents]))


def numbers(words: list[str]) -> np.ndarray:
    return np.array([NAMES.index(word) for word in words], "<u4")


def shares(bm25: Bm25, *query: str) -> list[float]:
    return bm25.scores(numbers(list(query)).tolist()).share.tolist()


def test_a_score_is_bm25_over_the_most_that_the_query_could_reach():
    """Worked by hand for two texts, A = "tea tea dog" and B = "cat", query "tea cow".

    N = 2, lengths 3 and 1, mean 2; k1 = 1.2, b = 0.75.
    idf(t)  = ln(1 + (N - n + 0.5) / (n + 0.5))
    idf(tea) = ln(1 + 1.5 / 1.5) = ln 2       = 0.6931   (n = 1)
    idf(cow) = ln(1 + 2.5 / 0.5) = ln 6       = 1.7918   (n = 0: half in the divisor)
    tf(A)   = 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)) = 4.4 / 3.65 = 1.2055
    score(A) = 0.6931 * 1.2055 / ((0.6931 + 0.8959) * 2.2) = 0.8356 / 3.4958 = 0.2390
    """
    found = index(["tea", "tea", "dog"], ["cat"]).scores(
        numbers(["tea", "cow"]).tolist()
    )

    assert found.share.tolist() == [pytest.approx(0.2390, abs=5e-5), 0.0]
    assert found.bm25.tolist() == [pytest.approx(0.8356, abs=5e-5), 0.0]


def test_a_rare_stem_weighs_more_than_a_common_one():
    bm25 = index(["tea", "dog"], ["tea", "cat"], ["tea", "tent"])

    assert bm25.idf(1) > bm25.idf(3) > 0


def test_a_stem_asked_twice_counts_once():
    bm25 = index(["tea", "dog"], ["cat"])

    assert shares(bm25, "tea", "tea") == shares(bm25, "tea")


def test_a_shorter_text_scores_higher_for_the_same_word():
    short, long = shares(index(["tea"], ["tea", "dog", "cat", "tent"]), "tea")

    assert short > long


@pytest.mark.parametrize(
    ("documents", "query", "scores"),
    [
        ([], ["tea"], []),
        ([["tea"]], [], [0.0]),
        ([[]], ["tea"], [0.0]),
        ([[], []], [], [0.0, 0.0]),
    ],
)
def test_nothing_scores_nothing(documents, query, scores):
    assert shares(index(*documents), *query) == scores


@given(st.lists(WORDS), WORDS)
def test_every_score_lies_between_none_and_all(documents, query):
    scores = shares(index(*documents), *query)

    assert len(scores) == len(documents)
    assert all(0 <= score <= 1 for score in scores)
    for score, document in zip(scores, documents, strict=True):
        assert (score > 0) == bool(set(document) & set(query))


def test_the_words_of_a_date_are_none_that_are_missing():
    bm25, [tea, cow] = index(["tea", "dog"], ["cat"]), numbers(["tea", "cow"]).tolist()

    assert bm25.scores([tea, cow], frozenset([cow])).share[0] == shares(bm25, "tea")[0]


def test_a_phrase_is_two_words_in_a_row_of_one_text():
    bm25 = index(["tea", "dog"], ["dog", "tea"], ["tea"], ["dog"])

    found = bm25.scores(numbers(["tea", "dog"]).tolist()).phrase

    assert found.tolist() == [1, 0, 0, 0]


def test_a_code_counts_by_its_rarity_and_by_how_much_of_it_is_met():
    bm25 = index(["tea"], ["cow"], ["cow"], ["cat"])
    tea, cow, cat = numbers(["tea", "cow", "cat"]).tolist()

    found = bm25.find_codes({tea: 1.0, cow: 1.0, cat: 0.5})

    assert found[0] == 1
    assert 0 < found[1] == found[2] < 1
    assert found[3] == 0.5


def test_a_code_that_no_text_holds_speaks_against_all():
    bm25 = index(["tea"], ["cow"])
    [cat] = numbers(["cat"]).tolist()

    assert bm25.find_codes({cat: 1.0}).tolist() == [-1, -1]
    assert bm25.find_codes({}).tolist() == [0, 0]
