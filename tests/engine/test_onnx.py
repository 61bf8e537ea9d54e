"""The adapter with the real packages and encoders small enough to work by hand."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from onnx import TensorProto

from console.engine.embedding import OnnxEncoder, OnnxUnusable, load_embedder
from console.engine.texts import to_unit_length
from tests.engine.encoders import (
    DIMENSIONS,
    POOLED,
    POSITIONS,
    THREE,
    UNPOOLED,
    make_folder,
    token_states,
    write,
)

TEA = ("[CLS]", "likes", "tea", "[SEP]")
CAMPING = ("[CLS]", "camp", "##ing", "[SEP]")
CLS = {"1_Pooling/config.json": {"pooling_mode_cls_token": True}}


def of_length_one(*rows: np.ndarray) -> list:
    return [pytest.approx(row, abs=1e-6) for row in to_unit_length(np.array(rows))]


def mean(*tokens: str) -> np.ndarray:
    return token_states(*tokens).mean(axis=0)


def test_token_states_become_their_mean(tmp_path):
    encoder = OnnxEncoder(make_folder(tmp_path))

    found = encoder.embed(["likes tea", "Camping"])

    assert found.dtype == np.float32
    assert list(found) == of_length_one(mean(*TEA), mean(*CAMPING))


@pytest.mark.parametrize(
    "settings", [CLS, {"1_Pooling/config.json": {"pooling_mode": "cls"}}]
)
def test_a_model_of_the_first_token_is_read_there(tmp_path, settings):
    encoder = OnnxEncoder(make_folder(tmp_path, settings=settings))

    assert list(encoder.embed(["likes tea"])) == of_length_one(token_states(*TEA)[0])


@pytest.mark.parametrize("outputs", [POOLED, UNPOOLED | POOLED])
def test_a_vector_that_the_model_pooled_itself_is_taken_as_it_is(tmp_path, outputs):
    encoder = OnnxEncoder(make_folder(tmp_path, outputs=outputs, settings=CLS))

    found = encoder.embed(["likes tea"])

    assert list(found) == of_length_one(token_states(*TEA).max(axis=0))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_model_gets_the_inputs_that_it_has(tmp_path, count):
    inputs = dict(list(THREE.items())[:count])
    encoder = OnnxEncoder(make_folder(tmp_path, inputs=inputs))

    assert list(encoder.embed(["likes tea"])) == of_length_one(mean(*TEA))


def test_halves_and_short_integers_are_read_too(tmp_path):
    inputs = dict.fromkeys(THREE, TensorProto.INT32)
    folder = make_folder(tmp_path, inputs=inputs, floats=TensorProto.FLOAT16)

    [found] = OnnxEncoder(folder).embed(["likes tea"])

    assert found.dtype == np.float32
    assert found == pytest.approx(to_unit_length(np.array([mean(*TEA)]))[0], abs=2e-3)


def test_a_models_own_folder_and_a_plain_vocabulary_do(tmp_path):
    folder = make_folder(tmp_path, model="onnx/model.onnx", vocabulary="vocab.txt")

    found = OnnxEncoder(folder).embed(["likes tea", "CAFÉ"])

    assert list(found) == of_length_one(mean(*TEA), mean("[CLS]", "cafe", "[SEP]"))


def test_a_vocabulary_of_cased_words_stays_cased(tmp_path):
    cased = {"tokenizer_config.json": {"do_lower_case": False}}
    folder = make_folder(tmp_path, vocabulary="vocab.txt", settings=cased)

    found = OnnxEncoder(folder).embed(["Tea"])

    assert list(found) == of_length_one(mean("[CLS]", "[UNK]", "[SEP]"))


def test_a_text_has_one_vector_in_any_company(tmp_path):
    encoder = OnnxEncoder(make_folder(tmp_path))

    alone, together = encoder.embed(["tea"]), encoder.embed(["likes tea " * 9, "tea"])

    assert together[1].tolist() == alone[0].tolist()


def test_a_text_without_words_has_a_vector_and_no_text_has_none(tmp_path):
    encoder = OnnxEncoder(make_folder(tmp_path))

    assert list(encoder.embed([""])) == of_length_one(mean("[CLS]", "[SEP]"))
    assert encoder.embed([]).shape == (0, DIMENSIONS)


def test_a_text_without_a_single_token_has_a_vector_of_zeros(tmp_path):
    folder = make_folder(tmp_path)
    marked = json.loads((folder / "tokenizer.json").read_bytes())
    write(folder / "tokenizer.json", json.dumps(marked | {"post_processor": None}))

    assert OnnxEncoder(folder).embed([""]).tolist() == [[0.0] * DIMENSIONS]


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, POSITIONS),
        ({"sentence_bert_config.json": {"max_seq_length": 5}}, 5),
        ({"tokenizer_config.json": {"model_max_length": 7}}, 7),
        ({"sentence_bert_config.json": {"max_seq_length": None}}, POSITIONS),
        ({"tokenizer_config.json": {"model_max_length": 10**30}}, POSITIONS),
    ],
)
def test_a_long_text_is_cut_at_what_the_model_reads(tmp_path, settings, limit):
    encoder = OnnxEncoder(make_folder(tmp_path, settings=settings))

    found = encoder.embed(["tea " * 500])

    read = ["[CLS]", *["tea"] * (limit - 2), "[SEP]"]
    assert list(found) == of_length_one(mean(*read))


def test_threads_share_an_encoder(tmp_path):
    encoder = OnnxEncoder(make_folder(tmp_path))
    texts = ["likes tea " * count for count in range(8)] * 8

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: encoder.embed([text])[0].tolist(), texts))

    assert found == encoder.embed(texts).tolist()


def test_the_id_names_the_files_and_fits_its_column(tmp_path):
    one = OnnxEncoder(make_folder(tmp_path / "one"))
    same = OnnxEncoder(make_folder(tmp_path / "same"))

    assert one.id == same.id
    assert one.id.startswith("onnx:")
    assert len(one.id) <= 40


@pytest.mark.parametrize(
    "changes",
    [
        {"outputs": POOLED},
        {"vocabulary": "vocab.txt"},
        {"settings": CLS},
        {"settings": {"config.json": {"max_position_embeddings": 8}}},
    ],
)
def test_another_file_is_another_id(tmp_path, changes):
    one = OnnxEncoder(make_folder(tmp_path / "one"))
    other = OnnxEncoder(make_folder(tmp_path / "other", **changes))

    assert one.id != other.id


def test_weights_beside_the_model_are_part_of_the_id(tmp_path):
    folder = make_folder(tmp_path)
    before = OnnxEncoder(folder).id

    write(folder / "model.onnx_data", b"more weights")

    assert OnnxEncoder(folder).id != before


def test_the_setting_loads_it_once_for_all_threads(tmp_path):
    name = f"onnx:{make_folder(tmp_path)}"

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(load_embedder, [name] * 4)

    assert isinstance(first, OnnxEncoder)
    assert all(other is first for other in others)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("model.onnx", "has no model.onnx and no onnx/model.onnx"),
        ("tokenizer.json", "has no tokenizer.json and no vocab.txt"),
    ],
)
def test_a_missing_file_is_named_with_its_folder(tmp_path, missing, message):
    folder = make_folder(tmp_path)
    (folder / missing).unlink()

    with pytest.raises(OnnxUnusable, match=f"^{folder} {message}$"):
        OnnxEncoder(folder)


@pytest.mark.parametrize(
    "broken", ["model.onnx", "tokenizer.json", "config.json", "1_Pooling/config.json"]
)
def test_an_unreadable_file_is_named(tmp_path, broken):
    folder = make_folder(tmp_path)
    write(folder / broken, "{")

    with pytest.raises(OnnxUnusable, match=f"{folder / broken} cannot be used"):
        OnnxEncoder(folder)


def test_a_vocabulary_without_berts_marks_is_refused(tmp_path):
    folder = make_folder(tmp_path, vocabulary="vocab.txt")
    write(folder / "vocab.txt", "likes\ntea")

    with pytest.raises(OnnxUnusable, match=r"vocab.txt cannot be used: .* not found"):
        OnnxEncoder(folder)


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_missing_package_is_named(tmp_path, monkeypatch, package):
    folder = make_folder(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(OnnxUnusable, match=f"{package} is not installed.*extra `onnx`"):
        OnnxEncoder(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"inputs": THREE | {"pixels": TensorProto.INT64}},
            r"reads pixels as tensor\(int64\); known are",
        ),
        (
            {"inputs": THREE | {"attention_mask": TensorProto.FLOAT}},
            r"reads attention_mask as tensor\(float\); known are",
        ),
        ({"floats": TensorProto.INT64}, "has no output of floats"),
        ({"outputs": {"sizes": [2]}}, r"output sizes has the shape \(2,\)"),
        ({"settings": {"config.json": {}}}, "512 tokens cannot be used: .* by 512"),
    ],
)
def test_a_model_that_cannot_be_used_says_why(tmp_path, changes, message):
    folder = make_folder(tmp_path, **changes)

    with pytest.raises(OnnxUnusable, match=f"^{folder}/model.onnx .*{message}"):
        OnnxEncoder(folder)


def test_another_pooling_is_refused(tmp_path):
    pooling = {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}
    folder = make_folder(tmp_path, settings={"1_Pooling/config.json": pooling})

    with pytest.raises(OnnxUnusable, match="known are mean and cls"):
        OnnxEncoder(folder)
