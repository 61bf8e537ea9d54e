import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.ranking import FADE, Query
from tests.engine.memory import USE3, order, rank, row, scores

EAST, NORTH, NEARLY_EAST = (1.0, 0.0), (0.0, 1.0), (0.99, 0.14)


def asked(text: str, *, vector=EAST, **kwargs) -> Query:
    return Query.of(text, np.array(vector, "<f4"), **kwargs)


def test_the_most_relevant_comes_first():
    rows = row("a", "has a dog"), row("b", "likes tea"), row("c", "tea for the dog")

    assert order("dogs and tea", *rows)[0] == "c"


def test_of_equals_the_later_comes_first_and_then_the_later_id():
    rows = row("a", "tea"), row("b", "the tea", hours=1), row("c", "a tea")

    assert order("tea", *rows) == ["b", "c", "a"]
    assert order("tea", *reversed(rows)) == ["b", "c", "a"]
    assert order("nothing of it", *rows) == ["b", "c", "a"]


def test_of_several_queries_the_best_score_counts():
    rows = row("a", "likes tea"), row("b", "has a dog"), row("c", "rides a bike")

    both, one = scores(rank(["tea", "dog"], rows)), scores(rank(["tea"], rows))

    assert both["a"] == one["a"] > 10 * both["c"]
    assert both["b"] > 10 * one["b"]


def test_a_turn_without_a_meaning_takes_none_from_the_others():
    rows = row("a", "likes tea", vector=EAST), row("b", "has a dog", vector=NORTH)
    turns = [asked("green leaves"), asked("👍", vector=(0.0, 0.0), age=1)]

    both, one = (
        scores(rank(turns, rows, (), USE3)),
        scores(rank(turns[:1], rows, (), USE3)),
    )

    assert both["a"] == one["a"] > both["b"]


def test_a_question_of_a_day_alone_is_answered_by_what_happened_then():
    rows = row("a", "likes tea", hours=24), row("b", "has a dog"), row("c", "sings")

    found = scores(rank(["6 January 2026"], rows))

    assert found["a"] > 0.3 > found["b"]


def test_an_older_turn_counts_less():
    rows = row("a", "likes tea"), row("b", "has a dog")
    old = Query.of("tea", age=3)

    faded, fresh = scores(rank([old], rows)), scores(rank(["tea"], rows))

    assert faded["a"] == pytest.approx(FADE**3 * fresh["a"], abs=1e-4)


def test_each_row_says_which_turn_won_it():
    rows = row("a", "likes tea"), row("b", "has a dog")

    ranking = rank(["dog", "tea"], rows)

    assert ranking.winning_query[0].tolist() == [1, 0]


def test_nothing_to_rank_is_an_empty_list():
    ranking = rank(["tea"], [])

    assert ranking.select_observations(10) == ranking.select_summaries(10) == []


def test_no_more_than_the_limit_and_nothing_below_the_threshold():
    rows = [row(str(number), "the " * number + "tea") for number in range(5)]
    rows.append(row("x", "coffee"))
    ranking = rank(["tea"], rows)

    assert len(ranking.select_observations(3)) == 3
    assert len(ranking.select_observations(10, threshold=0.05)) == 5
    assert ranking.select_observations(0) == []


def test_meaning_finds_what_no_word_does():
    rows = [
        row("a", "trains for a marathon", vector=NORTH),
        row("b", "keeps a cat", vector=NEARLY_EAST),
    ]

    ranking = rank([asked("pets")], rows, coefficients=USE3)

    assert [each.id for each in ranking.select_observations(2)] == ["b", "a"]


def test_a_text_without_a_vector_is_scored_by_its_words_beside_those_with_one():
    rows = [
        row("old", "keeps a cat", vector=NEARLY_EAST),
        row("new", "the tent leaks"),
        row("other", "trains for a marathon", vector=NORTH),
    ]

    by_both = scores(rank([asked("leaking tent")], rows, coefficients=USE3))

    assert by_both["new"] > by_both["other"]


def test_copies_are_shown_once_and_counted():
    rows = [
        row("a", "Likes tea.", vector=EAST),
        row("b", "likes tea", vector=NEARLY_EAST, hours=1),
        row("c", "LIKES   tea!", vector=NORTH),
        row("d", "likes the tea", vector=EAST),  # the same stems, not the same words
        row("e", "likes tea..."),  # without a vector
    ]

    found = rank([asked("tea")], rows, coefficients=USE3).select_observations(10)

    copies = {each.id: set(each.copies) for each in found}
    [first] = [id_ for id_, those in copies.items() if those]
    assert copies == {first: {"a", "b", "c", "e"} - {first}, "d": set()}


