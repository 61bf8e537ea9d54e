"""The page's SDK examples call every operation that the official clients know."""

import re

from tests.sdk.operations import OPERATIONS


def test_get_call_names_every_operation_of_the_contract(endpoints):
    by_client = {
        f"{endpoint.method} {re.sub(r'{.*?}', '*', endpoint.path)}"
        for endpoint in endpoints
        if endpoint.call
    }

    assert by_client == {call for call in OPERATIONS.values() if " /v1/" in call}
