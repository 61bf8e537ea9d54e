"""What the documents say leads somewhere: links, commands, settings, sections."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.contract.test_overrides import SETTABLE

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CODE = sorted(
    path
    for folder in ("console", "tests", "templates", "static")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".html", ".css", ".js"}
)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"""\]\(([^)\s]+)\)|src="([^"]+)\"""")

SETTINGS = "".join(
    (ROOT / "console" / name).read_text()
    for name in ("settings.py", "core/environment.py")
)
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
CONTRACT = (ROOT / "docs/contract.md").read_text()
READ = set(re.findall(r'(?:env\.\w+|: database)\(\s*"([A-Z_]+)"', SETTINGS))

# "Contract 11.4", "contract, section 7", "Contract 1.1, 1.2 and 15.2", "contract 17, 16".
NUMBER = r"\d+(?:\.\d+)*"
CITED_CONVERSATIONS = re.compile(
    rf"[Cc]onversations ({NUMBER}(?:(?:, | and | to ){NUMBER})*)"
)
CITED = re.compile(
    rf"[Cc]ontract(?:\.md)?,?(?: sections?)? ({NUMBER}(?:(?:, | and | to ){NUMBER})*)"
)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def headings(path):
    text = FENCE.sub("", path.read_text())
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def first_column(table):
    """The words in backticks that begin the rows of a Markdown table."""
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def section(text, heading):
    return text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def numbered_rows(table):
    """The numbers that begin its rows; a row may stand for several: `| 26, 27 |`."""
    cells = re.findall(r"^\| (\d[\d, ]*) \|", table, re.MULTILINE)
    return {number for cell in cells for number in cell.split(", ")}


def written_commands(pattern):
    """What a pattern finds in code spans and code blocks of all documents."""
    code = r"^```.*?^```|`[^`\n]+`"
    pieces = [
        piece
        for path in DOCS
        for piece in re.findall(code, path.read_text(), re.MULTILINE | re.DOTALL)
    ]
    return {found for piece in pieces for found in re.findall(pattern, piece)}


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_links_lead_to_a_file_and_a_heading(path):
    targets = [a or b for a, b in LINK.findall(FENCE.sub("", path.read_text()))]
    inside = [t for t in targets if not t.startswith("https://")]

    broken = []
    for target in inside:
        file, _, fragment = target.partition("#")
        leads_to = (path.parent / file).resolve() if file else path
        is_there = leads_to.is_relative_to(ROOT) and leads_to.exists()
        if not is_there or (
            fragment and fragment not in map(anchor, headings(leads_to))
        ):
            broken.append(target)

    assert broken == []


def test_links_of_the_readme_reach_every_document():
    linked = {a for a, _ in LINK.findall((ROOT / "README.md").read_text())}

    documents = {name_of(path) for path in ROOT.glob("docs/*.md")}

    assert documents
    assert documents <= linked


def test_decisions_are_all_listed():
    folder = ROOT / "docs/decisions"
    listed = {a for a, _ in LINK.findall((folder / "README.md").read_text())}

    files = {path.name for path in folder.glob("[0-9]*.md")}

    assert files
    assert listed == files


def test_make_targets_that_documents_name_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    named = written_commands(r"(?:^|[`\s])make ([a-z][a-z-]+)")

    assert {"run", "test", "check"} <= named
    assert named <= targets


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    [phony] = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    explained = re.findall(r"^([a-z-]+):.*## .+$", makefile, re.MULTILINE)

    assert explained == phony.split()


def test_management_commands_that_documents_name_exist():
    named = written_commands(r"manage\.py ([a-z_]+)")

    assert {"verify_audit", "rotate_keys", "reindex"} <= named
    assert named <= set(get_commands())


def test_modules_that_documents_run_exist():
    named = written_commands(r"python3? -m ([\w.]+)")

    assert named
    assert [name for name in named if find_spec(name) is None] == []


def test_settings_are_found_in_their_file():
    assert {"SECRET_KEY", "DATABASE_URL", "MEMORY_DATABASE_URL"} <= READ


def test_settings_table_names_every_variable_and_no_other():
    table = CONFIGURATION.partition("| Variable |")[2].partition("\n\n")[0]

    assert first_column(table) == READ


def test_settings_table_names_the_defaults():
    defaults = re.findall(
        r'env\.(?:text|number)\(\s*"([A-Z_]+)",\s*default="?([^",]+)"?,', SETTINGS
    )

    rows = [f"| `{name}` | `{default}` |" for name, default in defaults]

    assert rows
    assert [row for row in rows if row not in CONFIGURATION] == []


def test_settings_example_names_every_variable_but_its_own():
    example = (ROOT / ".env.example").read_text()

    named = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))
    composed = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))

    assert named == READ - {"ENV_FILE"} | composed


def test_limits_that_can_be_set_are_listed_with_their_defaults():
    table = section(CONFIGURATION, "## Limits of the built-in memory")

    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", table, re.MULTILINE))

    assert {name: int(n.replace(",", "")) for name, n in listed.items()} == SETTABLE


def test_dependencies_are_each_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    packages = {
        re.split(r"[\[<>=;]", line)[0].strip() for lines in groups for line in lines
    }

    table = (ROOT / "docs/dependencies.md").read_text()
    explained = {
        name
        for cell in re.findall(r"^\| ([a-z][^|]+) \|", table, re.MULTILINE)
        for name in cell.split(", ")
    }

    assert explained == packages


def test_changelog_leads_with_the_version_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    versions = re.findall(
        r"^## \[([\d.]+)\] - (20\d\d-\d\d-\d\d)$",
        (ROOT / "CHANGELOG.md").read_text(),
        re.MULTILINE,
    )

    assert versions[0][0] == project["version"]
    assert versions == sorted(versions, key=lambda version: version[1], reverse=True)


def test_contract_sections_that_the_code_cites_exist():
    titles = headings(ROOT / "docs/contract.md")
    sections = {title.split()[0].rstrip(".") for title in titles}
    rows = numbered_rows(section(CONTRACT, "## 17. Where the sources leave a choice"))
    cited, missing = 0, []

    for path in CODE:
        for numbers in CITED.findall(path.read_text()):
            known = sections
            for number in re.findall(NUMBER, numbers):
                cited += 1
                if number not in known:
                    missing.append(f"{name_of(path)}: {numbers}")
                # "17, 16" is a row of section 17.
                known = rows if number == "17" else known

    assert cited > 100
    assert missing == []


def test_conversations_sections_that_the_code_cites_exist():
    titles = headings(ROOT / "docs/conversations.md")
    sections = {title.split()[0].rstrip(".") for title in titles}
    cited = {
        number
        for path in CODE
        for numbers in CITED_CONVERSATIONS.findall(path.read_text())
        for number in re.findall(NUMBER, numbers)
    }

    assert len(cited) > 8
    assert cited - sections == set()


def test_documents_that_the_code_cites_exist():
    cited = [
        (name_of(path), *found)
        for path in CODE
        for found in re.findall(
            r'(docs/[\w/-]+\.md)(?:, "([^"\n]+)")?', path.read_text()
        )
    ]

    broken = [
        (where, document, heading)
        for where, document, heading in cited
        if not (ROOT / document).exists()
        or (heading and heading not in headings(ROOT / document))
    ]

    assert cited
    assert broken == []
