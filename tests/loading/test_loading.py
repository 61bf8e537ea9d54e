import io
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from console.audit.models import AuditEntry
from console.client.account import connect
from console.client.errors import MemoryBusy, MemoryNotFound, MemoryUnexpected
from console.client.http import all_pages
from console.contract.memory.observation import PatchObservation
from console.contract.memory.operation import Operation, OperationError
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition
from console.loading import records
from console.loading.loading import (
    LineLoader,
    Loader,
    declare_traits,
    get_part,
    infer_types,
    load_lines,
    wait_until_done,
)
from console.loading.models import LoadedParts
from console.loading.records import LINE_BYTES, parse_item, read_lines
from console.profiles.items import OBSERVATION
from console.service.memory.models import Observation as ObservationRow
from console.tenants.vault import open_account, open_store
from tests.factories import make_account

LOCOMO = Path(__file__).parents[3] / "shared/data/locomo-dev.memory.jsonl"
TALK = "conv_conversation_00000000000000000000000001"


def observation(content="Likes paper bills.", **fields):
    facts = {"source": "chat", "occurredAt": "2026-01-05T09:00:00Z"}
    return {"content": content} | facts | fields


def summary(content="They spoke of bills.", **fields):
    facts = {"conversationId": TALK, "occurredAt": "2026-01-05T09:10:00Z"}
    return {"content": content} | facts | fields


def record(email="ada@example.com", **parts):
    return {"traits": {"Contact": {"email": email}}} | parts


def line(**parts):
    return json.dumps(record(**parts)).encode()


def load(tenant, *lines, restore=False):
    """The report of a run over raw lines, and what was told."""
    told = []
    numbered = enumerate(lines, 1)
    report = load_lines(tenant, numbered, tell=told.append, restore=restore)
    return report, told


def run(path, tenant, *options):
    """What the command printed; its exit code is 1 where this raises."""
    out, err = io.StringIO(), io.StringIO()
    arguments = (str(path), "--tenant", tenant.slug, *options)
    call_command("load_memory", *arguments, stdout=out, stderr=err)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    """Writes lines into a file and gives its path."""

    def write(*lines):
        path = tmp_path / "memory.jsonl"
        path.write_bytes(b"\n".join(lines))
        return path

    return write


def kept(tenant, email="ada@example.com"):
    """Observations and summaries of one customer, oldest creation first."""
    store = open_store(tenant)
    (profile_id,) = store.lookup("email", email).profiles
    observations = store.list_observations(profile_id, order="ASC").items
    return observations, store.list_summaries(profile_id).items


def test_load_lines_creates_a_profile_with_its_items(tenant):
    parts = {"observations": [observation(conversationIds=[TALK])]}

    report, told = load(tenant, line(**parts, summaries=[summary(source="voice")]))

    observations, summaries = kept(tenant)
    assert told == []
    assert (report.profiles_new, report.profiles_found) == (1, 0)
    assert observations[0].content == "Likes paper bills."
    assert observations[0].conversation_ids == (TALK,)
    assert (summaries[0].conversation_id, summaries[0].source) == (TALK, "voice")


def test_load_lines_twice_adds_nothing_twice(tenant):
    many = [observation(f"Fact {number}.") for number in range(53)]
    lines = [line(observations=many, summaries=[summary()])]
    load(tenant, *lines)

    report, _ = load(tenant, *lines)

    assert (report.profiles_new, report.profiles_found) == (0, 1)
    assert (report.observations.added, report.observations.already_there) == (0, 53)
    assert (report.summaries.added, report.summaries.already_there) == (0, 1)


def test_load_lines_again_leaves_what_a_person_deleted_or_corrected(tenant):
    facts = [observation("Likes jazz."), observation("Allergic to cats.")]
    lines = [line(observations=facts, summaries=[summary()])]
    load(tenant, *lines)
    delete_and_correct(tenant)

    report, told = load(tenant, *lines)

    assert texts(tenant) == ["Allergic to dogs."]
    assert (report.observations.added, report.observations.removed) == (0, 2)
    assert (report.summaries.added, report.summaries.removed) == (0, 1)
    assert told == []


