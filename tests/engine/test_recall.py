from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.recall import Text, rank

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def text(id_: str, content: str, *, hours: int = 0) -> Text:
    return Text(id_, content, NOON + timedelta(hours=hours))


def order(queries: list[str], *texts: Text) -> list[str]:
    return [ranked.id for ranked in rank(queries, texts)]


def test_the_most_relevant_comes_first():
    texts = text("a", "has a dog"), text("b", "likes tea"), text("c", "tea for the dog")

    assert order(["dogs and tea"], *texts)[0] == "c"


def test_of_equals_the_later_comes_first_and_then_the_later_id():
    texts = text("a", "tea"), text("b", "tea", hours=1), text("c", "tea")

    assert order(["tea"], *texts) == ["b", "c", "a"]
    assert order(["tea"], *reversed(texts)) == ["b", "c", "a"]
    assert order(["nothing of it"], *texts) == ["b", "c", "a"]


def test_of_several_queries_the_best_score_counts():
    texts = text("a", "likes tea"), text("b", "has a dog"), text("c", "rides a bike")

    both = {r.id: r.score for r in rank(["tea", "dog"], texts)}
    one = {r.id: r.score for r in rank(["tea"], texts)}

    assert both["a"] == one["a"] > 0
    assert both["b"] > 0 == both["c"]


def test_nothing_to_rank_is_an_empty_list():
    assert rank(["tea"], []) == []


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=3),
    st.lists(st.text(max_size=40), max_size=8),
)
def test_any_text_is_ranked_once_from_high_to_low(queries, contents):
    texts = [text(str(number), content) for number, content in enumerate(contents)]

    ranked = rank(queries, texts)

    assert sorted(r.id for r in ranked) == sorted(t.id for t in texts)
    scores = [r.score for r in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert ranked == rank(queries, texts[::-1])


def told(id_: str, content: str, conversation: str, *, hours: int = 0) -> Text:
    return Text(id_, content, NOON + timedelta(hours=hours), (conversation,))


def test_the_summary_of_its_conversation_lifts_an_observation():
    observations = [told("a", "bought boots", "c1"), told("b", "bought boots", "c2")]
    summaries = [
        told("s1", "talked about avalanche courses", "c1", hours=-9),
        told("s2", "talked about the weather", "c2", hours=-9),
    ]

    ranked = {r.id: r.score for r in rank(["avalanche"], observations, summaries)}

    assert ranked["s1"] > ranked["a"] > ranked["b"] == ranked["s2"] == 0


def test_what_was_told_beside_a_match_comes_before_the_rest():
    observations = [
        told("a", "likes tea", "c1"),
        told("b", "the red one", "c1", hours=1),
        told("c", "the blue one", "c2", hours=2),
    ]

    ranked = {r.id: r.score for r in rank(["tea"], observations)}

    assert ranked["a"] > ranked["b"] > ranked["c"] == 0


def test_a_date_in_the_query_lifts_what_happened_then():
    observations = [text("a", "called"), text("b", "called", hours=24 * 60)]

    ranked = [r.id for r in rank(["who called in January 2026"], observations)]

    assert ranked == ["a", "b"]
