"""The service's own tables, on which those of its products build; its accounts and the
secrets that open them.

One rule: the key of whatever a store holds starts with the store. So PostgreSQL can
partition or shard by it without a change, and a lookup that forgets the store finds
nothing to join on. Nothing but the store is a foreign key: rows below a profile are
written and removed under a lock on its row.

What goes with a store or a profile, and what moves when profiles are merged or parted,
follows from the base class: whatever derives from one of these is found by find_models.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from re import Pattern
from typing import Any, Protocol, Self

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import CheckConstraint, Q
from django.utils import timezone

from console.databases.encryption import decrypt, encrypt
from console.service import errors

ALIAS = "memory"
APP = "service"


class MemoryRouter:
    """Keeps the memory's tables on their own alias, and everything else off it."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return ALIAS if model._meta.app_label == APP else None

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return bool((one._meta.app_label == APP) == (other._meta.app_label == APP))

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == ALIAS) == (app_label == APP)


def check_length(name: str, field: str, least: int, most: int) -> CheckConstraint:
    """In characters; a least of 0 is none."""
    condition = Q(**{f"{field}__length__lte": most})
    if least:
        condition = Q(**{f"{field}__length__gte": least}) & condition
    return CheckConstraint(name=name, condition=condition)


def check_positive(name: str, field: str) -> CheckConstraint:
    return CheckConstraint(name=name, condition=Q(**{f"{field}__gte": 1}))


def index_in_store(name: str, *fields: str) -> models.Index:
    """Led by the store, as every key is."""
    return models.Index(fields=["store_id", *fields], name=name)


class Account(models.Model):
    """Who owns stores: one customer of the memory, `AC` and 32 hex digits.

    owner  the account that this one is a sub-account of
    """

    sid = models.CharField(primary_key=True, max_length=34)
    name = models.CharField(max_length=64)
    owner = models.ForeignKey("self", models.PROTECT, null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_sid_34",
                condition=Q(sid__startswith="AC") & Q(sid__length=34),
            ),
            check_length("account_name_1_to_64", "name", 1, 64),
        ]


class Credential(models.Model):
    """A user name and the digest of its secret; the secret is shown once.

    username         the account's SID (with the auth token) or an API key's (`SK…`)
    digest           HMAC-SHA-256 of the secret, hex
    encrypted_token  the auth token itself, which signs webhooks, encrypted by
                     databases/encryption.py; empty for API keys, and for tokens of accounts made
                     before 0.3 until they are used
    """

    username = models.CharField(primary_key=True, max_length=34)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64)
    encrypted_token = models.CharField(max_length=512, blank=True, db_default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credential_username_34", condition=Q(username__length=34)
            ),
            models.CheckConstraint(
                name="credential_digest_64", condition=Q(digest__length=64)
            ),
        ]

    @property
    def token_context(self) -> tuple[str, ...]:
        """What `encrypted_token` is bound to: in another row it does not open."""
        return ("service.credential", self.username, "encrypted_token")

    def keep_token(self, token: str) -> None:
        """Raises VaultLocked."""
        self.encrypted_token = encrypt(token, context=self.token_context)


class Operation(models.Model):
    """What became of a control plane write. Contract 6.1.

    result_id    what the write made or changed; empty when it failed
    result_path  its address under /v1
    error        {code, title, detail} when it failed, else empty
    refusals     list of the contract's Refusal: what a bulk or an import left out
    """

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        CANCELLED = "CANCELLED"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    id = models.CharField(primary_key=True, max_length=44)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    status = models.CharField(max_length=9, choices=Status)
    result_id = models.CharField(max_length=128, blank=True)
    result_path = models.CharField(max_length=512, blank=True)
    error = models.JSONField(default=dict)
    refusals = models.JSONField(default=list)
    refused_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)


