"""What a release brings with it: licences that are allowed, and the bill of materials cut down to what runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "release"))

from dependencies import is_allowed, licences_of, runtime_packages, trimmed  # noqa: E402  # it lies beside the packages


def test_every_package_that_runs_has_a_licence_that_is_allowed() -> None:
    packages = runtime_packages()
    assert {"dagster", "duckdb", "polars", "xgboost-cpu"} <= packages.keys() and "winback" not in packages
    assert {"pytest", "mypy", "lifetimes"} & packages.keys() == set()
    assert {name: licences_of(p) for name, p in packages.items() if not is_allowed(licences_of(p))} == {}


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        (["MIT"], True), (["BSD-3-Clause AND 0BSD AND Zlib"], True), (["Apache-2.0 OR GPL-3.0-only"], True),
        (["BSD 3-Clause License"], True), (["MPL-2.0 AND MIT"], True), (["MIT AND GPL-3.0-only"], False),
        (["GNU General Public License v3 (GPLv3)"], False), (["LicenseRef-Proprietary"], False), ([], False),
    ],
)  # fmt: skip
def test_licences_are_judged_by_their_parts(licences: list[str], expected: bool) -> None:
    assert is_allowed(licences) is expected


def test_a_bill_of_materials_keeps_what_runs() -> None:
    parts = [{"name": name, "bom-ref": name} for name in ("duckdb", "pytest")]
    depends = [{"ref": "root", "dependsOn": ["duckdb", "pytest"]}, {"ref": "pytest"}, {"ref": "duckdb"}]
    bill = {"metadata": {"component": {"bom-ref": "root"}}, "components": parts, "dependencies": depends}
    assert trimmed(bill, {"duckdb"}) == bill | {
        "components": parts[:1],
        "dependencies": [{"ref": "root", "dependsOn": ["duckdb"]}, {"ref": "duckdb", "dependsOn": []}],
    }


def test_an_unknown_command_says_what_there_is() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "release" / "dependencies.py"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2 and "requirements|licences" in told.stdout


def test_data_files_of_every_package_are_in_the_wheel() -> None:
    """The patterns under package-data cover every file that is no module."""
    import tomllib

    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ("winback", "assets", "pipelines", "sql", "data_contracts"):
        files = [
            p for p in (ROOT / package).rglob("*") if p.is_file() and p.suffix != ".py" and "__pycache__" not in p.parts
        ]
        covered = {f for pattern in patterns.get(package, []) for f in (ROOT / package).glob(pattern)}
        assert [str(f.relative_to(ROOT)) for f in files if f not in covered] == []
