"""The memory's tables: every key led by the store."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from re import Pattern
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import connections, models
from django.db.models import Q
from django.db.models.functions import Now

from console.contract.ids import OBSERVATION_ID, SUMMARY_ID
from console.contract.memory.data_mapping import (
    DATA_MAPPING_DESCRIPTION_MAX,
    DATA_MAPPING_NAME_MAX,
)
from console.contract.memory.identifier import IDENTIFIER_VALUE_MAX
from console.contract.memory.identity_settings import ID_TYPE_MAX, ID_TYPE_MIN
from console.contract.memory.observation import (
    CONTENT_MAX,
    OBSERVATIONS_PER_PROFILE,
    RETRACTED_FOR_MAX,
    SOURCE_MAX,
)
from console.contract.memory.profile_import import (
    IMPORT_BYTES_MAX,
    IMPORT_COLUMN_MAX,
    IMPORT_FILENAME_MAX,
)
from console.contract.memory.store import STORE_DESCRIPTION_MAX, STORE_NAME_MAX
from console.contract.memory.summary import SUMMARIES_PER_PROFILE
from console.contract.memory.trait_group import (
    TRAIT_GROUP_DESCRIPTION_MAX,
    TRAIT_GROUP_NAME_MAX,
    TRAIT_NAME_MAX,
)
from console.contract.naming import NAME_TRAITS
from console.engine.words import split_value
from console.service.models import (
    ALIAS,
    Account,
    ProfileFact,
    ProfileKey,
    ProfileQuerySet,
    ProfileScoped,
    StoreScoped,
    check_length,
    check_positive,
    index_in_store,
)


class Store(models.Model):
    """One memory: everything below carries its id as the first part of the key.

    display_name  1 to 64 letters, digits and hyphens, unique in the account
    friendly_name  what clients of the older dialect call it (16.2)
    ledger_days   for how many the ledger is kept (ledger.py); 0: it is not
    version       1, and one more with each successful change (ETag)
    Contract 10.1.
    """

    class Status(models.TextChoices):
        QUEUED = "QUEUED"
        PROVISIONING = "PROVISIONING"
        ACTIVE = "ACTIVE"
        FAILED = "FAILED"

    id = models.CharField(primary_key=True, max_length=42)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    display_name = models.CharField(max_length=STORE_NAME_MAX)
    description = models.CharField(max_length=STORE_DESCRIPTION_MAX, blank=True)
    friendly_name = models.CharField(max_length=STORE_DESCRIPTION_MAX, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    ledger_days = models.PositiveSmallIntegerField(default=0, db_default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "display_name"], name="store_name_in_account"
            ),
            check_length("store_name_1_to_64", "display_name", 1, STORE_NAME_MAX),
            check_length(
                "store_description_to_128", "description", 0, STORE_DESCRIPTION_MAX
            ),
            check_positive("store_version_from_1", "version"),
        ]


class IdentitySettings(models.Model):
    """How one store tells people apart. Contract 10.2.

    identifier_configs  list of the contract's IdentifierConfig objects
    matching_rules      identifier types in the order in which they are tried
    phone_region        ISO 3166 code of the country whose national numbers are read;
                        empty: the contract's
    time_zone           where "yesterday" is meant, as the IANA calls it; empty: UTC
    merge_brake         which merges wait for a person: on, shared, off
    whatsapp_is_phone   a WhatsApp number is kept as a phone too, and so names who has it
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, primary_key=True)
    identifier_configs = models.JSONField()
    matching_rules = models.JSONField()
    phone_region = models.CharField(max_length=2, blank=True, db_default="")
    time_zone = models.CharField(max_length=64, blank=True, db_default="")
    merge_brake = models.CharField(max_length=6, db_default="on", default="on")
    whatsapp_is_phone = models.BooleanField(db_default=False, default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            check_positive("identity_settings_version_from_1", "version"),
        ]

    def get_config(self, id_type: str) -> dict[str, Any] | None:
        """The settings of one identifier type; None when this store has none."""
        for config in self.identifier_configs:
            if config["idType"] == id_type:
                return dict(config)
        return None


