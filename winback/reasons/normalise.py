"""One spelling for a note before a model reads it.

Belongs here: width, script, control characters and the typing slips that change a meaning. Does not belong here: cutting a
note into clauses or any offset: spans are always taken from the note as it was written.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from importlib import resources

import yaml

_CONTROL = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2064\\ufe0e\\ufe0f\\ufeff\\ufffc\\ufffd\\ud800-\\udfff]"
)
_CJK = re.compile("[\\u3400-\\u4dbf\\u4e00-\\u9fff]")
_LATIN = re.compile("[A-Za-z]+")
_OTHER_LETTERS = re.compile("[^\\W\\d_A-Za-z\\u00c0-\\u024f\\u3400-\\u4dbf\\u4e00-\\u9fff]")
_SURROGATE = re.compile("[\\ud800-\\udfff]")
_MIXED_LATIN_SHARE = 0.12
_MIXED_CJK_SHARE = 0.15


@functools.cache
def _converter(profile: str) -> Callable[[str], str]:
    from opencc import OpenCC

    converter = OpenCC(profile)

    def convert(text: str) -> str:
        # half of a surrogate pair, which JSON may carry, is no character that OpenCC could read
        return str(converter.convert(_SURROGATE.sub("?", text)))

    return convert


@functools.cache
def _slips() -> tuple[re.Pattern[str], dict[str, str], re.Pattern[str], dict[str, str]]:
    data = yaml.safe_load((resources.files("winback.reasons") / "typing_slips.yaml").read_text("utf-8"))
    zh: dict[str, str] = data["zh"]
    en: dict[str, str] = data["en"]
    zh_any = re.compile("|".join(map(re.escape, sorted(zh, key=len, reverse=True))))
    en_any = re.compile(r"(?<![a-z])(?:" + "|".join(map(re.escape, sorted(en, key=len, reverse=True))) + r")(?![a-z])")
    return zh_any, zh, en_any, en


def normalise(text: str) -> str:
    """`text` lower-cased, half-width (NFKC), in Simplified characters, without control characters, common slips mended.

    Only for models and cue lists to read: lengths change, so offsets into the result mean nothing for the original.
    """
    if not text:
        return ""
    plain = _CONTROL.sub("", unicodedata.normalize("NFKC", _CONTROL.sub("", text)))
    if _CJK.search(plain):
        simple = _converter("t2s")(plain)
        plain = simple if simple == plain else _converter("tw2sp")(plain)
    plain = re.sub(" {2,}", " ", plain.lower())
    zh_any, zh, en_any, en = _slips()
    plain = zh_any.sub(lambda m: zh[m.group()], plain)
    return en_any.sub(lambda m: en[m.group()], plain)


def same_length_simplified(text: str) -> str:
    """`text` with Traditional characters made Simplified, character by character, so that offsets stay true."""
    simple = _converter("t2s")(text) if _CJK.search(text) else text
    return simple if len(simple) == len(text) else text


def language_of(text: str) -> str:
    """The note's language: `zh-Hans`, `zh-Hant`, `en`, `mixed` (Chinese and English), or `other`.

    Decided by letters alone. `other` also stands for a note without letters (empty, emoji, digits) and for other scripts;
    other languages in Latin letters cannot be told from English here and count as `en`.
    """
    n_cjk = len(_CJK.findall(text))
    n_words = len(_LATIN.findall(text))
    n_other = len(_OTHER_LETTERS.findall(text))
    total = n_cjk + n_words
    if total == 0 or n_other > total * 2:
        return "other"
    latin_share, cjk_share = n_words / total, n_cjk / total
    if cjk_share == 0:
        return "en"
    if latin_share > _MIXED_LATIN_SHARE and cjk_share > _MIXED_CJK_SHARE:
        return "mixed"
    if cjk_share <= _MIXED_CJK_SHARE:
        return "en"
    changed = sum(a != b for a, b in zip(text, _converter("t2s")(text), strict=False))
    return "zh-Hant" if changed > max(1, 0.05 * n_cjk) else "zh-Hans"
