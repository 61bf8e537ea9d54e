"""What may be remembered, for a whole tenant: tried on what was said, then saved."""

from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from msgspec.structs import asdict

from console.audit.log import log_change, log_view
from console.contract.conversations.conversation import CHANNELS
from console.contract.conversations.learning import (
    DEFAULT_RULES,
    EXCEPTIONS_MAX,
    KINDS,
    RULE_ACTIONS,
    WORD_MAX,
    WORDS_MAX,
    EarlierRules,
    PutLearningRules,
)
from console.contract.memory.observation import SOURCE_MAX
from console.masking.masker import masker_for
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import ConsoleForm, PageForm, ReasonForm, check_form, check_plain
from console.web.render import ConsoleRequest

KIND_LABELS = {
    "card": "Payment cards",
    "bank": "Bank accounts",
    "id": "Numbers of official documents",
    "pin": "PINs and passwords",
    "phone": "Phone numbers",
    "mail": "Email addresses",
    "health": "Health",
    "religion": "Religion and belief",
    "politics": "Political opinions",
    "sex": "Sex life and orientation",
    "ethnicity": "Ethnic origin",
    "union": "Trade unions",
    "biometric": "Biometric and genetic data",
    "words": "Our own words, below",
}
_ACTIONS = [(action, action.capitalize()) for action in RULE_ACTIONS]


class VersionForm(PageForm):
    version = forms.IntegerField(required=False)


class WordsField(forms.Field):
    """Words, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def to_python(self, value: Any) -> list[str]:
        lines = str(value or "").splitlines()
        return [word for line in lines if (word := line.strip())]

    def validate(self, value: list[str]) -> None:
        if len(value) > WORDS_MAX:
            raise forms.ValidationError(f"At most {WORDS_MAX} words.")
        for number, word in enumerate(value, 1):
            if not 2 <= len(word) <= WORD_MAX:
                raise forms.ValidationError(
                    f"Line {number}: must have 2 to {WORD_MAX} characters."
                )
            check_plain(word)


class RulesForm(ReasonForm):
    """An action for each kind, and words of the tenant's own. A trial needs no reason."""

    own_words = WordsField(
        label="Words",
        required=False,
        help_text="One per line, at most 200; whole words, in any case, with accents or"
        " without.",
    )
    applies_to_writes = forms.BooleanField(
        label="Apply them to what programs and people write, too: observations,"
        " summaries, traits, imports",
        required=False,
    )

    # The version that was read: the template gives the one that counts now.
    seen = forms.IntegerField(required=False)

    def __init__(
        self, *args: Any, rules: EarlierRules, present: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            self.fields[kind] = forms.ChoiceField(
                label=KIND_LABELS[kind],
                choices=_ACTIONS,
                initial=rules.kinds.get(kind, DEFAULT_RULES[kind]),
            )
        self.fields["own_words"].initial = "\n".join(rules.words)
        self.fields["applies_to_writes"].initial = rules.applies_to_writes
        self.present = present
        self.is_trial = "try" in self.data
        self.require_reason(not self.is_trial)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.is_trial and given.get("seen") != self.present:
            raise forms.ValidationError(
                f"Version {self.present} was saved meanwhile. Open this page anew to see"
                " it; yours is shown here, and replaces it if you save again."
            )
        return given

    @property
    def kinds(self) -> list[forms.BoundField]:
        return [self[kind] for kind in KINDS]

    def get_rules(self, exceptions: list[dict[str, str]]) -> PutLearningRules:
        """Only of a valid form."""
        return msgspec.convert(
            {
                "kinds": {kind: self.cleaned_data[kind] for kind in KINDS},
                "words": self.cleaned_data["own_words"],
                "exceptions": exceptions,
                "appliesToWrites": self.cleaned_data["applies_to_writes"],
            },
            PutLearningRules,
        )


class ExceptionForm(ConsoleForm):
    """One row; without a kind it is none."""

    kind = forms.ChoiceField(
        label="What",
        required=False,
        choices=[
            ("", "–"),
            ("any", "Anything"),
            *((kind, KIND_LABELS[kind].partition(",")[0]) for kind in KINDS),
        ],
    )
    channel = forms.ChoiceField(
        label="On channel",
        required=False,
        choices=[("", "Any"), *((name, name) for name in CHANNELS)],
    )
    speaker = forms.ChoiceField(
        label="Said by",
        required=False,
        choices=[
            ("", "Anybody"),
            ("customer", "The customer"),
            ("agent", "A human agent"),
            ("other", "An AI agent or others"),
        ],
    )
    source = forms.CharField(label="From source", required=False, max_length=SOURCE_MAX)
    action = forms.ChoiceField(label="Then", required=False, choices=_ACTIONS)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("kind") and not any(
            given.get(name) for name in ("channel", "speaker", "source")
        ):
            raise forms.ValidationError("Choose a channel, a speaker or a source.")
        return given


ExceptionForms = forms.formset_factory(
    ExceptionForm, extra=1, max_num=EXCEPTIONS_MAX, absolute_max=EXCEPTIONS_MAX
)


@allow(Permission.UPDATE_DISPLAY_SETTINGS, FORM, logs="learning.changed learning.tried")
def rules(request: ConsoleRequest) -> HttpResponse:
    """Of the version that counts, or of an earlier one to start from."""
    client = request.store.conversations
    given = request.POST if request.method == "POST" else None
    present, found, examples = client.fetch_rules(), None, list[tuple[Any, Any]]()
    wanted = check_form(VersionForm(request.GET))["version"]
    versions = {each.version: each for each in present.earlier}
    initial = versions.get(wanted, present)
    form = RulesForm(given, request=request, rules=initial, present=present.version)
    exceptions = ExceptionForms(
        given, initial=[asdict(each) for each in initial.exceptions], prefix="except"
    )
    if form.is_valid() and exceptions.is_valid():
        rows = [row for row in exceptions.cleaned_data if row.get("kind")]
        body = form.get_rules(rows)
        if not form.is_trial:
            with log_change(
                request.actor,
                "learning.changed",
                "store",
                client.store_id,
                reason=form.reason,
            ) as closing:
                client.put_rules(body, version=present.version)
                closing["version"] = present.version + 1
            messages.success(request, "Saved. What is learned from now on follows it.")
            return redirect("conversations:rules", request.tenant.slug)
        found = client.try_rules(body)
        log_view(
            request.actor,
            "learning.tried",
            "store",
            client.store_id,
            count=len(found.examples),
        )
        masker = masker_for(request.actor)
        examples = [
            (each, masker.mask_text("fact", each.communication_id, each.text))
            for each in found.examples
        ]
    context = {
        "form": form,
        "exceptions": exceptions,
        "rules": present,
        "initial": initial,
        "found": found,
        "examples": examples,
    }
    is_wrong = form.errors or (given and exceptions.total_error_count())
    status = 422 if is_wrong else 200
    return render(request, "conversations/rules.html", context, status=status)
