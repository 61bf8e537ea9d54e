import pytest

from console.client import http
from console.client.errors import MemoryUnexpected
from console.client.http import Page, all_pages


def test_all_pages_reads_to_the_end():
    pages = {"": Page((1, 2), next_token="b"), "b": Page((3,))}

    assert list(all_pages(lambda page_token: pages[page_token])) == [1, 2, 3]


def test_all_pages_refuses_a_circle():
    pages = {"": Page((1,), next_token="b"), "b": Page((2,), next_token="b")}

    with pytest.raises(MemoryUnexpected, match="no end"):
        list(all_pages(lambda page_token: pages[page_token]))


def test_all_pages_refuses_a_list_without_end(monkeypatch):
    monkeypatch.setattr(http, "PAGES_MAX", 3)

    with pytest.raises(MemoryUnexpected, match="Nothing was changed"):
        list(all_pages(lambda page_token: Page((1,), next_token=page_token + "x")))