def get_locale(store_id: str) -> tuple[str, ZoneInfo]:
    """Whose national numbers and dates a store reads, empty for the contract's, and in
    which zone "yesterday" is meant."""
    sql = """
        SELECT phone_region, time_zone FROM service_identitysettings WHERE store_id = %s
    """
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(sql, [store_id])
        region, zone = cursor.fetchone() or ("", "")
    return region, ZoneInfo(zone or "UTC")


class Tombstone(models.Model):
    """That something was deleted, without what it was. It outlives its store, and a
    restore of an older memory takes it over.

    digest      keyed, of its kind and ids (console/service/memory/tombstones.py)
    key_id      of the MEMORY_DIGEST_KEY that made the digest
    deleted_at  UTC; the last time, for what can come again
    """

    digest = models.CharField(primary_key=True, max_length=64)
    key_id = models.CharField(max_length=8)
    deleted_at = models.DateTimeField()


class Suppression(StoreScoped):
    """An identifier of an erased profile, which no write brings back (suppression.py).

    id          keyed digest of store, type and value
    refused     writes that would have; refused_at: the last one
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=64)
    id_type = models.CharField(max_length=ID_TYPE_MAX)
    erased_at = models.DateTimeField()
    refused = models.PositiveIntegerField(default=0)
    refused_at = models.DateTimeField(null=True)


class TraitGroup(StoreScoped):
    """A named set of traits and their types. Contract 10.3.

    traits     {name: the contract's TraitDefinition}, at most 95
    protected  built in: it and its promoted traits cannot be deleted
    """

    pk = models.CompositePrimaryKey("store_id", "display_name")
    display_name = models.CharField(max_length=TRAIT_GROUP_NAME_MAX)
    description = models.CharField(max_length=TRAIT_GROUP_DESCRIPTION_MAX, blank=True)
    traits = models.JSONField(default=dict)
    protected = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            check_length(
                "trait_group_name_1_to_64", "display_name", 1, TRAIT_GROUP_NAME_MAX
            ),
            check_length(
                "trait_group_description_to_1024",
                "description",
                0,
                TRAIT_GROUP_DESCRIPTION_MAX,
            ),
            check_positive("trait_group_version_from_1", "version"),
        ]


class DataMapping(StoreScoped):
    """How columns of a source become traits. Contract 10.4.

    mapping_to    the contract's target: {type: TRAITS, mappings: [...]}
    mapping_from  the contract's source, fixed at creation
    source_type   mapping_from's type: INGRESS, DATASET_CLOUDAPP, DATASET_WAREHOUSE
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=46)
    display_name = models.CharField(max_length=DATA_MAPPING_NAME_MAX)
    description = models.CharField(max_length=DATA_MAPPING_DESCRIPTION_MAX, blank=True)
    is_enabled = models.BooleanField(default=True)
    source_type = models.CharField(max_length=17)
    mapping_from = models.JSONField()
    mapping_to = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store_id", "display_name"], name="data_mapping_name_in_store"
            ),
            check_length(
                "data_mapping_name_1_to_64", "display_name", 1, DATA_MAPPING_NAME_MAX
            ),
            check_length(
                "data_mapping_description_to_512",
                "description",
                0,
                DATA_MAPPING_DESCRIPTION_MAX,
            ),
            check_positive("data_mapping_version_from_1", "version"),
        ]
        indexes = [index_in_store("data_mapping_by_creation", "created_at", "id")]


def new_version() -> int:
    """Random, not counted: a profile that is parted again or restored from a backup never
    has a version that it had with other contents."""
    return secrets.randbits(63)


class Profile(StoreScoped):
    """One customer in one store. Contract 11.1.

    index_version  another one with each change of its IndexEntry rows (prepared.py)
    updated_at     when its traits, observations or summaries were last written
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    created_at = models.DateTimeField()
    index_version = models.BigIntegerField(default=new_version, db_default=0)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            index_in_store("profile_by_creation", "created_at", "id"),
            index_in_store("profile_by_update", "updated_at", "id"),
        ]


class MergedProfile(ProfileScoped):
    """An id that a profile had before it was merged into another. Contract 7.

    id          the former id
    profile_id  the canonical one: of the profile that it is now, always one that exists
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    profile_id = models.CharField(max_length=42, db_column="canonical_id")
    merged_at = models.DateTimeField()

    class Meta:
        indexes = [index_in_store("merged_profile_by_canonical", "profile_id")]