@pytest.mark.parametrize("again", ["likes jazz.", " Likes\tJAZZ. ", "Likes  jazz."])
def test_load_lines_knows_a_fact_whatever_its_capitals_and_blanks(tenant, again):
    load(tenant, line(observations=[observation("Likes jazz.")]))
    written_otherwise = line(observations=[observation(again)])

    report, _ = load(tenant, written_otherwise)
    assert (report.observations.added, report.observations.already_there) == (0, 1)

    store = open_store(tenant)
    (profile_id,) = store.lookup("email", "ada@example.com").profiles
    store.delete_observation(profile_id, kept(tenant)[0][0].id)
    report, _ = load(tenant, written_otherwise)
    assert (report.observations.added, report.observations.removed) == (0, 1)


def test_load_lines_remembers_what_was_loaded_by_its_very_letters(tenant):
    load(tenant, line())
    fact = observation("Likes jazz.")
    item = parse_item("", fact, OBSERVATION.new)
    parts = LoadedParts(open_store(tenant).store_id, "email ada@example.com")
    parts.add([get_part(item, OBSERVATION, as_written=True)])

    report, _ = load(tenant, line(observations=[fact]))

    assert (report.observations.added, report.observations.removed) == (0, 1)


def test_load_lines_restores_on_purpose_and_tells_what(tenant):
    facts = [observation("Likes jazz."), observation("Allergic to cats.")]
    lines = [line(observations=facts, summaries=[summary()])]
    load(tenant, *lines)
    delete_and_correct(tenant)

    report, told = load(tenant, *lines, restore=True)

    assert sorted(texts(tenant)) == ["Allergic to cats.", "Likes jazz."]
    assert (report.observations.added, report.summaries.added) == (2, 1)
    assert told == [
        "line 1: observations[0] put back",
        "line 1: observations[1] put back",
        "line 1: summaries[0] put back",
    ]
    assert load(tenant, *lines)[0].observations.already_there == 2


def delete_and_correct(tenant):
    """The first fact and the summary go, the second fact is corrected."""
    store = open_store(tenant)
    (profile_id,) = store.lookup("email", "ada@example.com").profiles
    (jazz, cats), (talk,) = kept(tenant)
    store.delete_observation(profile_id, jazz.id)
    change = PatchObservation(content="Allergic to dogs.")
    store.patch_observation(profile_id, cats.id, change)
    store.delete_summary(profile_id, talk.id)


def texts(tenant):
    return [item.content for item in kept(tenant)[0]]


def test_load_lines_again_leaves_a_trait_that_a_person_changed(tenant):
    contact = {"email": "ada@example.com", "firstName": "Ada", "city": "Ulm"}
    first = json.dumps({"traits": {"Contact": contact}}).encode()
    more = json.dumps({"traits": {"Contact": contact | {"country": "DE"}}}).encode()
    load(tenant, first)
    store = open_store(tenant)
    (profile_id,) = store.lookup("email", "ada@example.com").profiles
    store.patch_profile(profile_id, {"Contact": {"firstName": "Adele", "city": None}})

    load(tenant, more)
    left = store.fetch_profile(profile_id).traits["Contact"]
    _, told = load(tenant, first, restore=True)

    assert (left["firstName"], left["country"]) == ("Adele", "DE")
    assert "city" not in left
    assert store.fetch_profile(profile_id).traits["Contact"] == contact | {
        "country": "DE"
    }
    assert sorted(told) == [
        "line 1: traits.Contact.city put back",
        "line 1: traits.Contact.firstName put back",
    ]


