"""`make bench-extraction CHAT_URL=…`: what a real chat model makes of conversations.

The table is that of `make bench` for learning without a model; the model is asked
through the product's own extractor, with all its checks.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path

from tests.benchmarks.__main__ import set_up

SECONDS = 120.0


def main() -> None:
    if not os.environ.get("CHAT_URL"):
        sys.exit(
            "CHAT_URL=…, and CHAT_MODEL=, CHAT_KEY=, CHAT_DIALECT= as it needs them"
        )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        set_up(Path(folder))
        measure()


def measure() -> None:
    from console.core.chat import ChatEndpoint, Unanswered, Usage
    from console.core.outgoing import within
    from console.engine.extractive import Fact, Turn
    from console.service.conversations.model_extractor import extract_by_model
    from console.service.conversations.reading import (
        ExtractionInput,
        Lesson,
        extract_sentences,
    )
    from console.service.conversations.rules import Rules
    from tests.benchmarks.extraction import Learner, Row, run

    class ByModel(Learner):
        def __init__(self) -> None:
            self.endpoint = ChatEndpoint(
                os.environ["CHAT_URL"],
                os.environ.get("CHAT_MODEL") or "default",
                os.environ.get("CHAT_DIALECT") or "openai",
                os.environ.get("CHAT_KEY", ""),
            )
            self.title = f"Learnt by {self.endpoint.model}"[:43]
            self.usage, self.talks, self.failed = Usage(), 0, 0
            self.facts, self.withheld = 0, 0

        def extract(self, turns: Sequence[Turn]) -> Sequence[Fact]:
            return self.ask(turns).facts

        def summarise(self, turns: Sequence[Turn], agent: str) -> str:
            return self.ask(turns, agent, ends=True).summary

        def ask(
            self, turns: Sequence[Turn], agent: str = "", *, ends: bool = False
        ) -> Lesson:
            news = [turn.number for turn in turns]
            talk = ExtractionInput(
                "", turns, news, ends, "CHAT", agent, UTC, Rules({}, [])
            )
            self.talks += 1
            try:
                with within(SECONDS):
                    lesson = extract_by_model(talk, self.endpoint, self.usage)
            except Unanswered:
                self.failed += 1
                return extract_sentences(talk)
            self.facts += len(lesson.facts)
            self.withheld += len(lesson.withheld)
            return lesson

        def tell_cost(self) -> Iterator[Row]:
            all_facts = (self.facts + self.withheld) or 1
            yield "learnt without it, for want of an answer", f"{self.failed}", ""
            yield "of how many talks", f"{self.talks}", ""
            share = f"{self.withheld / all_facts:.3f}"
            yield "facts that its turns did not support", share, ""
            yield "calls", f"{self.usage.calls}", ""
            yield "tokens read", f"{self.usage.tokens_in}", ""
            yield "tokens written", f"{self.usage.tokens_out}", ""

    run(ByModel())


if __name__ == "__main__":
    main()
