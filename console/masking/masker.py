"""One person's view of one customer: which values are masked, which are revealed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from django.utils import timezone

from console.masking import rules
from console.masking.models import Reveal
from console.masking.rules import DOTS, MaskingMode
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.permissions import Permission

TEXTS, IDENTIFIERS = "texts", "identifiers"
NAME_TRAITS = (("firstName", "lastName"), ("name",))
CONTACT_TRAITS = ("email", "phone")
# What an address and the audit log can name; a memory may allow stranger names.
_REVEALABLE = re.compile(r"[a-z]+/[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True)
class MaskedValue:
    """A value as this person may see it now.

    subject      what a reveal of it names, as `observation/mem_observation_…`
    is_masked    something of it is hidden
    clear_until  when it is masked again; None unless it was revealed
    profile_id   where it can be revealed or hidden again; "" where it cannot
    place        which value of its subject it is: an identifier can have several
    """

    text: str = field(repr=False)
    subject: str
    is_masked: bool = False
    clear_until: datetime | None = None
    profile_id: str = ""
    place: int = 1

    @property
    def kind(self) -> str:
        """observation, summary, trait or identifier."""
        return self.subject.partition("/")[0]

    @property
    def ref(self) -> str:
        """Which one of its kind: an id, `Contact.email`, `phone`."""
        return self.subject.partition("/")[2]

    @property
    def label(self) -> str:
        """What it is, in words that name nobody: `this summary`, `Contact.email`."""
        if self.kind in {"observation", "summary"}:
            return f"this {self.kind}"
        return f"the {self.ref}" if self.kind == "identifier" else self.ref

    @property
    def dom_id(self) -> str:
        """The same as an id of HTML."""
        after = f"-{self.place}" if self.place > 1 else ""
        return f"shown-{self.subject.replace('/', '-')}{after}"

    @property
    def clear_for_s(self) -> int:
        """Whole seconds until it is certainly masked again."""
        left = self.clear_until - timezone.now() if self.clear_until else timedelta()
        return max(1, ceil(left.total_seconds()) + 1)


class Masker:
    """Masks by the tenant's rules, except what this person has revealed."""

    def __init__(
        self,
        tenant: Tenant,
        clear: Mapping[str, datetime] | None = None,
        *,
        profile_id: str = "",
    ) -> None:
        """`clear`: subjects that are revealed, until when; `profile_id`: where more can be."""
        self._tenant = tenant
        self._rules: Mapping[str, str] = tenant.masking
        self._clear = clear or {}
        self._profile_id = profile_id

    @property
    def text_mode(self) -> MaskingMode:
        """How texts are shown, and so what of them may answer a search.

        CLEAR: all of a text. DETECT: the masked text, in a match, an order, a score
        and an explanation alike. HIDE: nothing; there is no search and no order but by
        time. What is revealed changes none of it: a reveal is of one item, and an
        order is of all.
        """
        return MaskingMode(self._rules.get(TEXTS, MaskingMode.DETECT))

    def mask_text(self, kind: str, id_: str, content: str) -> MaskedValue:
        """An observation's or a summary's text; `kind` is the one or the other."""
        return self._build_value(f"{kind}/{id_}", TEXTS, content, rules.mask_text)

    def mask_trait(
        self, group: str, name: str, text: str, id_type: str = ""
    ) -> MaskedValue:
        mask = partial(_mask_trait, name, id_type)
        subject = f"trait/{_build_subject(group, name)}"
        return self._build_value(subject, f"group/{group}", text, mask)

    def mask_identifier(self, id_type: str, values: Sequence[str]) -> list[MaskedValue]:
        """All values of one type: they are revealed together."""
        mask = partial(_mask_trait, id_type, "")
        subject = f"identifier/{id_type}"
        return [
            replace(self._build_value(subject, IDENTIFIERS, value, mask), place=place)
            for place, value in enumerate(values, start=1)
        ]

    def mask_name(self, traits: Mapping[str, Mapping[str, Any]]) -> str:
        """The customer's name, masked; "" without one.

        Also while a name is revealed: only its trait shows it in clear, where it can
        be hidden and is masked again by itself.
        """
        masked = Masker(self._tenant)
        for names in NAME_TRAITS:
            for group, members in traits.items():
                parts = [
                    masked.mask_trait(group, name, str(members[name])).text
                    for name in names
                    if members.get(name)
                ]
                if parts:
                    return " ".join(parts)
        return ""

    def mask_contact(self, traits: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Email and phone, masked: they tell people of the same name apart."""
        return tuple(
            self.mask_trait(group, name, str(members[name])).text
            for group, members in traits.items()
            for name in CONTACT_TRAITS
            if members.get(name)
        )

    def _build_value(
        self, subject: str, rule: str, text: str, mask: Any
    ) -> MaskedValue:
        mode = self._rules.get(rule, MaskingMode.DETECT)
        if mode == MaskingMode.CLEAR:
            return MaskedValue(text, subject)
        masked = DOTS if mode == MaskingMode.HIDE else str(mask(text))
        if masked == text:
            return MaskedValue(text, subject)
        where = self._profile_id if _REVEALABLE.fullmatch(subject) else ""
        if until := self._clear.get(subject):
            return MaskedValue(text, subject, clear_until=until, profile_id=where)
        return MaskedValue(masked, subject, is_masked=True, profile_id=where)


def get_reveal_target(values: Sequence[MaskedValue]) -> MaskedValue:
    """The one of a subject's values that says whether it can be revealed or hidden."""
    return next((v for v in values if v.is_masked or v.clear_until), values[0])


def masker_for(actor: Actor, profile_id: str = "") -> Masker:
    """What this person sees masked; without a profile nothing is clear."""
    user, tenant = actor.in_tenant()
    if not (profile_id and actor.may(Permission.REVEAL)):
        return Masker(tenant)
    rows = Reveal.objects.of(user, tenant).open().filter(profile_id=profile_id)
    clear = dict(rows.order_by("until").values_list("subject", "until"))
    return Masker(tenant, clear, profile_id=profile_id)


def _build_subject(group: str, name: str) -> str:
    """`Contact.email`. Both names may hold dots: "A.b" and "c" are not "A" and "b.c".

    Names with two dots in a row get a slash, with which nothing can be revealed.
    """
    if ".." in f"{group}.{name}":
        return f"{group}/{name}"
    return f"{group}..{name}" if "." in group else f"{group}.{name}"


def _mask_trait(name: str, id_type: str, text: str) -> str:
    return rules.mask_trait(name, text, id_type)