@pytest.fixture
def load_city(tenant):
    """Loads a line in which Ada lives in a city; answers the report and her city."""

    def load_city(city):
        contact = {"email": "ada@example.com", "city": city}
        report, _ = load(tenant, json.dumps({"traits": {"Contact": contact}}).encode())
        store = open_store(tenant)
        [profile_id] = store.lookup("email", "ada@example.com").profiles
        return report, store.fetch_profile(profile_id).traits["Contact"]["city"]

    return load_city


def test_load_lines_sets_a_trait_again_that_a_later_file_replaced(load_city):
    loaded = [load_city(city) for city in ("Oslo", "Trondheim", "Oslo")]

    assert [city for _, city in loaded] == ["Oslo", "Trondheim", "Oslo"]
    assert not any(report.traits_removed for report, _ in loaded)


def test_load_lines_leaves_and_counts_what_a_person_corrected(tenant, load_city):
    load_city("Oslo")
    load_city("Trondheim")
    store = open_store(tenant)
    [profile_id] = store.lookup("email", "ada@example.com").profiles
    store.patch_profile(profile_id, {"Contact": {"city": "Oslo"}})

    loaded = [load_city(city) for city in ("Bergen", "Trondheim")]

    assert [city for _, city in loaded] == ["Oslo", "Oslo"]
    assert [report.traits_removed for report, _ in loaded] == [1, 1]


def test_load_lines_tells_by_which_values_nobody_is_found(tenant):
    raw = {"email": "ada@example.com", "phone": "unknown"}

    report, told = load(tenant, json.dumps({"traits": {"Contact": raw}}).encode())

    assert told == [
        "line 1: traits.Contact.phone: a placeholder, which names nobody; kept as a"
        " trait, not as an identifier"
    ]
    assert (report.traits_not_found, report.refused) == (1, 0)


def test_load_lines_again_leaves_a_deleted_profile_deleted(tenant):
    load(tenant, line(observations=[observation()]))
    store = open_store(tenant)
    (profile_id,) = store.lookup("email", "ada@example.com").profiles
    store.delete_profile(profile_id)

    report, _ = load(tenant, line(observations=[observation()]))
    gone = store.lookup("email", "ada@example.com").profiles
    _, told = load(tenant, line(observations=[observation()]), restore=True)

    assert (report.profiles_new, report.profiles_removed) == (0, 1)
    assert gone == ()
    assert texts(tenant) == ["Likes paper bills."]
    assert told == [
        "line 1: profile put back",
        "line 1: observations[0] put back",
    ]


@pytest.mark.parametrize("left_out", ["email", "phone"])
def test_load_lines_knows_a_person_by_each_identifier(tenant, left_out):
    contact = {"email": "ada@b.com", "phone": "+12125550161"}
    items = [observation("Likes jazz.")]
    load(tenant, line(traits={"Contact": contact}, observations=items))
    store = open_store(tenant)
    (profile_id,) = store.lookup("email", "ada@b.com").profiles
    [jazz] = store.list_observations(profile_id).items
    store.delete_observation(profile_id, jazz.id)

    del contact[left_out]
    report, _ = load(tenant, line(traits={"Contact": contact}, observations=items))

    assert (report.observations.added, report.observations.removed) == (0, 1)


def test_load_lines_keeps_two_persons_of_one_fact_apart(tenant):
    load(tenant, line(observations=[observation()]))

    eve = json.dumps(record("eve@example.com", observations=[observation()])).encode()
    report, _ = load(tenant, eve)

    assert (report.observations.added, report.observations.removed) == (1, 0)


def test_load_lines_recognises_the_same_time_in_another_zone(tenant):
    load(tenant, line(observations=[observation()]))
    same = observation(occurredAt="2026-01-05T10:00:00.250+01:00")

    report, _ = load(tenant, line(observations=[same, same, observation("New.")]))

    assert (report.observations.added, report.observations.already_there) == (1, 2)