def test_copies_do_not_use_up_the_limit():
    rows = [row(str(n), "likes tea", vector=EAST) for n in range(5)]
    rows.append(row("other", "tea in the morning", vector=EAST))

    found = rank([asked("tea")], rows, coefficients=USE3).select_observations(2)

    assert {each.id for each in found} == {"4", "other"}


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=3),
    st.lists(st.text(max_size=40), max_size=8),
)
def test_any_text_is_ranked_once_from_high_to_low(queries, contents):
    rows = [row(str(number), content) for number, content in enumerate(contents)]

    found = rank(queries, rows).select_observations(100)

    ids = [id_ for each in found for id_ in (each.id, *each.copies)]
    assert sorted(ids) == sorted(each[0] for each in rows)
    assert [e.score for e in found] == sorted((e.score for e in found), reverse=True)
    assert all(0 <= each.score <= 1 for each in found)
    assert found == rank(queries, rows[::-1]).select_observations(100)


def test_the_summary_of_its_conversation_lifts_an_observation():
    observations = [
        row("a", "bought boots", "c1", "c9"),
        row("b", "bought the boots", "c2"),
        row("c", "bought her boots"),
    ]
    summaries = [
        row("s1", "talked about avalanche courses", "c1", hours=-9),
        row("s2", "talked about the weather", "c2", hours=-9),
    ]

    found = scores(rank(["avalanche"], observations, summaries))

    assert found["s1"] > found["a"] > 1.5 * found["b"] > found["c"]


def test_what_was_told_beside_a_match_comes_before_the_rest():
    observations = [
        row("a", "likes tea", "c1"),
        row("b", "the red one", "c1", hours=1),
        row("d", "the green one", "c1", hours=2),
        row("c", "the blue one", "c2", hours=1),
    ]

    found = scores(rank(["tea"], observations))

    assert found["a"] > found["b"] > 1.5 * found["d"]
    assert found["d"] == pytest.approx(found["c"], rel=0.05)


def test_a_date_in_the_query_lifts_what_happened_then():
    rows = row("a", "called"), row("b", "he called", hours=24 * 60)

    assert order("who called in January 2026", *rows) == ["a", "b"]


def test_of_two_texts_that_say_nearly_the_same_the_newer_comes_first():
    rows = [
        row("old", "lives at 12 elm street", vector=EAST),
        row("new", "lives at 3 oak avenue", vector=NEARLY_EAST, hours=1),
        row("other", "trains for a marathon", vector=NORTH),
    ]

    found = rank([asked("where does he live")], rows, coefficients=USE3)
    named = rank([asked("elm street")], rows, coefficients=USE3)

    assert [each.id for each in found.select_observations(2)] == ["new", "old"]
    assert named.select_observations(1)[0].id == "old"


@pytest.mark.parametrize(
    ("older", "newer", "is_superseded"),
    [
        ("Ana lives in Leeds.", "Ana lives in York now.", True),
        ("Phone number is 020 7946 0018.", "Phone number is 020 7946 0999.", True),
        ("Wants calls about offers.", "Does not want calls about offers.", True),
        ("Is a vegetarian.", "Is no longer a vegetarian.", True),
        ("Wohnt in Berlin.", "Wohnt in Hamburg.", True),
        ("她住在北京朝阳区。", "她住在上海浦东区。", True),
        ("Bought a blue lamp.", "Bought a red lamp.", False),
        ("Likes cats.", "Likes dogs.", False),
        ("Ana lives in Leeds.", "Ben lives in York.", False),
        ("Lives in Leeds.", "Lives in Leeds near the park.", False),
        ("Wants trousers.", "Wants longer trousers.", False),
    ],
)
def test_what_no_longer_holds_is_superseded(older, newer, is_superseded):
    rows = [
        row("old", older, vector=EAST),
        row("new", newer, vector=NEARLY_EAST, hours=1),
    ]

    found = rank([asked("what is known?")], rows, coefficients=USE3)

    assert found.superseded == ({"old": "new"} if is_superseded else {})


def test_a_rare_code_is_the_surest_match():
    rows = [
        row("a", "Order ORD-4521 arrived with a torn box."),
        row("b", "Order ORD-4522 came early."),
        row("c", "orders and orders of order numbers"),
    ]

    for query in ("#4521", "4521", "ORD4521", "where is order ord 4521?"):
        [first, *_] = rank([query], rows).select_observations(3)
        assert first.id == "a"
        assert first.score >= 0.3


def test_the_words_of_a_question_about_a_customer_cost_nothing():
    rows = [row("a", "lives in Leeds"), row("b", "is allergic to peanuts")]

    plain, as_staff = (
        scores(rank([query], rows))["a"]
        for query in ("where does she live?", "where does the customer live?")
    )

    assert as_staff >= plain / 2


def test_little_words_of_another_language_match_nothing():
    rows = [row("a", "spoke with de la Cruz"), row("b", "the tent is blue")]

    assert Query.of("¿De qué color es la tienda?").stems == ("color", "tienda")
    assert max(scores(rank(["¿De qué es la tienda?"], rows)).values()) < 0.5
