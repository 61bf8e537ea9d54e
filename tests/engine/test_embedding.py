import numpy as np
import pytest

from console.engine.embedding import load_embedder
from console.engine.texts import to_unit_length


def test_the_default_model_gives_rows_of_length_one():
    rows = load_embedder("use-3").embed(["likes tea", "mag Tee", "rides a bicycle"])

    assert rows.shape == (3, 512)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


@pytest.mark.parametrize(
    ("text", "can_be_read"),
    [
        ("उन्हें सुबह मसाला चाय चाहिए।", False),
        ("მისი სისხლის ჯგუფი", False),
        ("👍", False),
        ("Order 5512 👍", True),
        ("客人希望枕头里不要有羽毛。", True),
        ("ชอบกินอะไร", True),
        ("Mag schwarzen Tee ohne Zucker.", True),
    ],
)
def test_a_text_that_the_default_model_cannot_read_has_no_meaning(text, can_be_read):
    assert load_embedder("use-3").embed([text]).any() == can_be_read


def test_a_text_has_one_vector_whatever_stands_beside_it():
    model = load_embedder("use-3")

    [alone] = model.embed(["likes tea"])
    among = model.embed(["a much longer text about tents", "likes tea", ""])[1]

    assert among == pytest.approx(alone, abs=1e-5)


def test_a_model_is_loaded_once():
    assert load_embedder("use-3") is load_embedder("use-3")


def test_none_is_no_model():
    assert load_embedder("none") is None


@pytest.mark.parametrize("name", ["", "use-4", "onnx", "onnx:"])
def test_another_name_is_refused(name):
    with pytest.raises(
        ValueError, match="is no embedder: use-3, onnx:<folder> or none"
    ):
        load_embedder(name)


def test_a_row_of_zeros_stays_one():
    assert to_unit_length(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [
        [0.0, 0.0],
        [pytest.approx(0.6), pytest.approx(0.8)],
    ]
