"""Identity resolution settings. Contract 10.2."""

from django.http import HttpResponse

from console.service.api.answers import answer, etag
from console.service.api.request import ApiRequest
from console.service.models import IdentitySettings
from console.service.stores import get_store


def fetch_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    identity = IdentitySettings.objects.get(store=store)
    body = {
        "identifierConfigs": identity.identifier_configs,
        "matchingRules": identity.matching_rules,
        "version": identity.version,
    }
    return answer(body, headers=etag(identity.version))
