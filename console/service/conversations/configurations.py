"""Configurations: what a conversation begins with. Conversations 7."""

from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from console.contract.conversations import configuration as wire
from console.contract.ids import new_id
from console.core.outgoing import PORTS, read_origin
from console.service import errors
from console.service.conversations.models import Configuration
from console.service.models import Account, lock_account


def get_configuration(account: Account, configuration_id: str) -> Configuration:
    """Raises NotFound, also for an id of no such form."""
    found = Configuration.objects.filter(account=account, id=configuration_id).first()
    if found is None:
        raise errors.NotFound("Configuration not found.")
    return found


@transaction.atomic(using="memory")
def create_configuration(
    account: Account, body: wire.CreateConfiguration
) -> Configuration:
    """Raises Invalid, Conflict (its name or its classic service is taken)."""
    account = lock_account(account)
    count = Configuration.objects.filter(account=account).count()
    if count >= wire.CONFIGURATIONS_PER_ACCOUNT:
        raise errors.Invalid(
            f"configurations: at most {wire.CONFIGURATIONS_PER_ACCOUNT} per account"
        )
    now = timezone.now()
    row = Configuration(
        id=new_id("conv_configuration"), account=account, created_at=now, updated_at=now
    )
    _set(row, body)
    row.save(force_insert=True)
    return row


@transaction.atomic(using="memory")
def put_configuration(
    account: Account, configuration_id: str, body: wire.PutConfiguration
) -> Configuration:
    """Replaces all of it but the name, if none is given. Raises NotFound, Invalid,
    Conflict."""
    account = lock_account(account)
    row = get_configuration(account, configuration_id)
    if not body.display_name:
        body = msgspec.structs.replace(body, display_name=row.display_name)
    return _change(row, body)


@transaction.atomic(using="memory")
def patch_configuration(
    account: Account, configuration_id: str, body: wire.PatchConfiguration
) -> Configuration:
    """Changes what is given. Raises NotFound, Invalid, Conflict."""
    account = lock_account(account)
    row = get_configuration(account, configuration_id)
    changes = msgspec.to_builtins(body)
    for name in ("displayName", "conversationGroupingType", "memoryStoreId"):
        if changes.get(name, "") is None:
            raise errors.Invalid(f"{name}: required")
    channels = row.settings["channelSettings"] | (changes.get("channelSettings") or {})
    if changes.get("channelSettings", {}) is not None:
        changes["channelSettings"] = {
            k: v for k, v in channels.items() if v is not None
        }
    # Null is what a new one has: left out, the noun's default takes its place.
    whole = {k: v for k, v in (row.settings | changes).items() if v is not None}
    return _change(row, msgspec.convert(whole, wire.PutConfiguration))


@transaction.atomic(using="memory")
def delete_configuration(account: Account, configuration_id: str) -> None:
    """Conversations go on with what they have kept of it. Raises NotFound."""
    account = lock_account(account)
    get_configuration(account, configuration_id).delete()


def check_callbacks(callbacks: Any, *, path: str = "statusCallbacks") -> None:
    """Raises Invalid for an address to which nothing would be delivered."""
    for index, callback in enumerate(callbacks):
        allow_private = settings.MEMORY_ALLOW_PRIVATE
        if not read_origin(callback.url, allow_private=allow_private):
            raise errors.Invalid(
                f"{path}[{index}].url: must be a public https address without "
                f"credentials, at port {' or '.join(map(str, sorted(PORTS)))}"
            )


def _change(row: Configuration, body: wire.PutConfiguration) -> Configuration:
    if body.conversation_grouping_type != row.settings["conversationGroupingType"]:
        raise errors.Invalid("conversationGroupingType: cannot be changed")
    _set(row, body)
    row.updated_at = timezone.now()
    row.version = F("version") + 1
    row.save()
    row.refresh_from_db(fields=["version"])
    return row


def _set(row: Configuration, body: wire.PutConfiguration) -> None:
    check_callbacks(body.status_callbacks)
    others = Configuration.objects.filter(account=row.account).exclude(pk=row.pk)
    bridge = body.conversations_v1_bridge
    for other in others:
        if other.display_name == body.display_name:
            raise errors.Conflict("displayName: already in use", resource_id=other.id)
        if bridge and other.settings["conversationsV1Bridge"] == msgspec.to_builtins(
            bridge
        ):
            raise errors.Conflict(
                "conversationsV1Bridge.serviceId: already in use", resource_id=other.id
            )
    row.display_name = body.display_name
    row.store_id = body.memory_store_id
    row.settings = to_settings(body)


def to_settings(body: msgspec.Struct) -> dict[str, Any]:
    """As the contract answers them: every member, also those that are empty."""
    kept = {
        field.encode_name: msgspec.to_builtins(getattr(body, field.name))
        for field in msgspec.structs.fields(body)
    }
    for setting in kept["channelSettings"].values():
        # Clients read `closed` of whatever is there.
        if not setting.get("statusTimeouts", True):
            del setting["statusTimeouts"]
    return kept