def build_trait_key(group: str, name: str) -> str:
    """Both may hold dots, and neither a slash."""
    return f"{group}/{name}"


class TraitTerm(ProfileScoped):
    """A word by which a profile is found: made, and gone, with its trait (TraitQuerySet).

    trait     `Contact/firstName`
    term      engine.words.split_value, UTF-8: bytes have one order on every database
    is_whole  the value has no other words
    """

    pk = models.CompositePrimaryKey("store_id", "trait", "term", "profile_id")
    trait = models.CharField(max_length=TRAIT_GROUP_NAME_MAX + 1 + TRAIT_NAME_MAX)
    term = models.BinaryField()
    is_whole = models.BooleanField()

    class Meta:
        indexes = [
            index_in_store("trait_term_of_profile", "profile_id", "trait", "term"),
            # `example` is a word of every address at example.com, and all of none.
            models.Index(
                fields=["store_id", "trait", "term", "profile_id"],
                name="trait_term_whole",
                condition=Q(is_whole=True),
            ),
        ]

    @classmethod
    def move_rows(cls, source: ProfileKey, target: ProfileKey) -> None:
        """Traits take theirs along."""

    @classmethod
    def return_rows(
        cls, source: ProfileKey, target: ProfileKey, items: Collection[Any]
    ) -> None:
        """Traits take theirs along."""

    @staticmethod
    def list_columns(
        profile_id: str, trait_group: str, name: str, value: Any
    ) -> list[tuple[str, str, bytes, bool]]:
        """Of one trait's rows: all but the store."""
        found: dict[str, bool] = {}
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, bool):
                words, whole = split_value(str(each))
                found = dict.fromkeys(words, False) | found | {whole: True}
        found.pop("", None)
        trait = build_trait_key(trait_group, name)
        return [(profile_id, trait, x.encode(), whole) for x, whole in found.items()]

    @classmethod
    def delete_of(cls, traits: Iterable[tuple[str, str, str, str]]) -> None:
        """traits  store, group, name, profile of each"""
        by_name = itemgetter(0, 1, 2)
        for (store_id, group, name), some in groupby(sorted(traits), by_name):
            trait = build_trait_key(group, name)
            rows, ids = cls.objects.filter(store_id=store_id, trait=trait), [*some]
            held = Trait.objects.filter(store_id=store_id, trait_group=group, name=name)
            if len(ids) > 500 and len(ids) == held.count():
                rows.delete()
                continue
            # One by one: for a list SQLite, without statistics, would read all of a trait.
            for *_, profile_id in ids:
                rows.filter(profile_id=profile_id).delete()