def test_load_lines_creates_observations_in_order(tenant):
    days = [20, 3, 11, 28, 1, 7, 15, 9, 22, 5, 30, 2]
    items = [
        observation(f"{day:02}", occurredAt=f"2026-01-{day:02}T09:00:00Z")
        for day in days
    ]

    load(tenant, line(observations=items))

    observations, _ = kept(tenant)
    assert [item.content for item in observations] == [f"{d:02}" for d in sorted(days)]


def test_load_lines_leaves_out_an_invalid_observation(tenant):
    items = [observation("One."), observation(""), observation("Three.")]

    report, told = load(tenant, b"", line(observations=items))

    observations, _ = kept(tenant)
    assert [item.content for item in observations] == ["One.", "Three."]
    assert told == ["line 2: observations[1].content: must not be empty"]
    assert (report.observations.refused, report.refused) == (1, 1)


SOURCE = "must match '^[a-zA-Z0-9 _./-]+$'"
TIME = "must be an RFC 3339 date-time with a time zone"
ID = "must match '^conv_conversation_[0-7][0-9a-z]{25}$'"


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("secret text", ": must be an object"),
        (observation(mood="secret"), ".mood: unknown field"),
        (observation(**{"\x1b[2J": 1}), ".\\x1b[2J: unknown field"),
        (observation(None), ".content: required"),
        (observation(7), ".content: must be a string"),
        (observation("s" * 4097), ".content: must be at most 4096 characters"),
        (observation("sec\x00ret"), ".content: control characters are not allowed"),
        (observation("\ud800"), ".content: control characters are not allowed"),
        (observation(source="<secret>"), f".source: {SOURCE}"),
        (observation(source=3), ".source: must be a string"),
        (observation(source="s" * 101), ".source: must be at most 100 characters"),
        (observation(occurredAt="yesterday"), f".occurredAt: {TIME}"),
        (
            observation(occurredAt="2026-01-05T09:00:00"),
            ".occurredAt: must have a time zone",
        ),
        (observation(occurredAt="2026-02-30T09:00:00Z"), f".occurredAt: {TIME}"),
        (
            observation(occurredAt="0001-01-01T00:00:00+14:00"),
            ".occurredAt: must lie in the years 1 to 9999",
        ),
        (observation(occurredAt=1767603600), f".occurredAt: {TIME}"),
        (observation(conversationIds=TALK), ".conversationIds: must be an array"),
        (
            observation(conversationIds=[TALK] * 11),
            ".conversationIds: must have at most 10 items",
        ),
        (observation(conversationIds=["secret"]), f".conversationIds[0]: {ID}"),
    ],
)
def test_load_lines_names_a_refused_observation(tenant, item, told):
    report, lines = load(tenant, line(observations=[item]))

    assert lines == [f"line 1: observations[0]{told}"]
    assert (report.observations.added, report.observations.refused) == (0, 1)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (summary(conversationId=None), ".conversationId: required"),
        (summary(conversationId="CH123"), f".conversationId: {ID}"),
        (summary(source="é"), f".source: {SOURCE}"),
        (summary(conversationIds=[TALK]), ".conversationIds: unknown field"),
    ],
)
def test_load_lines_names_a_refused_summary(tenant, item, told):
    report, lines = load(tenant, line(summaries=[summary(), item]))

    assert lines == [f"line 1: summaries[1]{told}"]
    assert (report.summaries.added, report.summaries.refused) == (1, 1)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"{", "is not valid JSON at column 2"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"traits":' * 50_000 + b"{}" + b"}" * 50_000, "is nested too deeply"),
        (b'{"traits": {"Contact": {"lastName": "\xe9"}}}', "is not UTF-8 at byte 38"),
        (b"[]", "must be a JSON object"),
        (b'{"traits": {}, "secret": 1}', "secret: unknown field"),
        (b'{"traits": []}', "traits: must be an object"),
        (b'{"observations": {}}', "observations: must be an array"),
        (b'{"summaries": "x"}', "summaries: must be an array"),
        (b'{"traits": {}, "traits": {}}', "traits: duplicate"),
        (b'{"traits": {"A": {"b": NaN}}}', "NaN is not a JSON number"),
        (b"9" * 5000, "number out of range"),
        (b" " * (LINE_BYTES + 1), "is longer than 64 MiB"),
    ],
)
def test_load_line_refuses_an_unreadable_line(tenant, raw, told):
    loader = Loader(open_store(tenant), (lines := []).append)

    loader.load_line(4, raw)
    loader.load_line(5, line(observations=[observation()]))

    assert lines == [f"line 4: {told}"]
    assert (loader.report.refused, loader.report.profiles_new) == (1, 1)


