"""Quality of Recall within languages and across them; XQuAD, where it lies beside."""

import json
from dataclasses import astuple
from statistics import fmean

from console.engine.embedding import load_embedder
from tests.benchmarks.quality import FOLDER
from tests.engine.multilingual import (
    LANGUAGES,
    Measures,
    find_places,
    places,
    places_within,
)

# Every so many questions of XQuAD are asked.
STEP = 4
# The language of the paragraphs, and of the questions.
PAIRS = (("en", "en"), ("es", "es"), ("zh", "zh"), ("en", "es"), ("en", "zh"))


def run() -> None:
    columns = ("recall@5", "MRR")
    print(f"\n{'Recall across languages':<28}" + "".join(f"{c:>10}" for c in columns))
    by_meaning, by_words = places(load_embedder("use-3")), places(None)
    for language, name in LANGUAGES.items():
        _row(f"{name}, USE-3", by_meaning[language])
        _row("  words alone", by_words[language])
    for language, found in places_within(load_embedder("use-3")).items():
        _row(f"{language} asked in {language}", found)
    for texts, asked in PAIRS:
        _xquad(texts, asked)


def _row(name: str, found: list[int]) -> None:
    figures = astuple(Measures.of(found))
    print(f"{name:<28}" + "".join(f"{f:>10.3f}" for f in figures))


def _xquad(texts: str, asked: str) -> None:
    """240 paragraphs as one profile."""
    files = [FOLDER / f"xquad.{language}.jsonl" for language in (texts, asked)]
    if not all(file.exists() for file in files):
        print("XQuAD: skipped, it is not beside the project")
        return
    read = [[json.loads(line) for line in f.read_text().splitlines()] for f in files]
    paragraphs = [each["text"] for each in read[0]]
    questions = [
        (number, question)
        for number, each in enumerate(read[1])
        for question, *_ in each["questions"]
    ]
    found = find_places(load_embedder("use-3"), paragraphs, questions[::STEP])
    print(f"XQuAD, {texts} asked in {asked}: first {fmean(p == 1 for p in found):.3f}")
