import numpy as np
import pytest

from console.engine.ranking import Query, sigmoid
from console.engine.trace import explain
from tests.engine.memory import USE3, rank, row

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)
ROWS = [
    row("a", "likes green tea", "c1", vector=EAST),
    row("b", "drinks it every morning", "c1", hours=1, vector=NORTH),
    row("c", "trains for a marathon", "c2"),
]
SUMMARIES = [
    row("s1", "about tea and what it costs", "c1", vector=EAST),
    row("s2", "about running", "c2", vector=NORTH),
]


@pytest.fixture
def ranking():
    query = Query.of("teas of January 2026", np.array(EAST, "<f4"))
    return rank([query], ROWS, SUMMARIES, USE3)


def test_the_parts_add_up_to_the_score(ranking):
    explained = explain(ranking, ["a", "b", "c", "s1", "s2"])

    assert len(explained) == 5
    for each in explained:
        total = each.bias + sum(part.adds for part in each.parts.values())
        assert each.log_odds == pytest.approx(total)
        assert each.score == pytest.approx(sigmoid(np.array(total)), abs=1e-4)


def test_it_names_what_lends_a_text_its_weight(ranking):
    found = {each.id: each for each in explain(ranking, ["a", "b", "c", "s1"])}

    assert (found["b"].neighbour, found["b"].summary) == ("a", "s1")
    assert (found["a"].neighbour, found["c"].neighbour) == ("b", None)
    assert (found["s1"].neighbour, found["s1"].summary) == (None, None)


def test_it_says_what_of_the_query_a_text_holds(ranking):
    [tea, marathon] = explain(ranking, ["a", "c"])

    assert (tea.stems, marathon.stems) == (("tea",), ())
    assert tea.parts["date"].value == 1
    assert (tea.has_vector, marathon.has_vector) == (True, False)
    assert marathon.parts["meaning"].adds == 0


def test_places_count_from_the_best(ranking):
    explained = explain(ranking, ["c", "a", "b"])

    assert sorted(each.place for each in explained) == [1, 2, 3]
    assert {each.id: each.place for each in explained}["a"] == 1


def test_it_names_the_turn_that_won():
    ranking = rank(["marathon", Query.of("tea", age=1)], ROWS)

    found = {each.id: each for each in explain(ranking, ["a", "c"])}

    assert (found["a"].query, found["c"].query) == (1, 0)


def test_what_was_not_ranked_is_left_out(ranking):
    assert explain(ranking, ["nobody"]) == []