@pytest.mark.parametrize(
    ("traits", "told"),
    [
        ({"Two words": {}}, "Two words: invalid trait group name"),
        ({"Contact\x1b": {}}, "Contact?: invalid trait group name"),
        ({"Plan": 7}, "Plan: must be an object"),
        ({"Plan": {"": 1}}, "Plan.: a trait name must be 1 to 64 printable characters"),
        ({"Plan": {"a": {}}}, "Plan.a: must be a string, a number or a boolean"),
        (
            {"Plan": {"a": [[1]]}},
            "Plan.a: [0]: must be a string, a number or a boolean",
        ),
        ({"Plan": {"a": [1] * 101}}, "Plan.a: at most 100 items"),
        ({"Plan": {"a": "s" * 1025}}, "Plan.a: at most 1024 characters"),
        ({"Plan": {"a": "\x07"}}, "Plan.a: must not have control characters"),
        ({"Plan": {"a": 1e999}}, "Plan.a: must be a string, a number or a boolean"),
        ({"Plan": {"a": 2**31}}, "Plan.a: must be between -2147483648 and 2147483647"),
    ],
)
def test_load_lines_names_a_refused_trait(tenant, traits, told):
    raw = json.dumps({"traits": {"Contact": {"email": "ada@example.com"}} | traits})

    report, lines = load(tenant, raw.replace("Infinity", "1e999").encode())

    assert [text.startswith(f"line 1: traits.{told}") for text in lines] == [True]
    assert (report.profiles_new, report.refused) == (1, 1)


def test_load_lines_refuses_a_line_without_identifier(tenant):
    nameless = {
        "traits": {"Contact": {"firstName": "Ada", "email": None}},
        "observations": [observation()],
    }

    report, told = load(tenant, json.dumps(nameless).encode())

    assert report.profiles_new == report.observations.added == 0
    assert told[0].startswith("line 1: traits: The memory refused this")
    assert "Contact.email" in told[0]


def test_load_lines_reports_an_identifier_that_the_memory_refuses(tenant):
    raw = b'{"traits": {"Contact": {"phone": "none of your business"}}}'

    report, told = load(tenant, raw)

    assert report.refused == 1
    assert "traits.Contact.phone" in told[0]
    assert "business" not in told[0]


def test_load_lines_names_what_the_memory_refuses_in_a_batch(
    transactional_db, tenant, monkeypatch
):
    monkeypatch.setattr(ObservationRow, "most", 12)
    items = [observation(f"Fact {number}.") for number in range(15)]

    report, told = load(tenant, line(observations=items))

    assert (report.observations.added, report.observations.refused) == (12, 3)
    places = [text.partition(": The memory refused")[0] for text in told]
    assert places == [f"line 1: observations[{index}]" for index in (12, 13, 14)]


def test_load_record_stops_for_a_busy_memory():
    def answer(request):
        if request.url.path.endswith("/Lookup"):
            return httpx.Response(503, headers={"Retry-After": "3600"})
        groups = {
            "displayName": "Contact",
            "version": 1,
            "traits": {"email": {"dataType": "STRING", "idTypePromotion": "email"}},
        }
        meta = {"key": "traitGroups", "pageSize": 1}
        return httpx.Response(200, json={"traitGroups": [groups], "meta": meta})

    account = connect(
        "https://memory.example",
        username="AC" + "0" * 32,
        secret="s",
        transport=httpx.MockTransport(answer),
    )
    loader = Loader(account.store("mem_store_00000000000000000000000001"), print)

    with pytest.raises(MemoryBusy):
        loader.load_record(1, record())


