"""Where a base says nearly the same with other numbers. Knowledge 9."""

import pytest

from console.service.knowledge import disagreements
from console.service.knowledge.disagreements import compare_figures, list_figures
from tests.service.conftest import assert_refused

RETURNS = (
    "Anything bought online can be returned within 30 days of its delivery, unused."
)
LEAFLET = "An order can be returned in a shop within 14 days of its delivery, unused."


@pytest.fixture
def disagree(api, base):
    def ask():
        answer = api.get(f"/v2/KnowledgeBases/{base}/Disagreements")
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def test_list_disagreements_gives_two_texts_with_their_figures(add, disagree):
    first, second = add(RETURNS), add(LEAFLET, "Leaflet")
    add("Repairs take 14 days, in May 30 days.", "Workshop")

    found = disagree()

    [pair] = found["disagreements"]
    told = {each["knowledgeId"]: each["figure"] for each in pair["chunks"]}
    assert told == {first["id"]: "30 days", second["id"]: "14 days"}
    assert 0.45 < pair["similarity"] <= 1
    assert found["isComplete"]


def test_list_disagreements_leaves_out_what_was_corrected(api, add, sources, disagree):
    add(RETURNS)
    made = add(LEAFLET, "Leaflet")
    assert disagree()["disagreements"]

    api("DELETE", f"{sources}/{made['id']}")
    add(LEAFLET.replace("14", "30"), "Leaflet")

    assert disagree()["disagreements"] == []


def test_list_disagreements_says_whether_all_was_compared(add, disagree, monkeypatch):
    add(RETURNS)
    add(LEAFLET, "Leaflet")
    monkeypatch.setattr(disagreements, "CHUNKS_COMPARED", 1)

    assert disagree() == {"disagreements": [], "isComplete": False}


def test_list_disagreements_of_another_account_is_404(make_api, base, add):
    add(RETURNS)

    answer = make_api("other").get(f"/v2/KnowledgeBases/{base}/Disagreements")

    assert_refused(answer, 404, 420018, "not found")


@pytest.mark.parametrize(
    ("one", "other", "figures"),
    [
        ("Delivery is free from €60 on.", "Delivery is free from €80.", ("€60", "€80")),
        (
            "It costs the customer 1,000 euros.",
            "It costs the customer 1000 euros.",
            None,
        ),
        ("It costs the customer 4.90 euros.", "It costs the customer 4,9 euros.", None),
        ("It takes the workshop 3 days.", "It takes the workshop 2 weeks.", None),
        ("Boots are returned within 30 days.", "Gas is taken within 14 days.", None),
        (
            "Returns take 30 days, in a shop 14 days.",
            "Returns take 14 days in a shop.",
            None,
        ),
        (
            "Einsendung binnen 30 Tagen möglich.",
            "Einsendung binnen 14 Tagen möglich.",
            ("30 Tagen", "14 Tagen"),
        ),
        (
            "可以在收到商品后30天内退货。",
            "可以在收到商品后14天内退货。",
            ("30天内退货", "14天内退货"),
        ),
        ("", "12", None),
    ],
)
def test_compare_figures_of_one_unit_in_like_sentences(one, other, figures):
    assert compare_figures(list_figures(one), list_figures(other)) == figures


def test_figure_of_an_answer_stands_with_its_question():
    [figure] = list_figures("30 days.", "How long can I return an order?")

    assert {"return", "order", "day"} <= figure.stems
