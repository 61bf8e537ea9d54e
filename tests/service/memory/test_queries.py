"""SQL of the hot path answers what the ORM answers."""

from datetime import timedelta
from operator import attrgetter
from typing import Any

import pytest
from django.utils import timezone

from console.engine.dates import microseconds
from console.engine.texts import NO_TEXTS, Columns, Row, Texts
from console.service.conversations.models import Communication, Participant
from console.service.memory.embedding_jobs import make_vectors
from console.service.memory.models import (
    IndexEntry,
    Observation,
    Profile,
    Store,
    Summary,
    Trait,
)
from console.service.memory.queries import (
    find_caller,
    read_entries,
    read_entry_columns,
    read_items,
    read_said,
    read_traits,
)
from console.service.models import Account, Credential
from tests.service.conftest import CONVERSATION


@pytest.fixture
def known(api, store, profile, observe, summarise) -> Profile:
    observe("likes tea", "hat Größe 42 📦", conversationIds=[CONVERSATION])
    summarise("asked for a refund")
    api("PATCH", profile, {"traits": {"Contact": {"city": "Bern", "lastName": "Ö"}}})
    return Profile.objects.get(id=profile.rsplit("/", 1)[1])


def read_columns(row: Any, model: type[Any]) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in model._meta.concrete_fields
    }


def test_find_caller_finds_what_the_orm_finds(known):
    credential = Credential.objects.first()

    caller = find_caller(credential.username, known.store_id, known.id)

    pairs = [
        (credential, caller.credential),
        (credential.account, caller.account),
        (Store.objects.get(), caller.store),
        (known, caller.profile),
    ]
    for meant, found in pairs:
        assert read_columns(found, type(meant)) == read_columns(meant, type(meant))
        assert found._state.db == "memory"


def test_find_caller_gives_nobody_what_is_not_theirs(make_api, known, make_store):
    owner = Account.objects.get()
    make_api("other")
    other = Account.objects.exclude(pk=owner.pk).get()
    empty = make_store("client-2")

    strangers = find_caller(other.sid, known.store_id, known.id)
    elsewhere = find_caller(owner.sid, empty, known.id)

    assert strangers.account == other
    assert strangers.store is strangers.profile is elsewhere.profile is None
    assert elsewhere.store.id == empty
    assert find_caller("AC" + "0" * 32, known.store_id, known.id) is None


@pytest.mark.parametrize("model", [Observation, Summary])
def test_read_items_reads_what_the_orm_reads(known, model):
    rows = {row.id: row for row in model.objects.of(known)}

    found = read_items(model, known, list(rows))

    assert rows
    assert {row.id for row in found} == set(rows)
    for row in found:
        assert read_columns(row, model) == read_columns(rows[row.id], model)
    assert read_items(model, known, []) == read_items(model, known, ["mem_x"]) == []


def test_read_entries_reads_what_the_orm_reads_within_bounds(known):
    rows = IndexEntry.objects.of(known).order_by("item_id")
    make_vectors.func()
    rows.filter(item_id=rows[1].item_id).update(model="another")
    columns = "item_id", "occurred_at", "terms", "conversations", "vector", "model"
    at = Observation.objects.of(known).order_by("occurred_at").first().occurred_at
    later = at + timedelta(microseconds=1)

    for begin, end in ((None, None), (later, None), (None, at), (at, later)):
        meant = rows.all()
        if begin:
            meant = meant.filter(occurred_at__gte=microseconds(begin))
        if end:
            meant = meant.filter(occurred_at__lt=microseconds(end))
        found = read_entries(known, begin, end)
        assert found == list(meant.values_list(*columns))
        assert_alike(read_entry_columns(known, "use-3", begin, end), found)


def assert_alike(sides: list[Columns | None], rows: list[Row]) -> None:
    """Texts made of columns are those that are made of rows."""
    for kind, columns in zip(("observation", "summary"), sides, strict=True):
        mine = [row for row in rows if row[0].startswith(f"mem_{kind}_")]
        assert (columns is None) == (not mine)
        found, meant = (
            Texts.split(columns) if columns else NO_TEXTS,
            Texts.of(mine, "use-3"),
        )
        assert list(found.ids) == list(meant.ids)
        for name in (
            "occurred_at",
            "terms.values",
            "terms.rows",
            "terms.starts",
            "conversations.values",
            "conversations.rows",
            "vectors.levels",
            "vectors.scales",
        ):
            assert attrgetter(name)(found).tolist() == attrgetter(name)(meant).tolist()


def test_read_traits_reads_what_the_orm_reads(known):
    rows = Trait.objects.of(known).order_by("trait_group", "name")

    assert read_traits(known) == list(rows.values_list("trait_group", "name", "value"))
    assert len(rows) == 3


@pytest.mark.parametrize("others", [(), ("mem_profile_x",), ("",)])
def test_read_said_reads_the_last_of_a_conversation_that_is_not_others_alone(
    known, others
):
    here = {"store_id": known.store_id, "conversation_id": CONVERSATION}
    now = timezone.now()
    for number in range(1, 4):
        Communication.objects.create(
            **here,
            id=f"conv_communication_{number}",
            sequence=number,
            author_id="conv_participant_1",
            author_address="+15558675310",
            author_channel="SMS",
            text=f"Turn {number}, Größe 📦.",
            transcription={"engine": "x"} if number == 3 else None,
            recipients=[{"address": "+15550001000"}],
            occurred_at=now,
            created_at=now,
            updated_at=now,
        )
    for number, profile_id in enumerate(others):
        Participant.objects.create(
            **here,
            id=f"conv_participant_{number}",
            profile_id=profile_id,
            type="CUSTOMER",
            addresses=[],
            created_at=now,
            updated_at=now,
        )

    found = read_said(known, CONVERSATION, 2)

    meant = list(Communication.objects.order_by("-sequence")[:2])
    meant = [] if "mem_profile_x" in others else meant
    assert [read_columns(row, Communication) for row in found] == [
        read_columns(row, Communication) for row in meant
    ]