class PendingWrite(models.Model):
    """A write that was acknowledged and is not visible yet (memory/delay.py).

    due_at               UTC; from then on it is applied before anything of its
                         account is read
    headers              those that a write is read by, as WSGI names them
    ids                  {prefix: [id, ...]}: the ids that its new rows will have
    answered_profile_id  of the profile that the answer named; empty for other writes
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    due_at = models.DateTimeField()
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=512)
    query = models.TextField(blank=True)
    headers = models.JSONField()
    body = models.BinaryField()
    ids = models.JSONField()
    answered_profile_id = models.CharField(max_length=42, blank=True, db_column="told")

    class Meta:
        indexes = [
            models.Index(fields=["account", "id"], name="pending_write_by_account")
        ]


class ProgramWrite(models.Model):
    """What a program has changed, until the audit log has it (outbox.py). No text.

    key        the user name that it signed in with
    at         milliseconds since 1970
    action     of the audit log
    call       the operation
    object_id  what was made or acted on: of an identifier its type
    count      of how many items; 0: of one
    """

    id = models.BigAutoField(primary_key=True)
    at = models.BigIntegerField()
    account_id = models.CharField(max_length=34)
    key = models.CharField(max_length=34)
    store_id = models.CharField(max_length=42)
    action = models.CharField(max_length=40)
    call = models.CharField(max_length=64)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=128)
    profile_id = models.CharField(max_length=128)
    count = models.PositiveIntegerField()
    request_id = models.CharField(max_length=64)


class StoreKey(Protocol):
    @property
    def id(self) -> str: ...


class ProfileKey(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def store_id(self) -> str: ...


def find_models(base: type) -> list[Any]:
    """Every table of the service below a base class, whichever product declares it."""
    tables = apps.get_app_config(APP).get_models()
    return [model for model in tables if issubclass(model, base)]


def find_row(
    rows: Any, id_: str, pattern: Pattern[str], noun: str, code: int = 0
) -> Any:
    """The one of these that a path names. Raises Invalid for a malformed id, NotFound
    for a foreign or unknown one."""
    if not pattern.fullmatch(id_):
        first, *rest = noun.split()
        field = first + "".join(map(str.capitalize, rest))
        raise errors.Invalid(f"{field}Id: not a valid {noun} id")
    row = rows.filter(id=id_).first()
    if row is None:
        raise errors.NotFound(f"{noun.capitalize()} not found.", code=code or None)
    return row


class StoreQuerySet(models.QuerySet[Any]):
    def of(self, store: StoreKey) -> Self:
        return self.filter(store_id=store.id)


class Row(models.Model):
    """Logs and errors name it by its id, where it has one: a key of several columns can
    hold what a customer is known by, and Django would tell all of it."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {getattr(self, 'id', '')}".strip()


class StoreScoped(Row):
    """A row that belongs to one store and is deleted with it."""

    store_id = models.CharField(max_length=42)

    objects = StoreQuerySet.as_manager()

    class Meta:
        abstract = True


class ProfileQuerySet(models.QuerySet[Any]):
    def of(self, profile: ProfileKey) -> Self:
        return self.filter(store_id=profile.store_id, profile_id=profile.id)


class ProfileScoped(Row):
    """A row that belongs to one profile of one store and is deleted with either."""

    store_id = models.CharField(max_length=42)
    profile_id = models.CharField(max_length=42)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def move_rows(cls, source: ProfileKey, target: ProfileKey) -> None:
        """In a merge, `source` ends and its rows become those of `target`."""
        cls.objects.of(source).update(profile_id=target.id)

    @classmethod
    def delete_rows(cls, profile: ProfileKey) -> None:
        """With a profile goes what is below it; a table that has more to take along
        says so here."""
        cls.objects.of(profile).delete()

    @classmethod
    def return_rows(
        cls, source: ProfileKey, target: ProfileKey, items: Collection[Any]
    ) -> None:
        """When the two are parted, `target` gets the rows of its items back."""
        rows = cls.objects.of(source).filter(**{f"{cls.get_item_column()}__in": items})
        rows.update(profile_id=target.id)

    @classmethod
    def read_names(
        cls, store_id: str, profile_ids: Collection[str]
    ) -> dict[str, dict[str, str]]:
        """What profiles are called here: by firstName and lastName."""
        return {}

    @classmethod
    def get_item_column(cls) -> str:
        """What the rows of one item share: an id of their own, or else the item's.

        An entry of the index and revisions go wherever their item goes.
        """
        names = cls._list_key()
        return "id" if "id" in names else names[0]

    @classmethod
    def _list_key(cls) -> list[str]:
        """The columns of the key below the profile."""
        names = [field.attname for field in cls._meta.pk_fields]
        return [name for name in names if name not in {"store_id", "profile_id"}]


