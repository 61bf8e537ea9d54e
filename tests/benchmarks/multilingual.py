"""Quality of Recall across languages: English observations, queries in three others."""

from dataclasses import astuple

from console.engine.embedding import load_embedder
from tests.engine.multilingual import LANGUAGES, Measures, places


def run() -> None:
    columns = ("recall@5", "MRR")
    print(f"\n{'Recall across languages':<28}" + "".join(f"{c:>10}" for c in columns))
    by_meaning, by_words = places(load_embedder("use-3")), places(None)
    for language, name in LANGUAGES.items():
        _row(f"{name}, USE-3", by_meaning[language])
        _row("  words alone", by_words[language])


def _row(name: str, found: list[int]) -> None:
    figures = astuple(Measures.of(found))
    print(f"{name:<28}" + "".join(f"{f:>10.3f}" for f in figures))
