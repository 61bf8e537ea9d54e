"""Every text that pages show, in one file: tests/texts.txt.

    python -m tests.texts    writes it again

Whoever reads it reads every sentence once. `…` stands for what is filled in, `|` parts
what stands in a text's place by turns.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
SNAPSHOT = ROOT / "tests/texts.txt"
# What is written for people in Python: messages, labels, hints.
PACKAGES = (
    "accounts",
    "audit",
    "core",
    "masking",
    "pages",
    "profiles",
    "tenants",
    "web",
)
INLINE = {"a", "abbr", "b", "bdi", "br", "code", "em", "kbd", "span", "strong", "time"}
SHOWN = {"alt", "aria-label", "label", "placeholder", "title"}
LABELS = {"label", "help_text", "message", "title", "required"}
SENTENCE = re.compile(r"[A-Z…“].*[a-z]{2}.* |.*[a-z]{2} .*[.:?]$")
ELSE = re.compile(r"{%\s*(?:else|elif|empty)\b.*?%}", re.DOTALL)
TAG = re.compile(r"{%.*?%}", re.DOTALL)
COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
VALUE = re.compile(r"{{.*?}}", re.DOTALL)


class TextParser(HTMLParser):
    """texts: of each block, and of the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts, self._open = list[str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_block(tag)
        self.texts += [value for name, value in attrs if name in SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._end_block(tag)

    def handle_data(self, data: str) -> None:
        self._open += data

    def close(self) -> None:
        super().close()
        self._end_block("")

    def _end_block(self, tag: str) -> None:
        if tag not in INLINE:
            self.texts.append(self._open)
            self._open = ""


def read_template(source: str) -> Iterator[str]:
    for pattern, by in ((COMMENT, ""), (ELSE, " | "), (TAG, ""), (VALUE, "…")):
        source = pattern.sub(by, source)
    parser = TextParser()
    parser.feed(source)
    parser.close()
    yield from parser.texts


def read_module(source: str) -> Iterator[str]:
    """Sentences, and short texts where their name says that they are shown."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }
    parts = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for value in ast.walk(node)
        if value is not node
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in LABELS:
            yield _read_string(node.value)
        elif id(node) not in docstrings | parts:
            text = _read_string(node)
            if SENTENCE.match(text):
                yield text


def _read_string(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_read_string(value) or "…" for value in node.values)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else ""


def read_strings(source: str) -> Iterator[str]:
    """Of a script or of a table of texts."""
    for text in re.findall(r'"([^"\n]+)"', source):
        if re.match(r"[A-Z](?:[a-z]| [a-z])", text):
            yield text


def list_texts() -> str:
    """Each file's texts once, in their order."""
    readers = {
        **dict.fromkeys(sorted(ROOT.glob("templates/**/*.html")), read_template),
        **{
            path: read_module
            for package in PACKAGES
            for path in sorted((ROOT / "console" / package).glob("**/*.py"))
            if "migrations" not in path.parts
        },
        **dict.fromkeys(
            (
                ROOT / "console/audit/actions.toml",
                ROOT / "console/pages/conversations/acts.toml",
                ROOT / "console/pages/people/changes.toml",
                ROOT / "console/web/reasons.toml",
            ),
            read_strings,
        ),
        **dict.fromkeys(sorted(ROOT.glob("static/js/*.js")), read_strings),
    }
    blocks = []
    for path, read in readers.items():
        texts = [" ".join(text.split()) for text in read(path.read_text())]
        texts = [text for text in texts if re.search("[A-Za-z]{2}", text)]
        if texts:
            name = path.relative_to(ROOT).as_posix()
            blocks.append(
                "\n".join([name, *[f"    {t}" for t in dict.fromkeys(texts)]])
            )
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(list_texts())