class TraitQuerySet(ProfileQuerySet):
    """Whatever is written makes or deletes the words by which it is found."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> Any:
        made = super().bulk_create(objs, *args, **options)
        TraitTerm.objects.bulk_create(
            TraitTerm(
                store_id=row.store_id,
                profile_id=profile_id,
                trait=trait,
                term=term,
                is_whole=is_whole,
            )
            for row in made
            for profile_id, trait, term, is_whole in TraitTerm.list_columns(
                row.profile_id, row.trait_group, row.name, row.value
            )
        )
        return made

    def delete(self) -> tuple[int, dict[str, int]]:
        keys = self.order_by().values_list(
            "store_id", "trait_group", "name", "profile_id"
        )
        TraitTerm.delete_of(keys)
        return super().delete()

    # As Django's own: none for a whole table.
    delete.queryset_only = True  # type: ignore[attr-defined]


class Trait(ProfileFact):
    """One known thing about a customer. Contract 11.1 and 11.2.

    value       string, number, boolean or a flat list of these
    updated_at  when the value was set or last became another one
    """

    pk = models.CompositePrimaryKey("store_id", "profile_id", "trait_group", "name")
    trait_group = models.CharField(max_length=TRAIT_GROUP_NAME_MAX)
    name = models.CharField(max_length=TRAIT_NAME_MAX)
    value = models.JSONField()
    updated_at = models.DateTimeField()

    objects: ClassVar[Any] = TraitQuerySet.as_manager()

    class Meta:
        constraints = [
            check_length("trait_name_1_to_64", "name", 1, TRAIT_NAME_MAX),
            check_length(
                "trait_group_of_trait_1_to_64", "trait_group", 1, TRAIT_GROUP_NAME_MAX
            ),
        ]

    @classmethod
    def read_names(
        cls, store_id: str, profile_ids: Collection[str]
    ) -> dict[str, dict[str, str]]:
        names: dict[str, dict[str, str]] = {}
        rows = cls.objects.filter(store_id=store_id, profile_id__in=profile_ids)
        for id_, name, value in rows.filter(
            trait_group="Contact", name__in=NAME_TRAITS
        ).values_list("profile_id", "name", "value"):
            names.setdefault(id_, {})[name] = str(value)
        return names

    @property
    def since(self) -> datetime:
        return self.updated_at

    @property
    def label(self) -> str:
        return f"{self.trait_group}.{self.name}"

    def outranks(self, other: Self) -> bool:
        return self.since > other.since


class Identifier(ProfileFact):
    """One value by which a customer is found, normalised. Contract 11.3.

    exclusive  the type's settings forbid a second holder (enforceUnique)
    """

    pk = models.CompositePrimaryKey("store_id", "id_type", "value", "profile_id")
    id_type = models.CharField(max_length=ID_TYPE_MAX)
    value = models.CharField(max_length=IDENTIFIER_VALUE_MAX)
    exclusive = models.BooleanField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Two writers who create the same person at once: one of them loses here.
            models.UniqueConstraint(
                fields=["store_id", "id_type", "value"],
                condition=Q(exclusive=True),
                name="identifier_has_one_holder",
            ),
            check_length("identifier_value_1_to_255", "value", 1, IDENTIFIER_VALUE_MAX),
            check_length(
                "identifier_type_2_to_30", "id_type", ID_TYPE_MIN, ID_TYPE_MAX
            ),
        ]
        indexes = [
            index_in_store("identifier_by_profile", "profile_id", "id_type", "added_at")
        ]

    @property
    def since(self) -> datetime:
        return self.added_at

    @property
    def label(self) -> str:
        return self.id_type

    def outranks(self, other: Self) -> bool:
        return self.since < other.since


class IndexedItem(ProfileScoped):
    """A text that Recall finds: each row of such a table that is not retracted has one
    IndexEntry.

    kind              what the text is, as in its id: `mem_<kind>_01k…`
    most              how many a profile may have
    conversation_ids  of the conversations that it comes from
    """

    kind: ClassVar[str]
    id_pattern: ClassVar[Pattern[str]]
    most: ClassVar[int]
    # Why Recall does not find one; "": it does.
    retracted_for: Any = ""
    # Columns of every such table; their lengths and the rest are its own.
    id: models.CharField[str, str]
    content: models.TextField[str, str]
    occurred_at: models.DateTimeField[datetime, datetime]
    created_at: models.DateTimeField[datetime, datetime]
    updated_at: models.DateTimeField[datetime, datetime]
    conversation_ids: Any

    class Meta:
        abstract = True


class IndexEntryQuerySet(ProfileQuerySet):
    """Whatever is written gives its profiles another version, before it is written: so
    their rows are held, and in the same order as by who holds a profile first. Entries
    are made below a profile that is held (items.py)."""

    def update(self, **columns: Any) -> int:
        keys = set(self._list_profiles())
        if target := columns.get("profile_id"):
            keys |= {(store_id, target) for store_id, _ in keys}
        self._change_versions(keys)
        return super().update(**columns)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._change_versions(self._list_profiles())
        return super().delete()

    # As Django's own: none for a whole table.
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _list_profiles(self) -> Any:
        rows = self.order_by().values_list("store_id", "profile_id")
        return rows.distinct()

    @staticmethod
    def _change_versions(keys: Iterable[tuple[str, str]]) -> None:
        by_store = dict[str, list[str]]()
        for store_id, profile_id in sorted(set(keys)):
            by_store.setdefault(store_id, []).append(profile_id)
        for store_id, ids in by_store.items():
            for start in range(0, len(ids), 500):
                rows = Profile.objects.filter(store_id=store_id)
                rows = rows.filter(id__in=ids[start : start + 500])
                rows.update(index_version=new_version())


class IndexEntry(ProfileScoped):
    """What Recall reads of one item: not its text, only what follows from it.

    item_id        of the IndexedItem
    occurred_at    microseconds since 1970, UTC
    terms          its words (engine.words.terms), four bytes each
    terms_version  of what made them (engine.words.VERSION)
    conversations  where it comes from (engine.texts), eight bytes each
    model          id of the embedder that made the vector; "" while there is none
    vector         8-bit levels with their scale (engine.texts)
    docs/recall.md, "Rows, not packed blobs": about 0.6 kB a text.
    """

    pk = models.CompositePrimaryKey("store_id", "profile_id", "item_id")
    item_id = models.CharField(max_length=46)
    occurred_at = models.BigIntegerField()
    terms = models.BinaryField()
    terms_version = models.PositiveSmallIntegerField(db_default=1)
    conversations = models.BinaryField()
    model = models.CharField(max_length=40, default="")
    vector = models.BinaryField(default=b"")

    objects: ClassVar[Any] = IndexEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "index entries"
        indexes = [
            # What the worker looks for: entries without the present model's vector,
            # and those whose terms are of an earlier version.
            index_in_store("index_entry_by_model", "model"),
            index_in_store("index_entry_by_terms", "terms_version"),
        ]


HAS_SOURCE = Q(source__length__lte=SOURCE_MAX) & Q(source__length__gte=1)


class ObservationState(ProfileScoped):
    """What an observation says; shared by its present and its past states.

    content           1 to 4096 characters, plain text, never markup
    source            1 to 100 characters: who or what noted it
    occurred_at       UTC; when the customer said it (created_at: when we stored it)
    conversation_ids  at most 10
    Contract 11.4.
    """

    content = models.TextField()
    source = models.CharField(max_length=SOURCE_MAX)
    occurred_at = models.DateTimeField()
    conversation_ids = models.JSONField(default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True


class Observation(ObservationState, IndexedItem):
    """One fact learned from a conversation, kept on one profile.

    retracted_at, retracted_for  since when it is listed, but not recalled, and why
    """

    kind, id_pattern = "observation", OBSERVATION_ID
    most = OBSERVATIONS_PER_PROFILE

    pk = models.CompositePrimaryKey("store_id", "profile_id", "id")
    id = models.CharField(max_length=46)
    retracted_at = models.DateTimeField(null=True)
    retracted_for = models.CharField(
        max_length=RETRACTED_FOR_MAX, blank=True, default="", db_default=""
    )

    class Meta:
        constraints = [
            check_length("observation_content_1_to_4096", "content", 1, CONTENT_MAX),
            models.CheckConstraint(
                name="observation_source_1_to_100", condition=HAS_SOURCE
            ),
        ]
        indexes = [
            index_in_store("observation_by_creation", "profile_id", "created_at", "id"),
            index_in_store(
                "observation_by_occurrence", "profile_id", "occurred_at", "id"
            ),
        ]


class ObservationRevision(ObservationState):
    """A state that a changed observation has or had; unchanged ones have none here.

    number  1 for the first state, and one more with each change
    """

    pk = models.CompositePrimaryKey(
        "store_id", "profile_id", "observation_id", "number"
    )
    observation_id = models.CharField(max_length=46)
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [
            check_length("revision_content_1_to_4096", "content", 1, CONTENT_MAX),
            models.CheckConstraint(
                name="revision_source_1_to_100", condition=HAS_SOURCE
            ),
            check_positive("revision_number_from_1", "number"),
        ]


class Summary(IndexedItem):
    """What one conversation came to. Contract 11.5; lengths as an observation's."""

    kind, id_pattern, most = "summary", SUMMARY_ID, SUMMARIES_PER_PROFILE

    pk = models.CompositePrimaryKey("store_id", "profile_id", "id")
    id = models.CharField(max_length=42)
    content = models.TextField()
    source = models.CharField(max_length=SOURCE_MAX, blank=True)
    conversation_id = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "summaries"
        constraints = [
            check_length("summary_content_1_to_4096", "content", 1, CONTENT_MAX),
            check_length("summary_source_to_100", "source", 0, SOURCE_MAX),
            check_length("summary_conversation_1_to_64", "conversation_id", 1, 64),
        ]
        indexes = [
            index_in_store("summary_by_creation", "profile_id", "created_at", "id"),
            index_in_store("summary_by_occurrence", "profile_id", "occurred_at", "id"),
        ]

    @property
    def conversation_ids(self) -> list[str]:
        return [self.conversation_id]


