"""Cells that no spreadsheet runs, and files that end when the memory does."""

import csv
import io
import json

import pytest

from console.client.errors import MemoryUnreachable
from console.pages.timeline.export_files import Tap, csv_file, json_file, safe_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+15558675310",
        "-2",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "\0x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "  =1",
        '"=1',
        "'=1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\u202e=1",
        "\u00ad=1",
        "\ufe66=1",
        "\ufe63 1",
        "\u2212 1",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Prefers SMS", "a=b", "2026-01-05", "1 + 1", "…"])
def test_other_text_stays_as_it_is(text):
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1", "x;'=1"),
        ("x; @SUM(A1)", "x;' @SUM(A1)"),
        ("x\n=1", "x\n'=1"),
        ("x\t+1", "x\t'+1"),
        ("x\r\n=1", "x\r'\n'=1"),
        ("a; b", "a; b"),
    ],
)
def test_no_part_runs_where_a_spreadsheet_ends_cells_elsewhere(text, safe):
    assert safe_cell(text) == safe


def rows_then_silence():
    yield [{"a": 'say "hi"', "b": "x\ny"}]
    raise MemoryUnreachable("The memory did not answer.")


def test_a_memory_that_falls_silent_ends_the_file_in_words():
    tap = Tap()

    text = "".join(csv_file(["a", "b"], tap, rows_then_silence()))
    told = json.loads("".join(json_file({"what": "x"}, Tap(), rows_then_silence())))

    parsed = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert parsed[:2] == [["a", "b"], ['say "hi"', "x\ny"]]
    assert parsed[2] == ["cut", "Cut because of the memory: The memory did not answer."]
    assert tap.count == 1
    assert told["count"] == 1
    assert told["cut"] == parsed[2][1]
    assert text.count('"') >= 12
