"""One person's view of one customer: which values are masked, which are clear for now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from console.tenants.models import Tenant
from console.web.identity import NAME_TRAITS
from console.web.masking import DOTS, How, mask_text, mask_trait
from console.web.models import Reveal
from console.web.request import ConsoleRequest

TEXTS, IDENTIFIERS = "texts", "identifiers"


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as this person may see it now.

    subject      what a reveal of it names, as `observation/mem_observation_…`
    is_masked    something of it is hidden
    clear_until  when it is masked again; None unless it was revealed
    """

    text: str = field(repr=False)
    subject: str
    is_masked: bool = False
    clear_until: datetime | None = None

    @property
    def dom_id(self) -> str:
        """The same subject as an id of HTML."""
        return "shown-" + self.subject.replace("/", "-")


class Veil:
    """Masks by the tenant's rules, except what this person has revealed."""

    def __init__(
        self, tenant: Tenant, clear: Mapping[str, datetime] | None = None
    ) -> None:
        self._rules: Mapping[str, str] = tenant.masking
        self._clear = clear or {}

    def text(self, kind: str, id_: str, content: str) -> Shown:
        """An observation's or a summary's text; `kind` is the one or the other."""
        return self._shown(f"{kind}/{id_}", TEXTS, content, mask_text)

    def trait(self, group: str, name: str, text: str, id_type: str = "") -> Shown:
        mask = partial(_mask_trait, name, id_type)
        return self._shown(f"trait/{group}.{name}", f"group/{group}", text, mask)

    def identifier(self, id_type: str, values: Sequence[str]) -> list[Shown]:
        """All values of one type: they are revealed together."""
        mask = partial(_mask_trait, id_type, "")
        subject = f"identifier/{id_type}"
        return [self._shown(subject, IDENTIFIERS, value, mask) for value in values]

    def name(self, traits: Mapping[str, Mapping[str, Any]]) -> str:
        """How a customer is called, as far as it may be seen; "" when nothing says."""
        for names in NAME_TRAITS:
            for group, members in traits.items():
                parts = [
                    self.trait(group, name, str(members[name])).text
                    for name in names
                    if members.get(name)
                ]
                if parts:
                    return " ".join(parts)
        return ""

    def _shown(self, subject: str, rule: str, text: str, mask: Any) -> Shown:
        masked = _by_rule(self._rules.get(rule, How.DETECT), text, mask)
        if masked == text:
            return Shown(text, subject)
        if until := self._clear.get(subject):
            return Shown(text, subject, clear_until=until)
        return Shown(masked, subject, is_masked=True)


def veil_of(request: ConsoleRequest, profile_id: str = "") -> Veil:
    """The veil of this request's person; without a profile nothing is clear."""
    if not profile_id:
        return Veil(request.tenant)
    reveals = Reveal.objects.of(request.user, request.tenant).open()
    rows = reveals.filter(profile_id=profile_id).order_by("until")
    return Veil(request.tenant, dict(rows.values_list("subject", "until")))


def _mask_trait(name: str, id_type: str, text: str) -> str:
    return mask_trait(name, text, id_type)


def _by_rule(how: str, text: str, mask: Any) -> str:
    if how == How.CLEAR:
        return text
    return DOTS if how == How.HIDE else str(mask(text))
