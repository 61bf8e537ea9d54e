"""The tables of conversations. What was said is a customer's own words: it goes with its
conversation, with the profile of whoever said it, and with the store.

Primary keys begin with the store, as everywhere. But the contract's addresses name a
conversation of an account by its id alone, so ids are unique by themselves here.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from console.contract.conversations.configuration import CONFIGURATION_NAME_MAX
from console.contract.conversations.conversation import (
    ADDRESS_MAX,
    CHANNEL_ID_MAX,
    LIFE_YEARS,
    NAME_MAX,
)
from console.contract.conversations.learning import WAITING_PER_PROFILE
from console.contract.ids import new_id
from console.service.memory.models import get_locale
from console.service.memory.tombstones import bury, delete_buried
from console.service.models import (
    Account,
    ProfileKey,
    ProfileScoped,
    Row,
    StoreScoped,
    find_models,
    index_in_store,
)

STORE_ID_MAX = 42


LIFE = timedelta(days=365 * LIFE_YEARS)


def _add(at: datetime, minutes: int) -> datetime:
    try:
        return at + timedelta(minutes=minutes)
    except OverflowError:
        return at + LIFE


class Configuration(models.Model):
    """How conversations are grouped, end and become memory. Conversations 7.

    store_id  of the linked memory, which need not exist
    settings  the contract's ConversationSettings, as on the wire
    """

    id = models.CharField(primary_key=True, max_length=45)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    store_id = models.CharField(max_length=STORE_ID_MAX)
    display_name = models.CharField(max_length=CONFIGURATION_NAME_MAX)
    settings = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "display_name"], name="configuration_name_in_account"
            )
        ]


class ConversationScoped(Row):
    """A row that belongs to one conversation and is deleted with it."""

    store_id: models.CharField[str, str]
    conversation_id = models.CharField(max_length=44)

    class Meta:
        abstract = True

    @classmethod
    def of_conversation(cls, row: "Conversation") -> Any:
        rows: Any = cls._default_manager
        return rows.filter(store_id=row.store_id, conversation_id=row.id)

    @property
    def conversation(self) -> "Conversation":
        """Its key alone."""
        return Conversation(store_id=self.store_id, id=self.conversation_id)


class Conversation(StoreScoped):
    """From its first moment to CLOSED. Conversations 8 and 12.1.

    store_id         the one that its settings name, if the account has it; else empty
    settings         those of its configuration when it began, with its own over them
    group            whose conversation it is: of one group and configuration at most one
                     is open; empty: of nobody yet
    active_at        {channel: when it was last used, ISO 8601}; what timers count from
    due_at           when the next status is reached by time alone; None: never
    last_sequence    of its newest communication
    last_transition  number of the newest one
    last_event       number of the newest delivery
    learned_count    facts that became memory
    """

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=44)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    configuration_id = models.CharField(max_length=45, blank=True)
    settings = models.JSONField()
    group = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=8)
    name = models.CharField(max_length=NAME_MAX, blank=True)
    metadata = models.JSONField(default=dict)
    active_at = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    last_sequence = models.PositiveIntegerField(default=0)
    last_transition = models.PositiveIntegerField(default=0)
    last_event = models.PositiveIntegerField(default=0)
    learned_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id"], name="conversation_id"),
            models.UniqueConstraint(
                fields=["account", "configuration_id", "group"],
                condition=~Q(status="CLOSED") & ~Q(group=""),
                name="conversation_open_in_group",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "created_at", "id"], name="conversation_by_creation"
            ),
            index_in_store("conversation_by_store", "created_at", "id"),
            models.Index(
                fields=["account", "status", "created_at", "id"],
                name="conversation_by_status",
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(due_at__isnull=False),
                name="conversation_by_due_time",
            ),
            # Of one account: SQLite would read all its conversations.
            models.Index(
                fields=["account", "due_at"],
                condition=Q(due_at__isnull=False),
                name="conversation_due_in_account",
            ),
        ]

    @cached_property
    def phone_region(self) -> str:
        return get_locale(self.store_id)[0]

    def find_next(self) -> tuple[str, datetime] | None:
        """The status that time alone brings next, and when; None: none.

        Each channel in use proposes its own time, and the latest proposal counts: a call
        that has ended does not close what goes on by SMS.
        """
        if self.status == "CLOSED":
            return None
        ends = self.created_at + LIFE
        closes = min(self._find_latest("closed") or ends, ends)
        rests = self._find_latest("inactive") if self.status == "ACTIVE" else None
        return ("INACTIVE", rests) if rests and rests < closes else ("CLOSED", closes)

    def _find_latest(self, timeout: str) -> datetime | None:
        proposals = []
        for channel, at in self.active_at.items():
            setting = self.settings["channelSettings"].get(channel, {})
            if minutes := (setting.get("statusTimeouts") or {}).get(timeout):
                proposals.append(_add(datetime.fromisoformat(at), minutes))
        return max(proposals, default=None)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """With everything below it; no older memory brings it back."""
        bury([self])
        for model in find_models(ConversationScoped):
            model.of_conversation(self).delete()
        return super().delete(*args, **kwargs)

    def add(self, model: Any, **fields: Any) -> Any:
        """A new row that belongs to it."""
        return model.objects.create(
            store_id=self.store_id, conversation_id=self.id, **fields
        )


class Transition(ConversationScoped, StoreScoped):
    """A status that a conversation reached, and what was learned then. Conversations 12.1.

    number       1 for the first, ACTIVE
    at           when it was due; recorded_at: when that was noticed
    reason       created, request, timer, communication
    learning     empty: nothing is to be learned
    lease_until  while a worker is at it, or until it is tried again
    error        why nothing was learned, or why without the model
    outcome      {added, same, updated, quarantined: how many}
    """

    class Learning(models.TextChoices):
        PENDING = "PENDING"
        DONE = "DONE"
        FAILED = "FAILED"

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "number")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=8)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    reason = models.CharField(max_length=16)
    learning = models.CharField(max_length=8, choices=Learning, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    extractor = models.CharField(max_length=40, blank=True)
    outcome = models.JSONField(default=dict)
    error = models.CharField(max_length=256, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["recorded_at"],
                condition=Q(learning="PENDING"),
                name="transition_to_learn_from",
            )
        ]


class Participant(ConversationScoped, ProfileScoped):
    """Who takes part; profile_id is empty while nobody in the memory is meant.

    addresses  list of the contract's ParticipantAddress
    """

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "id")
    id = models.CharField(max_length=43)
    name = models.CharField(max_length=NAME_MAX, blank=True)
    type = models.CharField(max_length=11)
    addresses = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id"], name="participant_id")]
        indexes = [
            index_in_store("participant_by_profile", "profile_id"),
            models.Index(
                fields=["conversation_id", "id"], name="participant_by_conversation"
            ),
        ]

    @property
    def shown_name(self) -> str:
        """Never empty: clients build messages of it."""
        return self.name or str(self.addresses[0]["address"])

    @classmethod
    def read_names(
        cls, store_id: str, profile_ids: Collection[str]
    ) -> dict[str, dict[str, str]]:
        rows = cls.objects.filter(store_id=store_id, profile_id__in=profile_ids)
        named = rows.exclude(name="").order_by("created_at", "id")
        return {
            id_: {"firstName": n} for id_, n in named.values_list("profile_id", "name")
        }

    @classmethod
    def delete_rows(cls, profile: ProfileKey) -> None:
        """With a profile go its conversations: also what others said in them is about
        this customer. Where another customer takes part, only what this one said."""
        for row in cls.objects.of(profile):
            mates = cls.of_conversation(row.conversation)
            if mates.exclude(profile_id__in=("", profile.id)).exists():
                row.delete()
            else:
                row.conversation.delete()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """With what was said by this one, and what quotes it in the memory of others; to
        whom others spoke does not stay either."""
        bury([self])
        self._delete_quotes()
        here = self.conversation
        Delivery.of_conversation(here).filter(body__contains=self.id).delete()
        said = Communication.of_conversation(here)
        said.filter(author_id=self.id).delete()
        for each in said.only("store_id", "conversation_id", "id", "recipients"):
            others = [to for to in each.recipients if to["participantId"] != self.id]
            if len(others) < len(each.recipients):
                said.filter(id=each.id).update(recipients=others)
        return super().delete(*args, **kwargs)

    def _delete_quotes(self) -> None:
        """`Asked "Will you marry Ben?": Ana said: Yes.` of Ana, when Ben is deleted who
        asked it; and summaries, which can hold anything that was said."""
        here = self.conversation
        said = Communication.of_conversation(here).filter(author_id=self.id)
        ids = set(said.values_list("id", flat=True))
        others = Learned.of_conversation(here).exclude(profile_id=self.profile_id)
        quotes = [
            row
            for row in others
            if row.kind == "summary" or ids.intersection(row.communication_ids)
        ]
        learned = ("added", "updated", "contradicted")
        items = {row.item_id for row in quotes if row.outcome in learned}
        delete_items(self.store_id, items - {""})
        others.filter(id__in=[row.id for row in quotes]).delete()


def list_participants(row: Conversation) -> list[Participant]:
    found = Participant.of_conversation(row)
    return sorted(found, key=attrgetter("id"))


def delete_items(store_id: str, ids: Iterable[str]) -> None:
    """Observations and summaries, with all that there is of them."""
    ids = list(ids)
    for model in find_models(ProfileScoped):
        column = f"{model.get_item_column()}__in"
        delete_buried(model.objects.filter(store_id=store_id, **{column: ids}))


class Communication(ConversationScoped, StoreScoped):
    """One message or one piece of a transcription. Conversations 10.

    sequence       1 for the first that arrived, and one more for each next one
    author_id      of the participant
    recipients     list of {address, channel, participantId, deliveryStatus}
    transcription  {channel, confidence, engine}; None: a text
    revision       1, and one more with each correction by its resource_id
    learned_revision  the one that was last learned from; 0: none
    model          id of the embedder that came by since it was said; "": none yet
    vector         of the text, as an IndexEntry's, while it is one of the last ten
    """

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "id")
    id = models.CharField(max_length=46)
    sequence = models.PositiveIntegerField()
    author_id = models.CharField(max_length=43)
    author_address = models.CharField(max_length=ADDRESS_MAX)
    author_channel = models.CharField(max_length=8)
    text = models.TextField(blank=True)
    transcription = models.JSONField(null=True)
    recipients = models.JSONField()
    channel_id = models.CharField(max_length=CHANNEL_ID_MAX, blank=True)
    resource_id = models.CharField(max_length=256, blank=True)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)
    learned_revision = models.PositiveIntegerField(default=0)
    # What an earlier version kept is embedded when a Recall asks.
    model = models.CharField(max_length=40, default="", db_default="-")
    vector = models.BinaryField(default=b"", db_default=b"")

    class Meta:
        indexes = [
            models.Index(
                fields=["store_id"],
                condition=Q(model=""),
                name="communication_to_embed",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["id"], name="communication_id"),
            models.UniqueConstraint(
                fields=["conversation_id", "sequence"], name="communication_sequence"
            ),
            models.UniqueConstraint(
                fields=["conversation_id", "resource_id"],
                condition=~Q(resource_id=""),
                name="communication_resource",
            ),
        ]


class ChannelUse(ConversationScoped, StoreScoped):
    """A call, chat or message thread that occurs in a conversation: how telephony finds
    it. Conversations 8."""

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "channel_id")
    channel_id = models.CharField(max_length=CHANNEL_ID_MAX)

    class Meta:
        indexes = [
            models.Index(
                fields=["channel_id", "conversation_id"], name="channel_use_by_channel"
            )
        ]


class Action(ConversationScoped, StoreScoped):
    """What was asked to be said. Conversations 11."""

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "id")
    id = models.CharField(max_length=38)
    related = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class Diagnostic(ConversationScoped, StoreScoped):
    """What went wrong without an error to the caller, as 12.4 has it.

    code            530001, 530003, 530004 are the contract's; the others ours
    participant_id  whom it is about; empty: the conversation
    """

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "id")
    id = models.CharField(max_length=42)
    participant_id = models.CharField(max_length=43, blank=True)
    code = models.PositiveIntegerField()
    reason = models.CharField(max_length=256)
    at = models.DateTimeField()


class Learned(ConversationScoped, ProfileScoped):
    """What was made of a fact of a conversation, and why. Conversations 12.5.

    transition         whose number it was learned at
    outcome            added, same, updated, contradicted, quarantined, dropped
    kind               observation or summary
    item_id            of what it became or was found to be; empty: it became nothing
    content            of what waits for a person, else empty: the item has it
    item               what else it would be stored with; of a trait, where
    reason             in words, for people
    communication_ids  what it stands on, in order
    digest           keyed, of what was learned: so a person's correction is told from it
    extractor          which, with its version
    """

    pk = models.CompositePrimaryKey("store_id", "profile_id", "id")
    id = models.CharField(max_length=39)
    transition = models.PositiveIntegerField()
    outcome = models.CharField(max_length=12)
    kind = models.CharField(max_length=11)
    item_id = models.CharField(max_length=46, blank=True)
    content = models.TextField(blank=True)
    item = models.JSONField(default=dict)
    reason = models.CharField(max_length=256, blank=True)
    communication_ids = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    extractor = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["conversation_id", "id"], name="learned_by_conversation"
            ),
            index_in_store("learned_by_item", "profile_id", "item_id"),
        ]


WAITING = ("quarantined", "proposed")


def count_free(profile: ProfileKey) -> int:
    """How much more of a profile may wait for a person; its row is held."""
    waiting = Learned.objects.of(profile).filter(outcome__in=WAITING)
    return WAITING_PER_PROFILE - int(waiting.count())


class LearningRules(StoreScoped):
    """What of conversations a store may remember; without a row the default ones.

    kinds              {kind: keep, redact, quarantine or drop}
    words              the store's own
    exceptions         list of the contract's RuleException
    applies_to_writes  also of what clients write
    version            one more with each change
    earlier            the versions before, the newest first, as on the wire
    """

    store_id = models.CharField(primary_key=True, max_length=STORE_ID_MAX)
    kinds = models.JSONField()
    words = models.JSONField(default=list)
    exceptions = models.JSONField(default=list)
    applies_to_writes = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    earlier = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=timezone.now)


class ModelUsage(StoreScoped):
    """What a model has been asked for a store on one day, UTC."""

    pk = models.CompositePrimaryKey("store_id", "day")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)


class Delivery(ConversationScoped, StoreScoped):
    """An event on its way to one status callback. Conversations 12.6.

    number    within a conversation, the order of events
    body      the event as JSON, exactly as it is sent and signed
    attempts  made so far
    due_at    of the next attempt, and while one is made the end of its lease; None:
              none is to come
    answer    HTTP status of the last attempt; 0: there was none
    error     of the last attempt, in words
    """

    pk = models.CompositePrimaryKey("store_id", "conversation_id", "id")
    id = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    event_type = models.CharField(max_length=32)
    url = models.CharField(max_length=2048)
    method = models.CharField(max_length=4)
    body = models.TextField()
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    answer = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=256, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(due_at__isnull=False),
                name="delivery_by_due_time",
            ),
            models.Index(
                fields=["store_id", "conversation_id", "number"],
                condition=Q(due_at__isnull=False),
                name="delivery_in_order",
            ),
            models.Index(fields=["created_at"], name="delivery_by_creation"),
        ]


class RepeatableAnswer(models.Model):
    """The answer of a request with an Idempotency-Key, kept for 24 hours. Conversations 1.

    digest  of the request, so that a key is not taken for another one
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    key = models.CharField(max_length=36)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "key"], name="repeatable_answer_key"
            )
        ]


def diagnose(
    row: Conversation, code: int, reason: str, participant_id: str = ""
) -> None:
    """Once for each thing that is wrong."""
    Diagnostic.objects.get_or_create(
        store_id=row.store_id,
        conversation_id=row.id,
        participant_id=participant_id,
        code=code,
        reason=reason[:256],
        defaults={"id": new_id("conv_diagnostic"), "at": timezone.now()},
    )