class ErasedItem(ProfileScoped):
    """That an item was there, from when to when, and no word of it."""

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=46)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField()

    class Meta:
        indexes = [index_in_store("erased_item_of_profile", "profile_id", "erased_at")]


class LedgerEntry(ProfileScoped):
    """One Recall of a program, without a word of it (ledger.py).

    asked_id    of the profile as it was then: it takes its entries along when a merge
                is taken back
    parameters  the contract's RecallRequest without its query
    items       [[id, score or null]], of each kind in the order of the answer
    version     index_version of the profile
    model       id of the embedder that made `meaning`; "" where that is not kept
    meaning     of a query that found nothing likely, as an IndexEntry's vector
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=37)
    asked_id = models.CharField(max_length=42)
    asked_at = models.DateTimeField()
    mode = models.CharField(max_length=12)
    parameters = models.JSONField()
    items = models.JSONField()
    ms = models.FloatField()
    version = models.BigIntegerField()
    model = models.CharField(max_length=40, blank=True)
    meaning = models.BinaryField(default=b"")

    class Meta:
        verbose_name_plural = "ledger entries"
        indexes = [
            index_in_store("ledger_by_time", "asked_at", "id"),
            index_in_store("ledger_by_profile", "profile_id", "asked_at"),
        ]

    @classmethod
    def get_item_column(cls) -> str:
        return "asked_id"

    @classmethod
    def return_rows(
        cls, source: ProfileKey, target: ProfileKey, items: Collection[Any]
    ) -> None:
        super().return_rows(source, target, [target.id, *items])


class ProfilePart(ProfileScoped):
    """What one profile brought into a merge: for MERGE_DAYS it can be parted again.

    id              of the profile as it was
    profile_id      the canonical one, which has a part of its own beside the others
    into            into which one it was merged; "" in the canonical one's own part
    created_at      of the profile
    id_type, value  what joined them; "" where that has been deleted
    items           the ids of what moved
    facts           [[table, columns]]: what it had of what both can have
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    into = models.CharField(max_length=42, blank=True)
    created_at = models.DateTimeField()
    merged_at = models.DateTimeField()
    id_type = models.CharField(max_length=ID_TYPE_MAX, blank=True)
    value = models.CharField(max_length=IDENTIFIER_VALUE_MAX, blank=True)
    items = models.JSONField(default=list)
    facts = models.JSONField(default=list)

    class Meta:
        indexes = [
            index_in_store("part_by_canonical", "profile_id"),
            models.Index(fields=["merged_at"], name="part_by_merge"),
            index_in_store("part_by_value", "id_type", "value"),
        ]

    def load_facts(self, model: type[ProfileFact]) -> list[Any]:
        name = model._meta.model_name
        return [model.load(columns) for table, columns in self.facts if table == name]


