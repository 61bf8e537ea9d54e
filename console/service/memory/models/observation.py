from django.db import models
from django.db.models import Q

from console.contract.memory.observation import CONTENT_MAX, SOURCE_MAX
from console.service.memory.models.index import IndexedItem
from console.service.models import ProfileScoped, check_length, check_positive

CONTENT_LENGTH = Q(content__length__gte=1) & Q(content__length__lte=CONTENT_MAX)
SOURCE_LENGTH = Q(source__length__lte=SOURCE_MAX)


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
    """One fact learned from a conversation, kept on one profile."""

    kind = "observation"

    pk = models.CompositePrimaryKey("store_id", "profile_id", "id")
    id = models.CharField(max_length=46)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="observation_content_1_to_4096", condition=CONTENT_LENGTH
            ),
            models.CheckConstraint(
                name="observation_source_1_to_100",
                condition=SOURCE_LENGTH & Q(source__length__gte=1),
            ),
        ]
        indexes = [
            models.Index(
                fields=["store_id", "profile_id", "created_at", "id"],
                name="observation_by_creation",
            ),
            models.Index(
                fields=["store_id", "profile_id", "occurred_at", "id"],
                name="observation_by_occurrence",
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
            models.CheckConstraint(
                name="revision_content_1_to_4096", condition=CONTENT_LENGTH
            ),
            models.CheckConstraint(
                name="revision_source_1_to_100",
                condition=SOURCE_LENGTH & Q(source__length__gte=1),
            ),
            check_positive("revision_number_from_1", "number"),
        ]

    def __str__(self) -> str:
        return f"{self.observation_id} revision {self.number}"


class Summary(IndexedItem):
    """What one conversation came to. Contract 11.5; lengths as an observation's."""

    kind = "summary"

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
            models.CheckConstraint(
                name="summary_content_1_to_4096", condition=CONTENT_LENGTH
            ),
            models.CheckConstraint(
                name="summary_source_to_100", condition=SOURCE_LENGTH
            ),
            check_length("summary_conversation_1_to_64", "conversation_id", 1, 64),
        ]
        indexes = [
            models.Index(
                fields=["store_id", "profile_id", "created_at", "id"],
                name="summary_by_creation",
            )
        ]

    @property
    def conversation_ids(self) -> list[str]:
        return [self.conversation_id]
