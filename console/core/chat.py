"""Questions to a chat model whose answers have to fit a schema.

Endpoints speak OpenAI's form (POST {base}/chat/completions) or Anthropic's (POST
{base}/v1/messages). How strictly one keeps to a schema is found out by trying: what it
refuses is asked for in the next weaker way, which is remembered for it. And since many
accept a schema and ignore it, each answer is checked here. Neither questions, answers
nor the key stand in a log or in an error.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from console.core import outgoing
from console.core.outgoing import within

T = TypeVar("T", bound=msgspec.Struct)

ANSWER_BYTES = 1_000_000
ANSWER_TOKENS = 8192
# Of an endpoint that does not tell: as many as English has on average.
BYTES_A_TOKEN, MOST = 4, 10**8
# For as long as nobody sets an earlier end (outgoing.within).
ANSWER_S = 60.0
DRAFT_S = 30.0
# What is raised by whatever is no JSON, or not of the form: bytes that are no UTF-8, and
# brackets without end.
UNFIT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# Refused as asked, but for a weaker way of asking.
REFUSED = frozenset({400, 422})
_NOISE = re.compile(
    r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)|^[ \t]*```\w*[ \t\r]*$",
    re.DOTALL | re.MULTILINE,
)
# As JSON spells it; no database keeps one.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Body = dict[str, Any]
# By endpoint, which of its ways it answered last.
_ways: dict["ChatEndpoint", int] = {}


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """dialect  openai or anthropic"""

    base: str
    model: str
    dialect: str
    key: str = field(default="", repr=False)


@dataclass(slots=True)
class Usage:
    """What was asked for so far, with and without success."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


class Unanswered(Exception):
    """No answer that can be used. is_passing: the same question may get one later."""

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Block(msgspec.Struct):
    """Text, or a call of the tool that the answer is the input of."""

    text: str = ""
    input: msgspec.Raw = msgspec.Raw()


class _Tokens(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class _Answer(msgspec.Struct):
    """Of either dialect."""

    choices: Sequence[_Choice] = ()
    content: Sequence[_Block] = ()
    usage: _Tokens | None = None

    @property
    def text(self) -> str:
        if self.choices:
            return self.choices[0].message.content or ""
        found = "".join(bytes(each.input).decode() for each in self.content)
        return found or "".join(each.text for each in self.content)


def get_endpoint(settings: Any) -> ChatEndpoint | None:
    """The one that they name; None where they take no model."""
    if settings.MEMORY_EXTRACTOR != "model":
        return None
    return ChatEndpoint(
        settings.MODEL_URL,
        settings.MODEL_NAME,
        settings.MODEL_DIALECT,
        settings.MODEL_KEY,
    )


def ask(
    endpoint: ChatEndpoint,
    instructions: str,
    question: str,
    kind: type[T],
    usage: Usage,
) -> T:
    """The answer, checked. A wrong one is asked for once more, with what is wrong.
    Raises Unanswered."""
    schema = _build_schema(kind)
    instructions = (
        f"{instructions}\n\nAnswer with JSON alone, by this schema:\n"
        f"{msgspec.json.encode(schema).decode()}"
    )
    try:
        return _read(_send(endpoint, instructions, question, schema, usage), kind)
    except UNFIT as exc:
        again = f"{question}\n\nYour last answer did not fit the schema: {exc}"
    try:
        return _read(_send(endpoint, instructions, again, schema, usage), kind)
    except UNFIT:
        pass
    raise Unanswered("Its answers do not have the form that was asked for.")


class Draft(msgspec.Struct):
    text: str


def draft(endpoint: ChatEndpoint, prompt: str, usage: Usage) -> str:
    """What an agent might say next, for a person who waits. Raises Unanswered."""
    instructions = "Write what the support agent says next, briefly and in the customer's language."
    with within(DRAFT_S):
        return ask(endpoint, instructions, prompt, Draft, usage).text


def _build_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """With an object at its root: a reference there is refused."""
    _, parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    root = parts.pop(kind.__name__)
    return {**root, "$defs": parts} if parts else root


def _read(text: str, kind: type[T]) -> T:
    """Also where a model thinks aloud, or puts a fence around it. Raises UNFIT."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        text = _NOISE.sub("", text)
        start, end = text.find("{"), text.rfind("}") + 1
        return msgspec.json.decode(text[max(start, 0) : end], type=kind)


def _send(
    endpoint: ChatEndpoint, instructions: str, question: str, schema: Body, usage: Usage
) -> str:
    """What the model says. Raises Unanswered, UNFIT."""
    url, headers, body, ways = _build(endpoint, instructions, question, schema)
    headers["Content-Type"], status = "application/json", 0
    for number in range(_ways.get(endpoint, 0), len(ways)):
        content = msgspec.json.encode(body | ways[number])
        answered = outgoing.call(
            "POST",
            url,
            # The operator names the address, and it may well be a machine of their own.
            allow_private=True,
            headers=headers,
            content=content,
            seconds=min(outgoing.seconds_left(), ANSWER_S),
            room=ANSWER_BYTES,
        )
        if answered.error:
            raise Unanswered(answered.error, is_passing=True)
        status = answered.status
        if status == 200:
            _ways[endpoint], answer = number, _Answer()
            try:
                answer = msgspec.json.decode(answered.body, type=_Answer)
            finally:
                _count(usage, answer, content, answered.body)
            return _NUL.sub(r"\1", answer.text)
        if status not in REFUSED:
            break
    is_passing = status in {408, 429} or status >= 500
    raise Unanswered(f"It answered {status}.", is_passing=is_passing)


def _build(
    endpoint: ChatEndpoint, instructions: str, question: str, schema: Body
) -> tuple[str, dict[str, str], Body, Sequence[Body]]:
    """Address, headers, body, and what may be added to ask for the form, the strictest
    first."""
    base, key = endpoint.base.rstrip("/"), endpoint.key
    said = [{"role": "user", "content": question}]
    body: Body = {"model": endpoint.model, "messages": said}
    if endpoint.dialect == "openai":
        body["messages"] = [{"role": "system", "content": instructions}, *said]
        strict = {"name": "answer", "strict": True, "schema": schema}
        form = {"type": "json_schema", "json_schema": strict}, {"type": "json_object"}
        ways = *({"response_format": each} for each in form), {}
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return f"{base}/chat/completions", headers, body, ways
    body |= {"system": instructions, "max_tokens": ANSWER_TOKENS}
    tool = {"name": "answer", "description": "The answer.", "input_schema": schema}
    forced = {"tools": [tool], "tool_choice": {"type": "tool", "name": "answer"}}
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return f"{base.removesuffix('/v1')}/v1/messages", headers, body, (forced, {})


def _count(usage: Usage, answer: _Answer, content: bytes, found: bytes) -> None:
    usage.calls += 1
    told = answer.usage or _Tokens()
    read = told.prompt_tokens + told.input_tokens
    written = told.completion_tokens + told.output_tokens
    # Whatever an endpoint tells: a table has to hold it.
    usage.tokens_in += min(max(read, 0), MOST) or len(content) // BYTES_A_TOKEN
    usage.tokens_out += min(max(written, 0), MOST) or len(found) // BYTES_A_TOKEN
