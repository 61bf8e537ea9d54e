import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.lexical import Bm25

WORDS = st.lists(st.sampled_from(["tea", "coffee", "dog", "cat", "sms"]))


def test_a_score_is_bm25_over_the_most_that_the_query_could_reach():
    """Worked by hand for two texts, A = "tea tea dog" and B = "cat", query "tea cow".

    N = 2, lengths 3 and 1, mean 2; k1 = 1.2, b = 0.75.
    idf(t)  = ln(1 + (N - n + 0.5) / (n + 0.5))
    idf(tea) = ln(1 + 1.5 / 1.5) = ln 2       = 0.6931   (n = 1)
    idf(cow) = ln(1 + 2.5 / 0.5) = ln 6       = 1.7918   (n = 0: counts in the divisor)
    tf(A)   = 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)) = 4.4 / 3.65 = 1.2055
    score(A) = 0.6931 * 1.2055 / ((0.6931 + 1.7918) * 2.2) = 0.8356 / 5.4668 = 0.1528
    """
    index = Bm25([["tea", "tea", "dog"], ["cat"]])

    assert index.scores(["tea", "cow"]) == [pytest.approx(0.1528, abs=5e-5), 0.0]


def test_a_rare_stem_weighs_more_than_a_common_one():
    index = Bm25([["tea", "dog"], ["tea", "cat"], ["tea", "tent"]])

    assert index.idf("dog") > index.idf("tea") > 0


def test_a_stem_asked_twice_counts_once():
    index = Bm25([["tea", "dog"], ["cat"]])

    assert index.scores(["tea", "tea"]) == index.scores(["tea"])


def test_a_shorter_text_scores_higher_for_the_same_word():
    index = Bm25([["tea"], ["tea", "dog", "cat", "tent"]])

    short, long = index.scores(["tea"])

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
    assert Bm25(documents).scores(query) == scores


@settings(deadline=None, derandomize=True)
@given(st.lists(WORDS), WORDS)
def test_every_score_lies_between_none_and_all(documents, query):
    scores = Bm25(documents).scores(query)

    assert len(scores) == len(documents)
    assert all(0 <= score <= 1 for score in scores)
    for score, document in zip(scores, documents, strict=True):
        assert (score > 0) == bool(set(document) & set(query))
