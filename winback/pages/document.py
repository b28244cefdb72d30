"""From a template to the bytes of a page.

Belongs here: the Jinja environment, the policy that keeps a page from loading or running anything, the filters that templates
share. Does not belong here: what is on a page (`rep_page`, `manager_page`, `account_page`).
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import Any

from winback.pages import formats
from winback.pages.words import Words


def render_page(template: str, *, language: str, **values: Any) -> bytes:
    """The page as UTF-8. Every value is escaped; style and script are inline and named by their hash in the policy.

    The policy (Content-Security-Policy level 3) allows that style and that script and nothing else: no connection, picture,
    frame, form or address base.
    """
    style, script = _asset("style.html"), _asset("sorting.html")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )
    text: str = (
        _environment()
        .get_template(template)
        .render(
            words=Words(language),
            lang="zh-CN" if language == "zh" else "en",
            style=style,
            script=script,
            policy=policy,
            **values,
        )
    )
    return text.encode("utf-8")


@functools.cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("winback.pages", "templates"),
        autoescape=True,
        finalize=_without_controls,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "amount": formats.amount,
        "share": formats.share,
        "signed": formats.signed_share,
        "day": formats.day,
        "number": formats.number,
        "words": formats.words,
    }
    return environment


def _without_controls(value: Any) -> Any:
    """Text from outside that a template shows without the filter `words`; what is markup already stays as it is."""
    return formats.without_controls(value) if type(value) is str else value


@functools.cache
def _asset(name: str) -> str:
    """The text between the tags of a file that holds one style or script element."""
    text = (resources.files("winback.pages") / "templates" / name).read_text(encoding="utf-8")
    return text[text.index(">") + 1 : text.rindex("</")]


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
