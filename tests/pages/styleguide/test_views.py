"""The style guide: operators' alone, and never behind the style sheets."""

import re
from itertools import product
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from console.pages.styleguide.views import read_tokens
from tests.browser import find_faults, sign_in

CSS = Path(settings.BASE_DIR) / "static" / "css"


def test_styleguide_shows_an_operator_every_token(client, operator):
    client.force_login(operator)

    page = client.get("/styleguide/")

    assert page.status_code == 200
    for name in ("n0", "accent", "s4", "quick"):
        assert f"<code>--{name}</code>" in page.text


def test_styleguide_is_refused_to_others(client, tenant, agent):
    client.force_login(agent)

    assert client.get("/styleguide/").status_code == 403
    assert "/styleguide/" not in client.get("/tenants/").text


def test_styleguide_is_linked_for_operators(client, tenant, operator):
    client.force_login(operator)

    assert 'href="/styleguide/"' in client.get("/tenants/").text


def test_styleguide_has_a_sample_of_every_token():
    style = (CSS / "styleguide.css").read_text()

    samples = set(re.findall(r'\[data-token="([a-z0-9-]+)"\]', style))
    drawn = {
        token.name
        for token in read_tokens()
        if token.is_colour or re.fullmatch(r"s\d", token.name)
    }

    assert {"accent", "s4"} <= drawn <= samples


def test_styleguide_uses_the_pages_own_parts(client, operator):
    client.force_login(operator)

    samples = client.get("/styleguide/").text.split("hx-disable>")[1:]

    assert [part.count("data-clear-until=") for part in samples] == [1, 0]
    assert [part.count('class="histogram-bar"') for part in samples] == [0, 9]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_styleguide_is_accessible(live_server, page, operator):
    sign_in(page, operator)
    page.goto(f"{live_server.url}/styleguide/")
    expect(page.get_by_role("heading", name="Style guide")).to_be_visible()

    for width, theme in product((1280, 768, 390), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        assert find_faults(page, theme) == [], width
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, width