def test_load_lines_logs_an_interrupted_run(tenant):
    def lines():
        yield 1, line(observations=[observation()])
        open_account(tenant).delete_store(tenant.store_id)
        yield 2, line(email="eve@example.com")

    with pytest.raises(MemoryNotFound):
        load_lines(tenant, lines(), tell=print)

    entry = AuditEntry.objects.get(action="memory.loaded")
    assert entry.outcome == "failed"
    assert entry.details["observations_added"] == 1


def test_send_batch_stops_when_the_store_is_gone(tenant):
    line = LineLoader(Loader(open_store(tenant), print), 1)
    line.load(record() | {"observations": [], "summaries": []})
    open_account(tenant).delete_store(tenant.store_id)

    with pytest.raises(MemoryNotFound):
        line.send_batch(OBSERVATION, [("observations[0]", observation())])


def test_read_lines_truncates_an_over_long_line(monkeypatch):
    monkeypatch.setattr(records, "LINE_BYTES", 10)
    file = io.BytesIO(b"a" * 25 + b"\nshort\n")

    lines = list(read_lines(file))

    assert [(number, len(raw)) for number, raw in lines] == [
        (1, 11),
        (2, 6),
    ]


def test_load_memory_declares_traits_on_demand(tenant, file):
    plan = {"tier": "Gold", "lines": 2, "paper": True, "tags": ["a"], "gone": None}
    path = file(
        json.dumps(
            record(traits={"Contact": {"email": "a@example.com"}, "Plan": plan})
        ).encode(),
        b"{broken",
    )

    with pytest.raises(CommandError, match="2 refused"):
        run(path, tenant)
    with pytest.raises(CommandError, match="1 refused"):
        run(path, tenant, "--declare")

    traits = open_store(tenant).fetch_trait_group("Plan").traits
    types = {name: trait.data_type for name, trait in traits.items()}
    assert types == {
        "tier": "STRING",
        "lines": "NUMBER",
        "paper": "BOOLEAN",
        "tags": "ARRAY",
    }


def test_declare_traits_leaves_known_traits_alone(tenant):
    store, account = open_store(tenant), open_account(tenant)
    account.wait_for(
        store.create_trait_group(
            CreateTraitGroup(
                display_name="Plan",
                traits={"tier": NewTraitDefinition(data_type="STRING")},
            )
        )
    )
    lines = [
        b'{"traits": {"Plan": {"tier": 3, "max_lines": 2}, "Contact": {"Email": "x"}}}',
        b'{"traits": {"Plan": {"max_lines": "two"}, "?": {"a": 1}}}',
    ]
    types = infer_types(enumerate(lines, 1))

    declared = declare_traits(account, store, types)

    traits = store.fetch_trait_group("Plan").traits
    assert declared == ["Plan.max_lines"]
    assert {name: trait.data_type for name, trait in traits.items()} == {
        "tier": "STRING",
        "maxLines": "NUMBER",
    }
    assert store.fetch_trait_group("Contact").traits["email"].id_type_promotion


def test_wait_until_done_raises_for_a_failed_operation(tenant):
    failed = Operation(
        operation_id="mem_operation_1",
        status="FAILED",
        created_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        error=OperationError(title="The name is taken."),
    )

    with pytest.raises(MemoryUnexpected, match="The name is taken"):
        wait_until_done(open_account(tenant), failed)