def dump_facts(rows: Iterable[ProfileFact]) -> list[Any]:
    """As `facts` of a part has them."""
    return [[row._meta.model_name, row.dump()] for row in rows]


class MergeSuggestionQuerySet(ProfileQuerySet):
    def of(self, profile: ProfileKey) -> Self:
        """Those that name it on either side."""
        either = Q(profile_id=profile.id) | Q(other_id=profile.id)
        return self.filter(either, store_id=profile.store_id)

    def between(self, one: ProfileKey, other: ProfileKey) -> Self:
        return self.of(one) & self.of(other)


class MergeSuggestion(ProfileScoped):
    """Two profiles that a value would have joined: a person says whether they are one.

    profile_id, other_id  the earlier and the later; it goes with either
    id_type, value        what joins them; "" where that has been deleted
    contradictions        names, with phones or emails; shared: by many profiles
    refused_at            since when nothing joins them by itself; null: undecided
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=42)
    other_id = models.CharField(max_length=42)
    id_type = models.CharField(max_length=ID_TYPE_MAX, blank=True)
    value = models.CharField(max_length=IDENTIFIER_VALUE_MAX, blank=True)
    contradictions = models.JSONField(default=list)
    created_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = MergeSuggestionQuerySet.as_manager()

    class Meta:
        indexes = [
            index_in_store("suggestion_by_one", "profile_id"),
            index_in_store("suggestion_by_other", "other_id"),
            index_in_store("suggestion_by_value", "id_type", "value"),
        ]

    @classmethod
    def move_rows(cls, source: ProfileKey, target: ProfileKey) -> None:
        """What was between the two of them is settled."""
        cls.objects.between(source, target).delete()
        cls._rename(cls.objects.of(source), source, target)

    @classmethod
    def return_rows(
        cls, source: ProfileKey, target: ProfileKey, items: Collection[Any]
    ) -> None:
        cls._rename(cls.objects.of(source).filter(id__in=items), source, target)

    @staticmethod
    def _rename(rows: Any, source: ProfileKey, target: ProfileKey) -> None:
        for side in ("profile_id", "other_id"):
            rows.filter(**{side: source.id}).update(**{side: target.id})


class ProfileImport(StoreScoped):
    """A CSV file of profiles, from its announcement to its end. Contract 11.7.

    file_size        bytes, as announced; the upload has to have as many
    column_mappings  list of {columnName, traitGroup, traitName}
    content_size     bytes that are kept, UTF-8
    position, line   how far it is read: bytes, and rows of the file, blank ones too
    rows, stored     rows that hold something, and those of them that are profiles now
    errors           rows of which something was refused
    warnings         values left out of rows that are stored, and what is odd of a file
    operation_id     the control plane's receipt of it
    """

    class Status(models.TextChoices):
        PENDING = "PENDING"
        PROCESSING = "PROCESSING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=39)
    filename = models.CharField(max_length=IMPORT_FILENAME_MAX)
    file_size = models.PositiveIntegerField()
    column_mappings = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    content_size = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    line = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    operation_id = models.CharField(max_length=44)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="import_file_1_byte_to_100_mib",
                condition=Q(file_size__gte=1) & Q(file_size__lte=IMPORT_BYTES_MAX),
            )
        ]
        indexes = [index_in_store("import_by_creation", "created_at", "id")]


class ImportChunk(StoreScoped):
    """A piece of an uploaded file, until it is processed; the worker may run elsewhere.

    number  from 0, in the file's order
    """

    pk = models.CompositePrimaryKey("store_id", "import_id", "number")
    import_id = models.CharField(max_length=39)
    number = models.PositiveIntegerField()
    content = models.BinaryField()


class ImportRefusal(StoreScoped):
    """A row, or one cell of it, that was not stored; says why, never what it held.

    item    the row of the file; its header is row 1
    place   of the column, from 1; 0 for the row as a whole
    field   the column's name
    """

    pk = models.CompositePrimaryKey("store_id", "import_id", "item", "place")
    import_id = models.CharField(max_length=39)
    item = models.PositiveIntegerField()
    place = models.PositiveIntegerField()
    field = models.CharField(max_length=IMPORT_COLUMN_MAX, blank=True)
    reason = models.CharField(max_length=1024)
    stored = models.BooleanField()
