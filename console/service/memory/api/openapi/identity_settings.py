"""Identity resolution settings, described. Contract 10.2."""

from typing import Annotated

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ETAG,
    IF_MATCH,
    RECEIPT,
    Shown,
    Version,
)
from console.service.memory.api import identity_settings
from console.service.memory.api.profiles import IdType


class IdentitySettings(Shown, frozen=True):
    identifier_configs: Annotated[
        list[identity_settings.IdentifierConfig],
        msgspec.Meta(min_length=1, max_length=int(limits.IDENTIFIER_CONFIGS)),
    ]
    matching_rules: Annotated[
        list[IdType], msgspec.Meta(min_length=1, max_length=int(limits.MATCHING_RULES))
    ]
    version: Version


OPERATIONS: Operations = {
    identity_settings.fetch_identity_settings: Operation(
        {200: Answer(IdentitySettings, ETAG)}
    ),
    identity_settings.put_identity_settings: Operation(
        RECEIPT,
        body=identity_settings.PutIdentitySettings,
        headers=IF_MATCH,
        refusals=(412,),
    ),
}