def test_load_memory_reports_what_it_did(tenant, file):
    path = file(
        b"\xef\xbb\xbf" + line(observations=[observation()], summaries=[summary()]),
        b"",
        line(email="eve@example.com"),
    )

    printed = run(path, tenant)

    assert "profiles: 2 new, 0 found\n" in printed
    assert "observations: 1 added, 0 already there, 0 refused\n" in printed
    assert "summaries: 1 added, 0 already there, 0 refused\n" in printed
    entry = AuditEntry.objects.get(action="memory.loaded")
    assert (entry.outcome, entry.tenant) == ("done", tenant.slug)
    assert entry.details["profiles_new"] == 2


def test_load_memory_names_refused_records_on_stderr(tenant, file):
    path = file(line(observations=[observation(source="!")]), b"nonsense")
    err = io.StringIO()

    with pytest.raises(CommandError, match="2 refused; each is named above") as exc:
        call_command(
            "load_memory",
            str(path),
            tenant=tenant.slug,
            verbosity=0,
            stdout=io.StringIO(),
            stderr=err,
        )

    assert exc.value.returncode == 1
    assert "line 1: observations[0].source: " in err.getvalue()
    assert "line 2: is not valid JSON" in err.getvalue()


def test_load_memory_draws_a_bar_on_a_terminal(tenant, file, monkeypatch, capsys):
    path = file(line(observations=[observation()]))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    run(path, tenant)

    assert "100%" in capsys.readouterr().err


def test_load_memory_refuses_an_unknown_tenant(db, file):
    with pytest.raises(CommandError, match="--tenant: there is no tenant 'nobody'"):
        call_command("load_memory", str(file(b"{}")), tenant="nobody")


def test_load_memory_refuses_a_missing_file(tenant, tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        run(tmp_path / "missing.jsonl", tenant)


def test_load_memory_stops_when_the_memory_refuses(tenant, file):
    tenant.account_sid = make_account()["accountSid"]
    tenant.save()

    with pytest.raises(CommandError, match=r"Stopped: .* nothing is added twice"):
        run(file(line()), tenant)


@pytest.mark.skipif(not LOCOMO.exists(), reason="the LoCoMo file is not beside us")
def test_load_memory_loads_real_conversations(tenant):
    printed = run(LOCOMO, tenant)

    assert "profiles: 10 new, 0 found" in printed
    assert "observations: 1210 added, 0 already there, 0 refused" in printed
    assert "summaries: 256 added, 0 already there, 0 refused" in printed
    store = open_store(tenant)
    (profile_id,) = store.lookup("email", "caroline.conv-26@example.com").profiles
    recalled = store.recall(profile_id, query="LGBTQ support group").observations
    assert any("attended an LGBTQ support group" in o.content for o in recalled[:3])


@pytest.mark.skipif(not LOCOMO.exists(), reason="the LoCoMo file is not beside us")
def test_load_memory_finds_real_conversations_again(tenant):
    run(LOCOMO, tenant)

    printed = run(LOCOMO, tenant)

    assert "profiles: 0 new, 10 found" in printed
    assert "observations: 0 added, 1210 already there, 0 refused" in printed
    assert len(list(all_pages(open_store(tenant).list_profiles))) == 10


@pytest.mark.parametrize("desk", ["desk@hotel.example", "n/a", "nobody@hotel.example"])
def test_load_lines_keeps_strangers_behind_one_address_apart(tenant, desk):
    guests = [
        line(
            traits={"Contact": {"email": desk, "firstName": name, "phone": phone}},
            observations=[observation("Likes tea."), observation(f"Is {name}.")],
        )
        for name, phone in [("Ada", "+12025550161"), ("Bob", "+12025550162")]
    ]

    first, _ = load(tenant, *guests)
    again, _ = load(tenant, *guests)

    assert (first.profiles_new, again.profiles_new) == (2, 0)
    assert (first.observations.added, again.observations.added) == (4, 0)
    assert again.observations.already_there == 4
    store = open_store(tenant)
    [bob] = store.lookup("phone", "+12025550162").profiles
    said = {each.content for each in store.list_observations(bob).items}
    assert said == {"Likes tea.", "Is Bob."}
