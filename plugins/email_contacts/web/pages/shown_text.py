"""Text of others, made fit to be shown: of bounded length, and without hidden characters."""

from __future__ import annotations

import unicodedata
from typing import Any

LONGEST = 200
# Control characters, and format characters such as those that turn the direction of writing.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def shown(value: Any, longest: int = LONGEST) -> str:
    """Make a text that shows what it is: a hidden character as its number, a long one cut.

    Markup is the templates' business: they escape everything.

    :param longest: characters after which it is cut.
    """
    text = value if isinstance(value, str) else str(value)
    cut = text[:longest]
    plain = "".join(f"\\u{ord(one):04x}" if unicodedata.category(one) in _HIDDEN else one for one in cut)
    return plain if len(text) <= longest else f"{plain}…"
