"""What was sent and answered, as a page may show it."""

import json
from typing import Any

from console.masking.masker import Masker
from console.masking.rules import mask_text

# Word stems in a trace. A conversation's own words come in pieces there, where no
# detector finds a phone number or a name any more.
STEMS = frozenset({"stems", "unknownStems"})


def masked_json(content: Any, masker: Masker, *, hide_stems: bool) -> str:
    """`content`, indented, with the tenant's rule for texts on each text in it."""
    return json.dumps(
        _masked(content, "", masker, hide_stems), indent=2, ensure_ascii=False
    )


def _masked(content: Any, name: str, masker: Masker, hide_stems: bool) -> Any:
    if isinstance(content, dict):
        return {k: _masked(v, k, masker, hide_stems) for k, v in content.items()}
    if isinstance(content, list):
        if hide_stems and name in STEMS:
            return f"{len(content)} not shown"
        return [_masked(each, name, masker, hide_stems) for each in content]
    if not isinstance(content, str):
        return content
    if name == "content":
        return masker.text("observation", "", content).text
    return mask_text(content)
