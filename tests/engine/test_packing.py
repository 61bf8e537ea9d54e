import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.texts import (
    Columns,
    Texts,
    Vectors,
    pack_conversations,
    pack_vector,
    unpack_conversations,
    unpack_terms,
)
from console.engine.words import hash_stem, terms

directions = st.lists(st.floats(-1, 1, width=32), min_size=8, max_size=8).filter(
    lambda values: np.linalg.norm(values) > 0.01
)


def unit(values) -> np.ndarray:
    return (np.array(values) / np.linalg.norm(values)).astype("<f4")


def test_terms_of_many_texts_keep_their_row():
    found = unpack_terms([terms("likes tea"), b"", terms("tea")])

    tea = hash_stem("tea")
    whole = hash_stem("=likes tea")
    assert found.values.tolist() == [
        whole,
        hash_stem("like"),
        tea,
        hash_stem("=tea"),
        tea,
    ]
    assert found.rows.tolist() == [0, 0, 0, 2, 2]
    assert found.size == 3


def test_texts_are_read_by_rows_where_columns_cannot_be_told_apart():
    columns = Columns(
        "a b", "1 2", terms("tea") + bytes(4) + terms("dog"), bytes(8), b"", "00"
    )

    assert list(Texts.split(columns).ids) == ["a", "b"]
    assert Texts.split(columns._replace(ids="b a")) is None
    assert Texts.split(columns._replace(terms=bytes(8))) is None


def test_conversations_are_told_apart_by_eight_bytes_each():
    found = unpack_conversations(
        [pack_conversations(["c1", "c2"]), pack_conversations(["c2"])]
    )

    first, second, again = found.values.tolist()
    assert first != second == again


@given(directions, directions)
def test_eight_bits_keep_a_cosine_to_two_places(one, other):
    one, other = unit(one), unit(other)

    [found] = Vectors.of([pack_vector(one)]).cosines(other)

    assert found == pytest.approx(float(one @ other), abs=0.02)


def test_a_vector_takes_a_byte_a_dimension_and_four():
    assert len(pack_vector(np.ones(512, "<f4"))) == 516


def test_a_text_without_a_vector_is_near_nothing():
    vectors = Vectors.of([b"", pack_vector(unit([3, 4]))])

    assert vectors.known.tolist() == [False, True]
    assert vectors.cosines(unit([3, 4])).tolist() == [0.0, pytest.approx(1, abs=0.01)]


@pytest.mark.parametrize("packed", [[], [b"", b""]])
def test_no_vector_at_all_is_no_error(packed):
    vectors = Vectors.of(packed)

    assert vectors.cosines(unit([1, 1])).tolist() == [0.0] * len(packed)
    assert not vectors.known.any()


def test_a_vector_of_zeros_counts_as_none():
    assert not Vectors.of([pack_vector(np.zeros(4, "<f4"))]).known.any()
