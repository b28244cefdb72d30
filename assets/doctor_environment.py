"""What a look at the machine and the installed release finds, whether there is a workspace or not.

Belongs here: Python, packages, time zones, contracts. Does not belong here: anything of a workspace (`assets.doctor`).
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement

from assets.finding import Finding
from data_contracts import load_contract, table_names

_A_ZONE = "Asia/Shanghai"


def examine_environment() -> list[Finding]:
    """Every finding about the machine and the installed release."""
    return [*_python(), *_packages(), *_zones(), *_contracts()]


def _python() -> Iterator[Finding]:
    seen = ".".join(map(str, sys.version_info[:3]))
    is_enough = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if is_enough else "fail", seen, "" if is_enough else "use Python 3.11 or newer")


def _packages() -> Iterator[Finding]:
    try:
        release, needed = importlib.metadata.version("winback"), importlib.metadata.requires("winback") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("Packages", "fail", "winback is not installed in this environment", "make it anew: make env")
        return
    wrong = []
    for requirement in map(Requirement, needed):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version}, needed is {requirement.specifier}")
    seen = "; ".join(wrong) or f"winback {release}, all packages in their ranges"
    yield Finding("Packages", "fail" if wrong else "ok", seen, "make the environment anew: make env" if wrong else "")


def _zones() -> Iterator[Finding]:
    try:
        ZoneInfo(_A_ZONE)
    except (ZoneInfoNotFoundError, OSError):
        yield Finding("Time zone", "fail", "this machine knows no time zones", "install the package tzdata: make env")


def _contracts() -> Iterator[Finding]:
    try:
        n_tables = len([load_contract(name) for name in table_names()])
    except Exception as error:  # whatever is wrong with a file that came with the release, the answer is the same
        yield Finding("Contracts", "fail", f"one cannot be read: {error}", "install the release again: make env")
    else:
        yield Finding("Contracts", "ok", f"{n_tables} tables")
