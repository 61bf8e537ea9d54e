import pytest

from console.client.errors import MemoryUnexpected
from console.client.http import Page
from console.pages.deletions import services
from console.pages.deletions.services import read_all


def test_read_all_reads_to_the_end():
    pages = {"": Page((1, 2), next_token="b"), "b": Page((3,))}

    assert list(read_all(lambda page_token: pages[page_token])) == [1, 2, 3]


def test_read_all_refuses_a_circle():
    pages = {"": Page((1,), next_token="b"), "b": Page((2,), next_token="b")}

    with pytest.raises(MemoryUnexpected, match="no end"):
        list(read_all(lambda page_token: pages[page_token]))


def test_read_all_refuses_a_list_without_end(monkeypatch):
    monkeypatch.setattr(services, "MAX_PAGES", 3)

    with pytest.raises(MemoryUnexpected, match="Nothing was deleted"):
        list(read_all(lambda page_token: Page((1,), next_token=page_token + "x")))
