"""What `manage.py check` verifies of the vault."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from console.tenants import vault


@register()
def check_vault_keys(**kwargs: Any) -> list[CheckMessage]:
    """An incomplete key must stop the start, not the first tenant's page."""
    try:
        vault.load_keys()
    except ImproperlyConfigured as exc:
        return [Error(str(exc), id="tenants.E001")]
    return []
