"""Docs that are made from the code are current, and the run book has a row for everything that can go wrong."""

import re
from pathlib import Path

import pytest

from data_contracts import load_contract, table_names
from winback.contracts.reference import data_in_markdown, example_csv, input_examples
from winback.contracts.row_rules import rule_meanings
from winback.load.receive import row_rules
from winback.publication.output_bands import BANDS
from winback.publication.output_rules import output_rules

ROOT = Path(__file__).parents[1]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def rows_of(heading: str) -> set[str]:
    """First cells of the table under a heading of the run book."""
    section = OPERATIONS.partition(f"### {heading}\n")[2].partition("\n#")[0]
    cells = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)[1:]
    return {name.strip(" `") for cell in cells for name in cell.split(",")}


def test_the_guide_to_delivering_data_is_current() -> None:
    assert (ROOT / "docs" / "data_in.md").read_text(encoding="utf-8") == data_in_markdown(), "run: make docs"


def test_every_input_has_an_example_with_every_column() -> None:
    assert set(input_examples()) == set(table_names("input"))
    for table, entry in input_examples().items():
        contract = load_contract(table)
        assert entry["example"] and entry["without"].strip(), table
        for row in entry["example"]:
            assert tuple(row) == contract.columns, table
            assert all(isinstance(value, str) for value in row.values()), table
        lines = example_csv(contract).splitlines()
        assert lines[0] == ",".join(contract.columns) and len(lines) == len(entry["example"]) + 1


def test_every_rule_that_holds_rows_back_is_explained() -> None:
    types = {name: "VARCHAR" for table in table_names("input") for name in load_contract(table).columns}
    rules = {rule.name for table in table_names("input") for rule in row_rules(load_contract(table), types)}
    source = (ROOT / "winback" / "load" / "receive.py").read_text(encoding="utf-8")
    rules |= set(re.findall(r'RowRule\(\s*"(\w+)"', source))
    assert rules - rule_meanings().keys() == set()


def test_every_problem_of_the_feed_gate_has_its_row() -> None:
    source = (ROOT / "winback" / "publication" / "feed_gate.py").read_text(encoding="utf-8")
    names = set(re.findall(r'FeedProblem\(\s*"(\w+)"', source))
    assert len(names) >= 7 and rows_of("The feed gate, problem by problem") == names


def test_every_rule_of_the_output_gate_has_its_row_and_every_band_says_what_to_look_at() -> None:
    source = (ROOT / "winback" / "publication" / "output_rules.py").read_text(encoding="utf-8")
    names = {rule.name for rule in output_rules()} | set(re.findall(r'Breach\(\s*"(\w+)"', source))
    assert rows_of("The output gate, rule by rule") == names
    assert all(band.advice.strip() for band in BANDS)


def test_every_check_has_its_row() -> None:
    definitions = (ROOT / "tests" / "pipelines" / "definitions.txt").read_text(encoding="utf-8")
    checks = set(re.findall(r"^check \S+: (\w+)$", definitions, re.MULTILINE))
    assert checks and checks - rows_of("Checks in the web page") == set()


def test_every_line_of_the_doctor_has_its_row_and_the_other_way_round() -> None:
    sources = [*(ROOT / "assets").glob("doctor*.py"), ROOT / "pipelines" / "cli" / "doctor.py"]
    subjects = {s for path in sources for s in re.findall(r'Finding\(\s*"([^"]+)"', path.read_text(encoding="utf-8"))}
    assert rows_of("What `winback doctor` says") == subjects


FAULTS = {
    "assets/storage_faults.py": r'f"(the [^({]+) \(\{',
    "assets/inbox.py": r"(this machine\'s clock says|is still being written by another program)",
    "assets/publish.py": r"(would now come out differently)",
    "assets/workspace.py": r"(in use by)",
}


@pytest.mark.parametrize("path", FAULTS)
def test_every_fault_that_stops_a_run_has_its_row(path: str) -> None:
    source = re.sub(r'"\s*\n\s*f?"', "", (ROOT / path).read_text(encoding="utf-8"))
    causes = set(re.findall(FAULTS[path], source))
    section = OPERATIONS.partition("## When something fails")[2].partition("\n#")[0]
    assert (
        causes
        and [cause for cause in causes if cause.replace("the warehouse is", "the warehouse … is") not in section] == []
    )
