"""The style sheets: linked once, all in layers, and nothing in them that no page has."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

BASE = Path(settings.BASE_DIR)
SHEETS = sorted((BASE / "static/css").glob("*.css"))
# Linked by their own pages alone.
OWNED = {"reference.css": "/t/acme/api/", "styleguide.css": "/styleguide/"}
# Classes that Django's forms and htmx write.
FOREIGN = {"htmx-request", "nonfield"}

_LINK = re.compile(r'<link rel="stylesheet"\s+href="/static/css/([\w.-]+)"')
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SELECTOR = re.compile(r"([^{};]+)\{")
_CLASS = re.compile(r"\.([a-z][\w-]*)")
_ID = re.compile(r"#([a-z][\w-]*)")
_WRITTEN = re.compile(r'(?:class|className|id) ?= ?"([^"]*)"')


def read_rules(sheet: Path) -> str:
    """A sheet without its comments and strings."""
    return re.sub(r'"[^"]*"', '""', _COMMENT.sub("", sheet.read_text()))


def list_selectors(sheet: Path) -> str:
    return "\n".join(_SELECTOR.findall(read_rules(sheet)))


def list_sources() -> list[Path]:
    return [
        *(BASE / "templates").rglob("*.html"),
        *(BASE / "console").rglob("*.py"),
        *(BASE / "static/js").glob("*.js"),
    ]


def test_document_links_each_sheet_once_but_those_of_one_page():
    page = render_to_string(
        "web/problem.html", {"status": 404, "title": "t", "message": "m"}
    )

    linked = sorted([*_LINK.findall(page), *OWNED])

    assert linked == [sheet.name for sheet in SHEETS]


@pytest.mark.parametrize(("sheet", "address"), OWNED.items())
def test_sheet_of_one_page_is_linked_there(client, tenant, operator, sheet, address):
    client.force_login(operator)

    page = client.get(address)

    assert _LINK.findall(page.text).count(sheet) == 1
    assert sheet not in client.get("/tenants/").text


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_sheet_fills_layers_alone(sheet):
    """A rule outside of them would beat all that stand in one."""
    statements = [
        line for line in read_rules(sheet).splitlines() if line[:1] not in ("", " ")
    ]

    assert statements
    assert [line for line in statements if not re.match(r"@layer |\}$", line)] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_sheet_styles_only_what_pages_have(sheet):
    written = {
        word
        for source in list_sources()
        for names in _WRITTEN.findall(source.read_text())
        for word in re.sub(r"\{.*?\}+", " ", names).split()
    }
    selectors = list_selectors(sheet)

    styled = {*_CLASS.findall(selectors), *_ID.findall(selectors)}

    assert selectors
    assert sorted(styled - written - FOREIGN) == []
