"""Tiny sentence encoders, written to a folder as real ones are published."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import BertWordPieceTokenizer

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
VOCABULARY = [*MARKS, "a", "likes", "tea", "coffee", "camp", "##ing", "##s", "cafe"]
DIMENSIONS = 6
POSITIONS = 16

_random = np.random.default_rng(7)
# What the encoder adds up for each token: its word, its kind and its place.
WORDS = _random.normal(size=(len(VOCABULARY), DIMENSIONS)).astype("f4")
KINDS = _random.normal(size=(2, DIMENSIONS)).astype("f4")
PLACES = _random.normal(size=(POSITIONS, DIMENSIONS)).astype("f4")

THREE = dict.fromkeys(
    ("input_ids", "attention_mask", "token_type_ids"), TensorProto.INT64
)
UNPOOLED = {"last_hidden_state": ["n", "t", DIMENSIONS]}
POOLED = {"sentence_embedding": ["n", DIMENSIONS]}


def token_states(*tokens: str) -> np.ndarray:
    """What the encoder below makes of these tokens, in numpy: [tokens, dimensions]."""
    ids = [VOCABULARY.index(token) for token in tokens]
    return WORDS[ids] + KINDS[0] + PLACES[: len(ids)]


def make_folder(
    folder: Path,
    *,
    model: str = "model.onnx",
    vocabulary: str = "tokenizer.json",
    settings: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Path:
    """A folder that OnnxEncoder can use, but for what the arguments say.

    settings  contents by file name, beside the right config.json
    kwargs    of make_model
    """
    every = {"config.json": {"max_position_embeddings": POSITIONS}} | (settings or {})
    for name, values in every.items():
        write(folder / name, json.dumps(values))
    write(folder / "vocab.txt", "\n".join(VOCABULARY))
    if vocabulary == "tokenizer.json":
        plain = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
        (folder / "vocab.txt").unlink()
        # As some are published: filled up and cut to a length of their own.
        plain.enable_padding(length=9)
        plain.enable_truncation(9)
        plain.save(str(folder / "tokenizer.json"))
    write(folder / model, make_model(**kwargs).SerializeToString())
    return folder


def write(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def make_model(
    *,
    inputs: dict[str, int] = THREE,
    outputs: dict[str, list[Any]] = UNPOOLED,
    floats: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """Token states are word + kind + place; a pooled output is their greatest values."""
    kinds = "token_type_ids" if "token_type_ids" in inputs else "no_kinds"
    steps = [
        ("Shape", ["input_ids"], "shape", {}),
        ("Gather", ["shape", "one"], "width", {}),
        ("Range", ["zero", "width", "one"], "order", {}),
        ("Sub", ["input_ids", "input_ids"], "no_kinds", {}),
        ("Gather", ["words", "input_ids"], "of_word", {}),
        ("Gather", ["kinds", kinds], "of_kind", {}),
        ("Gather", ["places", "order"], "of_place", {}),
        ("Add", ["of_word", "of_kind"], "of_both", {}),
        ("Add", ["of_both", "of_place"], "states", {}),
        ("ReduceMax", ["states", "one_axis"], "greatest", {"keepdims": 0}),
    ]
    steps += [
        ("Cast", [_source(shape)], name, {"to": floats})
        for name, shape in outputs.items()
    ]
    tables = {
        "words": WORDS,
        "kinds": KINDS,
        "places": PLACES,
        "zero": np.array(0),
        "one": np.array(1),
        "one_axis": np.array([1]),
    }
    graph = helper.make_graph(
        [helper.make_node(op, args, [to], **more) for op, args, to, more in steps],
        "encoder",
        [
            helper.make_tensor_value_info(name, type_, ["n", "t"])
            for name, type_ in inputs.items()
        ],
        [
            helper.make_tensor_value_info(name, floats, shape)
            for name, shape in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in tables.items()],
    )
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _source(shape: list[Any]) -> str:
    return {1: "shape", 2: "greatest", 3: "states"}[len(shape)]
