"""Questions to chat models: what is sent, what is taken for an answer."""

import logging
from time import sleep

import msgspec
import pytest

from console.core import chat
from console.core.chat import ChatEndpoint, Unanswered, Usage, ask
from console.core.outgoing import within
from tests.scripted_model import running


class Colour(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    colours: list[Colour]


RED = {"colours": [{"name": "red"}]}
KEY = "sk-secret-0123456789"


@pytest.fixture
def model():
    with running() as model:
        yield model


@pytest.fixture(params=["openai", "anthropic"])
def endpoint(request, model) -> ChatEndpoint:
    return ChatEndpoint(model.url, "tiny-1", request.param, KEY)


def put(endpoint: ChatEndpoint, usage: Usage | None = None) -> Answer:
    return ask(endpoint, "Be brief.", "Which colours?", Answer, usage or Usage())


def test_ask_sends_the_schema_and_counts_tokens(model, endpoint):
    model.script = [RED]
    usage = Usage()

    answer = put(endpoint, usage)

    [call] = model.calls
    assert answer.colours == [Colour("red")]
    assert usage == Usage(1, 100, 20)
    assert call.body["model"] == "tiny-1"
    if endpoint.dialect == "openai":
        assert call.path == "/v1/chat/completions"
        assert call.headers["Authorization"] == f"Bearer {KEY}"
        schema = call.body["response_format"]["json_schema"]["schema"]
    else:
        assert call.path == "/v1/messages"
        assert call.headers["x-api-key"] == KEY
        schema = call.body["tools"][0]["input_schema"]
        assert call.body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert schema["type"] == "object"
    assert schema["required"] == ["colours"]


def test_ask_remembers_the_way_that_an_endpoint_answers(model, endpoint):
    model.script = [RED]
    model.refuses = lambda body: "response_format" in body or "tools" in body

    put(endpoint)
    first = len(model.calls)
    put(endpoint)

    assert first == (3 if endpoint.dialect == "openai" else 2)
    assert len(model.calls) == first + 1


@pytest.mark.parametrize(
    "said",
    [
        '```json\n{"colours": [{"name": "red"}]}\n```',
        '<think>{"colours": 1}? No.</think>\n{"colours": [{"name": "red"}]}',
        'Here it is: {"colours": [{"name": "red"}]} Anything else?',
    ],
)
def test_ask_reads_past_fences_and_thoughts(model, endpoint, said):
    model.script = [said]

    assert put(endpoint).colours == [Colour("red")]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "red",
        '{"colours": [{"na',
        {"colours": "red"},
        {"colours": [], "more": 1},
        b"\xff",
        b"[" * 100_000,
        b'{"choices": []}',
    ],
)
def test_ask_asks_once_more_with_what_is_wrong(model, endpoint, wrong):
    model.script = [wrong, RED]

    assert put(endpoint).colours == [Colour("red")]
    [_, again] = model.calls
    assert "did not fit the schema" in again.body["messages"][-1]["content"]


def test_ask_gives_up_on_a_second_wrong_answer(model, endpoint):
    model.script = ["red"]
    usage = Usage()

    with pytest.raises(Unanswered) as caught:
        put(endpoint, usage)

    assert not caught.value.is_passing
    assert usage.calls == len(model.calls) == 2


@pytest.mark.parametrize(
    ("status", "is_passing"),
    [(401, False), (404, False), (308, False), (429, True), (503, True), (400, False)],
)
def test_ask_tells_what_may_pass(model, endpoint, status, is_passing):
    model.script = [status]

    with pytest.raises(Unanswered, match=f"answered {status}") as caught:
        put(endpoint)

    assert caught.value.is_passing == is_passing
    assert {call.path for call in model.calls} == {model.calls[0].path}


def test_ask_waits_no_longer_than_its_deadline(model, endpoint):
    model.script = [lambda call: sleep(0.3) or RED]

    with within(0.1), pytest.raises(Unanswered, match="No answer") as caught:
        put(endpoint)

    assert caught.value.is_passing


def test_ask_takes_no_endless_answer(model, endpoint, monkeypatch):
    monkeypatch.setattr(chat, "ANSWER_BYTES", 100)
    model.script = [b" " * 101]

    with pytest.raises(Unanswered, match="too long"):
        put(endpoint)


def test_ask_reads_an_answer_of_blank_lines_in_no_time(model, endpoint):
    # Some models end like this: each line break was tried as the start of a fence.
    model.script = ["\n" * 100_000, RED]

    with within(10):
        assert put(endpoint).colours == [Colour("red")]


def test_ask_leaves_out_what_no_database_keeps(model, endpoint):
    model.script = ['{"colours": [{"name": "r\\u0000ed \\\\u0000"}]}']

    assert put(endpoint).colours == [Colour(r"red \u0000")]


def test_ask_counts_what_cannot_be_read(model, endpoint):
    model.script = [b"\xff" * 400]
    usage = Usage()

    with pytest.raises(Unanswered):
        put(endpoint, usage)

    assert usage.calls == len(model.calls) == 2
    assert usage.tokens_out == 200


def test_ask_estimates_tokens_that_are_not_told(model, endpoint):
    body = b'{"choices": [{"message": {"content": "{\\"colours\\": []}"}}]}'
    model.script = [body]
    usage = Usage()

    put(endpoint, usage)

    assert usage.tokens_in > 50
    assert usage.tokens_out == len(body) // 4


def test_ask_logs_neither_key_nor_words(model, endpoint, caplog):
    model.script = ["red"]

    with caplog.at_level(logging.DEBUG), pytest.raises(Unanswered) as caught:
        put(endpoint)

    told = f"{caplog.text}{caught.value!r}{endpoint!r}"
    assert KEY not in told
    assert "colours" not in told