class ProfileFact(ProfileScoped):
    """What a profile has one of, for each rest of the key: two that are merged may both
    have it, and the one stays that outranks the other."""

    class Meta:
        abstract = True

    @property
    def since(self) -> datetime:
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What it is about, without its value."""
        raise NotImplementedError

    def outranks(self, other: Self) -> bool:
        raise NotImplementedError

    @property
    def key(self) -> tuple[str, ...]:
        """What of the profile it is: of a trait the group and the name."""
        return tuple(getattr(self, name) for name in self._list_key())

    @classmethod
    def pick(cls, rows: Iterable[Self]) -> Collection[Self]:
        """One for each key; of equal ones the first."""
        picked: dict[tuple[str, ...], Self] = {}
        for row in rows:
            if row.key not in picked or row.outranks(picked[row.key]):
                picked[row.key] = row
        return picked.values()

    @classmethod
    def move_rows(cls, source: ProfileKey, target: ProfileKey) -> None:
        rows = [*cls.objects.of(target), *cls.objects.of(source)]
        cls.objects.of(source).delete()
        cls.put_rows(target, rows)

    @classmethod
    def put_rows(cls, profile: ProfileKey, rows: Iterable[Self]) -> None:
        """These, whosever they were, in the place of all that the profile has."""
        picked = cls.pick(rows)
        for row in picked:
            row.profile_id = profile.id
        cls.objects.of(profile).delete()
        # What only one may hold, and somebody else was given meanwhile, is theirs.
        cls.objects.bulk_create(picked, ignore_conflicts=True)

    def dump(self) -> dict[str, Any]:
        """Its columns as JSON can hold them, but for whose it is."""
        fields = [f for f in self._meta.concrete_fields if f.attname != "profile_id"]
        return {field.attname: field.value_to_string(self) for field in fields}

    @classmethod
    def load(cls, columns: Mapping[str, Any]) -> Self:
        fields = {field.attname: field for field in cls._meta.concrete_fields}
        return cls(**{name: fields[name].to_python(v) for name, v in columns.items()})


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The only sight of an account's secrets; they are kept as digests alone."""

    account_sid: str
    auth_token: str
    api_key: str
    api_secret: str


def create_account(
    name: str, *, sid: str = "", owner: Account | None = None
) -> NewAccount:
    """A new account with an auth token and one API key; a sub-account of an owner."""
    with transaction.atomic(using="memory"):
        account = Account.objects.create(
            sid=sid or "AC" + secrets.token_hex(16),
            name=name,
            owner=owner,
            created_at=timezone.now(),
        )
        auth_token = make_secret(account, account.sid)
        return NewAccount(account.sid, auth_token, *make_key(account))


def lock_account(account: Account) -> Account:
    """In a transaction: two writers could otherwise take one name, or the last free
    place."""
    return Account.objects.select_for_update().get(pk=account.pk)


def make_key(account: Account) -> tuple[str, str]:
    """An API key and its secret."""
    key = "SK" + secrets.token_hex(16)
    return key, make_secret(account, key)


def make_secret(account: Account, username: str) -> str:
    """256 random bits, in the place of any secret before."""
    secret = secrets.token_hex(32)
    credential = Credential(
        username=username,
        account=account,
        digest=digest(secret),
        created_at=timezone.now(),
    )
    if username == account.sid:
        credential.keep_token(secret)
    credential.save()
    return secret


def get_auth_token(account: Account) -> str:
    """The token that signs what is sent to the account; "" for one of an account made
    before 0.3 that has not been used since. Raises VaultLocked, CredentialTampered."""
    credential = Credential.objects.get(username=account.sid)
    if not credential.encrypted_token:
        return ""
    return decrypt(credential.encrypted_token, context=credential.token_context)


def digest(secret: str) -> str:
    """HMAC-SHA-256, hex. Secrets are random: a slow hash would only cost CPU."""
    key = settings.MEMORY_DIGEST_KEY.encode()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()
