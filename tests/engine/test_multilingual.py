import pytest

from console.engine.embedding import load_embedder
from tests.engine.multilingual import FACTS, LANGUAGES, Measures, places

# Measured: .93 to .97 with USE-3, .08 to .12 by words alone, which is chance (.083).
ENOUGH, HARDLY_ANY = 0.8, 0.25


@pytest.fixture(scope="module")
def by_meaning() -> dict[str, list[int]]:
    return places(load_embedder("use-3"))


@pytest.fixture(scope="module")
def by_words() -> dict[str, list[int]]:
    return places(None)


def test_each_text_of_the_sixty_facts_is_another():
    texts = [text for fact in FACTS for text in fact.values()]

    assert len(FACTS) == 60
    assert len(set(texts)) == len(FACTS) * (1 + len(LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_query_in_another_language_finds_the_english_observation(
    language, by_meaning
):
    assert Measures.of(by_meaning[language]).recall_5 >= ENOUGH


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_alone_find_hardly_any(language, by_words):
    assert Measures.of(by_words[language]).recall_5 <= HARDLY_ANY


def test_measures_are_the_share_in_the_first_five_and_the_mean_of_one_by_place():
    """By hand: two of four within five; (1 + 1/5 + 1/10 + 1/20) / 4 = 0.3375."""
    found = Measures.of([1, 5, 10, 20])

    assert (found.recall_5, found.mrr) == (0.5, pytest.approx(0.3375))
