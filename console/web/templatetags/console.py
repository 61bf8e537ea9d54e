"""Tags that every template has without loading them. All of them escape."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.forms import BaseForm
from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from heroicons.templatetags.heroicons import heroicon_mini

from console.contract.knowledge.chunk import Chunk
from console.contract.memory.recall import TraceScore
from console.contract.times import to_wire
from console.core.unicode import CANDIDATE, find_folded, get_char_name, is_hidden
from console.engine.extractive import HEADING as SUMMARY_HEADING
from console.engine.words import stems
from console.masking.masker import mask_name, mask_text
from console.tenants.models import Role
from console.web.times import to_local

register = template.Library()

# Seconds of each unit, largest first; months and years by their mean.
UNITS = (
    (31_556_952, "y"),
    (2_629_746, "mo"),
    (604_800, "w"),
    (86_400, "d"),
    (3_600, "h"),
    (60, "min"),
)
# What adds to a score, as the embedded memory names it (console/engine/ranking.py).
SCORE_PARTS = {
    "similarity": "Similarity in meaning",
    "query_coverage": "Share of the query's words",
    "match_strength": "Strength of the word match",
    "phrase": "Words in a row",
    "code": "Match of a number or code",
    "date": "Match with a date in the query",
    "summary": "Match of its conversation's summary",
    "neighbour": "Match of a neighbour",
    "profile_size": "Few texts to choose from",
}
# What waits behind "Confirm your identity", by the name of its address.
GUARDED = {
    "deletions:profile": "delete this profile",
    "deletions:observation": "delete this observation",
    "deletions:summary": "delete this summary",
    "deletions:selection": "delete what you selected",
    "deletions:deletion": "decide about this deletion",
    "keeping:set_hold": "set a hold",
    "keeping:lift_hold": "lift this hold",
    "keeping:ask_access": "make this customer's package",
    "mfa_activate_totp": "set up an authenticator app",
    "mfa_deactivate_totp": "deactivate the authenticator app",
    "mfa_generate_recovery_codes": "make new recovery codes",
    "mfa_view_recovery_codes": "show the recovery codes",
    "mfa_add_webauthn": "add a passkey",
    "mfa_list_webauthn": "show your passkeys",
    "mfa_edit_webauthn": "rename a passkey",
    "mfa_remove_webauthn": "remove a passkey",
}
# Parts that add less do not change what a page shows of a score.
LEAST_LOG_ODDS = 0.05
# Of the longest line of a chunk.
LINE_FULL = 0.75
_HEADING = re.compile(r"^#{1,6} +", re.MULTILINE)
_WORD = re.compile(r"\w+")
_NAME_WORDS = re.compile(r"[A-Z]?[a-z\d]+|[A-Z\d]+(?![a-z])|[^\W_A-Za-z]+")
_ACRONYMS = frozenset({"dob", "id", "ids", "sms", "url", "vip"})
_MARK, _MARK_END = SafeString("<mark>"), SafeString("</mark>")
IDENT_TAIL = 4
IDENT_SUFFIX_HEAD = 4
IDENT_WHOLE = 15


@register.simple_tag
def timestamp(at: datetime | None) -> SafeString | str:
    """`3 d ago`, from one week on `22 Oct`; on hover the age and the exact time."""
    if at is None:
        return "–"
    now = timezone.now()
    elapsed = format_elapsed(now, at)
    is_recent = abs(now - at) < timedelta(weeks=1)
    return _write_time(at, elapsed if is_recent else format_date(now, at), elapsed)


@register.simple_tag
def moment(at: datetime, form: str = "j F Y, H:i:s T") -> SafeString:
    """In the viewer's zone, as Django's filter `date` writes it; on hover in UTC."""
    return _write_time(at, date_format(to_local(at), form))


def _write_time(at: datetime, text: str, *told: str) -> SafeString:
    exact = to_wire(at).rstrip("Z").replace("T", " ")
    title = ", ".join((*told, f"{exact} UTC"))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', to_wire(at), title, text
    )


def format_elapsed(now: datetime, at: datetime) -> str:
    """`3 d ago`, `in 2 h`, `just now`."""
    age = format_age(now, at)
    if not age:
        return "just now"
    return f"{age} ago" if at < now else f"in {age}"


def format_age(now: datetime, at: datetime) -> str:
    """The largest whole unit between two times: `3 d`; "" below a minute."""
    seconds = abs((now - at).total_seconds())
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return ""


def format_date(now: datetime, at: datetime) -> str:
    """`22 Oct`, with its year in any other year than this one."""
    day = to_local(at)
    return date_format(day, "j M" if day.year == to_local(now).year else "j M Y")


@register.simple_tag
def guarded(url: str | None) -> tuple[str, str]:
    """The act behind a proof of identity in words, "" of any other address; and where
    it is cancelled to."""
    path = urlsplit(url or "").path.removeprefix(get_script_prefix().rstrip("/"))
    try:
        match = resolve(path)
    except Resolver404:
        return "", reverse("home")
    asked, at = match.view_name, match.kwargs
    if asked == "deletions:deletion":
        back = reverse(asked, kwargs=at)
    elif "profile_id" in at:
        back = reverse("customers:profile", args=[at["tenant"], at["profile_id"]])
    else:
        back = reverse("mfa_index" if asked.startswith("mfa_") else "home")
    return GUARDED.get(asked, ""), back


@register.simple_tag
def take_focus(form: BaseForm) -> str:
    """Typing begins in the first field to mend, else in a password, which is never kept,
    else where the form says, or at its top."""
    fields = [each for each in form.visible_fields() if not each.field.disabled]
    wanted = [
        each for each in fields if each.field.widget.attrs.pop("autofocus", False)
    ]
    to_mend = [each for each in fields if each.errors]
    emptied = [
        each for each in fields if form.errors and each.widget_type == "password"
    ]
    for each in (to_mend or emptied or wanted or fields)[:1]:
        each.field.widget.attrs["autofocus"] = True
    return ""


@register.simple_tag
def ident(value: str, *, is_tail: bool = False) -> SafeString:
    """An id shortened in its middle, or its last signs alone, whole in its title, with a
    button to copy it."""
    short = f"…{value[-IDENT_TAIL:]}" if is_tail else shortened(value)
    return format_html(
        '<span class="ident"><code title="{}">{}</code>'
        '<button type="button" class="copy" data-copy="{}" aria-label="Copy id {}">'
        "{}</button></span>",
        value,
        short,
        value,
        short,
        icon("document-duplicate"),
    )


@register.filter
def shortened(value: str) -> str:
    """`mem_profile_01k5…9f3a`: prefix, first and last four of the suffix."""
    prefix, _, suffix = value.rpartition("_")
    head = f"{prefix}_" if prefix else ""
    if len(suffix) <= IDENT_WHOLE:
        return value
    return f"{head}{suffix[:IDENT_SUFFIX_HEAD]}…{suffix[-IDENT_TAIL:]}"


@register.filter
def labelled(name: str) -> str:
    """A name that programs use as people read it: `customerNumber`, `user_id` and
    `Contact.city` are Customer number, User ID and Contact: City."""
    group, _, own = name.rpartition(".")
    words = [
        word if len(word) > 1 and word.isupper() else word.lower()
        for word in _NAME_WORDS.findall(own)
    ]
    words = [word.upper() if word in _ACRONYMS else word for word in words]
    text = " ".join(words) or own
    return f"{group and f'{group}: '}{text[:1].upper()}{text[1:]}"


@register.simple_tag
def label(name: str) -> SafeString:
    """The same, with the name itself on hover."""
    return format_html('<span title="{}">{}</span>', name, visible(labelled(name)))


@register.filter
def past_heading(text: str) -> str:
    """A summary without its first line, which says when and where it was said."""
    return SUMMARY_HEADING.sub("", text)


@register.filter
def role_label(role: str) -> str:
    """A role as people call it; what else acts, such as a command, keeps its name."""
    return dict(Role.choices).get(role, role)


@register.simple_tag
@cache
def icon(name: str) -> str:
    """A heroicon of 20 px, decorative: its label is beside it."""
    attrs: dict[str, Any] = {"aria_hidden": "true"}
    return heroicon_mini(name, **attrs)


# What staff wrote before StaffTextField refused a customer's data.
register.filter("masked", mask_text)
# For titles, which browsers keep: also of a name that is shown.
register.filter("initials", mask_name)


@register.filter
def visible(text: object) -> SafeString:
    """Text letter for letter: markup escaped, unseen characters shown as marks."""
    return format_html_join("", "{}", ((piece,) for piece in _split_hidden(str(text))))


@register.filter
def readable(chunk: Chunk) -> str:
    """A chunk without the # of its headings. A PDF breaks its lines where its page ends:
    one that is nearly full and ends no sentence goes on in the next."""
    text = _HEADING.sub("", chunk.content)
    if not chunk.document_number:
        return text
    lines = text.split("\n")
    full = LINE_FULL * max(map(len, lines))
    goes_on = (len(line) >= full and line[-1:] not in ".!?:" for line in lines)
    return "".join(
        line + (" " if on else "\n") for line, on in zip(lines, goes_on, strict=True)
    ).strip()


@register.filter
def marked(text: str, found: Collection[str]) -> SafeString:
    """The same, with the words marked that have one of these stems."""
    # Only a word's ending is changed: of 100 texts, few of the words are worth stemming.
    wanted, firsts = set(found), {"_", *(stem[0] for stem in found)}
    return _mark(
        text,
        (
            word.span()
            for word in (_WORD.finditer(text) if found else ())
            if not (word[0].isascii() and word[0][0].lower() not in firsts)
            and not wanted.isdisjoint(stems(word[0]))
        ),
    )


@register.filter
def begun(text: str, looked_for: Iterable[re.Pattern[str]]) -> SafeString:
    """The same, with what a search by beginnings has found marked."""
    return _mark(text, find_folded(text, looked_for))


def _mark(text: str, spans: Iterable[tuple[int, int]]) -> SafeString:
    pieces: list[str] = []
    end = 0
    for start, until in sorted(spans):
        if start >= end:
            pieces += _split_hidden(text[end:start])
            pieces += [_MARK, *_split_hidden(text[start:until]), _MARK_END]
            end = until
    pieces += _split_hidden(text[end:])
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def marked_text(text: str, found: str) -> SafeString:
    """The same, with one thing marked, letter for letter."""
    pieces = text.partition(found) if found else (text, "", "")
    return format_html("{}<mark>{}</mark>{}", *map(visible, pieces))


@register.filter
def score_parts(traced: TraceScore) -> list[tuple[str, float | None, float]]:
    """Label, value, points, for each part that moves the score visibly; a logarithm is
    no value that people read."""
    return [
        (label, None if name == "profile_size" else part.value, part.adds)
        for name, label in SCORE_PARTS.items()
        if (part := getattr(traced.parts, name)) and abs(part.adds) >= LEAST_LOG_ODDS
    ]


def _split_hidden(text: str) -> list[str]:
    """Runs of plain text, each hidden character between them as its mark."""
    pieces, start = [], 0
    for match in CANDIDATE.finditer(text):
        position = match.start()
        if is_hidden(text, position):
            name = get_char_name(match[0])
            mark = format_html(
                '<span class="control-character" title="{}">{}</span>',
                name,
                name.partition(" ")[0],
            )
            pieces += [escape(text[start:position]), mark]
            start = position + 1
    return [*pieces, escape(text[start:])]
