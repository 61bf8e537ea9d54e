from django.db import models
from django.db.models import Q

from console.contract.memory.profile_import import IMPORT_BYTES_MAX, IMPORT_FILENAME_MAX
from console.service.models.scope import StoreScoped


class ProfileImport(StoreScoped):
    """A CSV file of profiles, from its announcement to its end. Contract 11.7.

    file_size        bytes, as announced; the upload has to have as many
    column_mappings  list of {columnName, traitGroup, traitName}
    errors           rows that were refused
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
            ),
        ]
        indexes = [
            models.Index(
                fields=["store_id", "created_at", "id"], name="import_by_creation"
            )
        ]

    def __str__(self) -> str:
        return self.id


class ImportChunk(StoreScoped):
    """A piece of an uploaded file, until it is processed; the worker may run elsewhere.

    number  from 0, in the file's order
    """

    pk = models.CompositePrimaryKey("store_id", "import_id", "number")
    import_id = models.CharField(max_length=39)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.import_id} {self.number}"
