"""The whole catalogue: one play per leaf code, and one that asks.

Belongs here: loading `library/*.yaml`, what must hold between plays, which play a reason gets. Does not belong here: what must
hold inside one play (`play`).
"""

from __future__ import annotations

import functools
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from winback.errors import UsageError
from winback.plays.play import Play
from winback.reasons.taxonomy import LEAF_CODES, UNKNOWN

ASK = "ask_reason"
"""The play for accounts whose reason nobody has asked about yet."""


@functools.cache
def load_plays(folder: Traversable | None = None) -> dict[str, Play]:
    """The plays by id, in the order of their codes, the asking one last; from `folder` or those that ship.

    Raises UsageError that names each file and key where a play breaks its schema, a code has no play or two, a branch or
    chain leads nowhere, or a chain never ends.
    """
    files = folder if folder is not None else resources.files("winback.plays") / "library"
    plays: dict[str, Play] = {}
    faults: list[str] = []
    for file in sorted((f for f in files.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name):
        try:
            plays[file.name] = Play.model_validate(_parsed(file.read_text("utf-8")))
        except yaml.YAMLError as error:
            faults.append(f"{file.name}: not readable as YAML: {' '.join(str(error).split())}")
        except ValidationError as error:
            faults += [f"{file.name}: {'.'.join(map(str, e['loc'])) or 'the play'}: {_in_words(e)}" for e in error.errors()]
    faults = faults or _faults_between(plays)
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise UsageError(
            f"The play library has {len(faults)} fault{'s' * (len(faults) > 1)}; mend and load again:\n{listed}"
        )
    return {play.id: play for play in sorted(plays.values(), key=lambda p: (p.code is None, p.code or ""))}


def play_for(likeliest_code: str | None, reason_tier: str | None, *, is_abstained: bool | None) -> tuple[Play, bool]:
    """The play for a row of `score_reasons`, and whether it may be said outright (else its asking words are used).

    Nothing known (no row, tier 4, or an abstention): the asking play. A reason that the customer stated or confirmed (tiers 1
    and 2a): the code's play, outright. One picked without the customer's words or inferred from behaviour (2b, 3): the code's
    play with its asking words, so that the answer brings a quote. Code 7 from a note: the play of code 7, as others have
    asked before.
    """
    plays = load_plays()
    if likeliest_code is None or reason_tier in (None, "4") or is_abstained:
        return plays[ASK], False
    if likeliest_code == UNKNOWN and reason_tier == "3":
        return plays[ASK], False
    return _by_code()[likeliest_code], reason_tier in ("1", "2a")


@functools.cache
def _by_code() -> dict[str, Play]:
    return {play.code: play for play in load_plays().values() if play.code is not None}


def _parsed(text: str) -> Any:
    """The document; libyaml reads the catalogue sixteen times as fast where it is there."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _in_words(error: ErrorDetails) -> str:
    """What is wrong with one key, as people say it."""
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is no key of a play"
        case "literal_error":
            return f"'{error['input']}' is not one of {error['ctx']['expected']}"
        case "value_error":
            return error["msg"].removeprefix("Value error, ")
        case _:
            return f"{error['msg']}, not '{error['input']}'"


def _faults_between(plays: dict[str, Play]) -> list[str]:
    """What is wrong between the files, in words; `plays` by file name."""
    faults = []
    codes = [play.code for play in plays.values()]
    for code in (*LEAF_CODES, None):
        n = codes.count(code)
        if n != 1:
            faults.append(f"{'the asking play' if code is None else f'code {code}'} has {n} files, one is needed")
    for name, play in plays.items():
        wanted = f"{play.code}_{play.id}.yaml" if play.code else f"{ASK}.yaml"
        if name != wanted or (play.code is None and play.id != ASK):
            faults.append(f"{name}: the play '{play.id}' of code {play.code} belongs in {wanted}")
        faults += [f"{name}: branches.{i}.go_to: there is no play for code '{b.go_to}'"
                   for i, b in enumerate(play.branches) if b.go_to not in LEAF_CODES]  # fmt: skip
        faults += [f"{name}: branches.{i}.go_to: a play cannot branch to itself"
                   for i, b in enumerate(play.branches) if b.go_to == play.code]  # fmt: skip
        if play.then is not None and play.then not in LEAF_CODES:
            faults.append(f"{name}: then: there is no play for code '{play.then}'")
    return faults or _endless(plays)


def _endless(plays: dict[str, Play]) -> list[str]:
    """Chains of `then` that come back to a play they have passed."""
    following = {play.code: play.then for play in plays.values()}
    faults = []
    for name, play in plays.items():
        passed = [play.code]
        while (code := following[passed[-1]]) is not None:
            if code in passed:
                faults.append(f"{name}: then: the chain {' -> '.join(map(str, [*passed, code]))} has no exit")
                break
            passed.append(code)
    return faults
