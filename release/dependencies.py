"""What a release brings with it: the packages it runs on, and whether their licences let us.

Belongs here: the runtime packages of this environment with their versions and licences, and cutting a bill of materials down to
them. Does not belong here: making the bill or asking for known vulnerabilities (`make sbom`, `make audit`, docs/releasing.md).

`python release/dependencies.py requirements|licences` prints, `... sbom FILE` rewrites the CycloneDX file in place.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT_PACKAGE = "winback"
ALLOWED = (
    r"mit(-0|-cmu)?( license)?", r"(0|2-clause |3-clause |new |modified )?bsd([ -].*)?", r"apache([ -].*)?", r"isc.*", r"zlib",
    r"psf-2\.0", r"python software foundation license", r"mpl-2\.0", r"mozilla public license 2\.0.*", r"cc0-1\.0",
)  # fmt: skip
"""Licences under which a package may be used and passed on with this one, as lower-case patterns of the whole name."""


def runtime_packages() -> dict[str, Distribution]:
    """The installed packages that winback needs to run, without extras, by canonical name; winback itself is not among them."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(ROOT_PACKAGE)]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found[name] = distribution(wanted.name)
        waiting += [r for r in map(Requirement, found[name].requires or []) if _applies(r, extras)]
    del found[ROOT_PACKAGE]
    return dict(sorted(found.items()))


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def licences_of(package: Distribution) -> list[str]:
    """What a package says of its licence: its expression, else its classifiers, else its licence in a line."""
    metadata = package.metadata
    if metadata.get("License-Expression"):
        return [metadata["License-Expression"]]
    classified = [c.rpartition(" :: ")[2] for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    return classified or (metadata.get("License") or "").strip().splitlines()[:1]


def is_allowed(licences: list[str]) -> bool:
    """Whether a package under these may be used: of an expression every part joined by AND, of alternatives one."""
    return any(all(_is_one_allowed(part) for part in re.split(r"\bAND\b", licence)) for licence in licences)


def _is_one_allowed(part: str) -> bool:
    choices = (choice.strip(" ()").lower() for choice in re.split(r"\bOR\b", part))
    return any(re.fullmatch(pattern, choice) for choice in choices for pattern in ALLOWED)


def trimmed(bill: dict[str, object], names: set[str]) -> dict[str, object]:
    """A CycloneDX bill with only the components called `names`, and what depends on what among them."""
    components = [c for c in bill["components"] if canonicalize_name(c["name"]) in names]  # type: ignore[attr-defined]
    root = bill["metadata"]["component"]["bom-ref"]  # type: ignore[index]
    known = {c["bom-ref"] for c in components} | {root}
    depends = [
        d | {"dependsOn": [ref for ref in d.get("dependsOn", []) if ref in known]}
        for d in bill["dependencies"]  # type: ignore[attr-defined]
        if d["ref"] in known
    ]
    return bill | {"components": components, "dependencies": depends}


def main(arguments: list[str]) -> int:
    """Run one of the commands named above; 1 where a licence is not allowed."""
    packages = runtime_packages()
    if arguments == ["requirements"]:
        print("\n".join(f"{name}=={package.version}" for name, package in packages.items()))
        return 0
    if arguments == ["licences"]:
        refused = {n: licences_of(p) for n, p in packages.items() if not is_allowed(licences_of(p))}
        for name, licences in refused.items():
            print(
                f"{name}: {' | '.join(licences) or 'says nothing of its licence'} is not among the licences we may pass on"
            )
        print(f"{len(packages)} runtime packages, {len(packages) - len(refused)} with a licence that is allowed")
        return 1 if refused else 0
    if len(arguments) == 2 and arguments[0] == "sbom":
        path = Path(arguments[1])
        bill = trimmed(json.loads(path.read_text(encoding="utf-8")), set(packages))
        path.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{path}: {len(bill['components'])} components")  # type: ignore[arg-type]
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
