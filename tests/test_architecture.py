"""The architecture as a test: charters, banned names, no stray SQL values, no pickle."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("winback", "assets", "pipelines", "sql", "data_contracts")
MODULES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
BANNED = {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_has_a_charter(path: Path) -> None:
    docstring = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())
    assert "Belongs here" in docstring, "say what belongs here"
    assert "oes not belong here" in docstring, "say what does not belong here"


def test_no_module_is_a_rag_bag() -> None:
    assert [p for p in MODULES if p.stem in BANNED or p.parent.name in BANNED] == []


def _is_of_warehouse(attribute: ast.Attribute) -> bool:
    """`warehouse.today` is the day a run was told."""
    return isinstance(attribute.value, ast.Name) and attribute.value.id == "warehouse"


def test_nothing_is_pickled_and_only_the_clock_tells_the_time() -> None:
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert imported.isdisjoint({"pickle", "joblib", "dill"}), path
        told = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and not _is_of_warehouse(n)}
        clocks = told & {"now", "today", "utcnow"}
        if path.relative_to(ROOT).as_posix() not in (
            "pipelines/clock.py",
            "assets/workspace.py",
        ):
            assert clocks == set(), f"{path} reads the clock"
