"""The script of Chinese text.

Belongs here: what is said to a customer in the characters they read. Does not belong here: which language (`words`), or the texts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

PROFILE = "s2tw"
"""OpenCC's profile: Traditional characters as CLDR's likely region of zh-Hant writes them; no word is put in place of another."""


def traditional(text: str) -> str:
    """`text` in Traditional characters; what is written in them already, and every other script, stays as it is."""
    return _converter()(text)


@functools.cache
def _converter() -> Callable[[str], str]:
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC(PROFILE).convert
    return convert
