"""What `manage.py check` says about the vault."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from console.tenants import vault


@register()
def vault_keys_are_whole(**kwargs: Any) -> list[CheckMessage]:
    """A cut-off key must stop the start, not the first tenant's page."""
    try:
        vault.keys()
    except ImproperlyConfigured as exc:
        return [Error(str(exc), id="tenants.E001")]
    return []
