"""What the README and the docs tell people to type is there, and the README's commands do what it says."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.clock import today_in
from tests.conftest import accounts_csv, spend_csv
from winback.config import Settings, parse_settings
from winback.weeks import monday_of

ROOT = Path(__file__).parents[1]
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
GENERATED = {"tables.md"}
COMMANDS = typer.main.get_command(app)
_FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SHELL = ("winback", "make", "cp", "source", "cd", "python", "python3.11")

NOT_RUN = {
    "winback ui": "serves until it is stopped",
    "winback daemon": "serves until it is stopped",
    "winback import online-retail": "needs a file that cannot be shipped",
    "winback evaluate returns": "minutes; tests/evaluation runs it",
    "winback evaluate propensity": "needs weeks of write-backs; tests/propensity runs it",
    "winback evaluate reasons": "minutes; tests/reasons runs it",
    "winback rebuild": "computes a week again; tests/pipelines runs it",
    "make run": "makes the environment this test runs in",
    "make test": "is what runs this test",
    "source .venv/bin/activate": "the environment is there",
}
"""Commands of the README that the test does not run, and why."""

SMALLER = {"--accounts 2000 --weeks 60 --seed 7 --report": "--accounts 30 --weeks 14 --seed 7"}


@dataclass(frozen=True)
class Typed:
    """One line that somebody is told to type."""

    where: str
    words: list[str]

    def __str__(self) -> str:
        return f"{self.where}: {shlex.join(self.words)}"


def blocks(path: Path, *languages: str) -> Iterator[str]:
    for language, text in _FENCE.findall(path.read_text(encoding="utf-8")):
        if language in languages:
            yield text


def typed_lines(path: Path) -> list[Typed]:
    """Lines of the shell blocks, and of blocks without a language that begin with a command of ours."""
    lines = [line for text in blocks(path, "sh", "") for line in text.splitlines()]
    commands = [part.strip() for line in lines for part in re.sub(r"\s#\s.*$", "", line).split("&&")]
    commands = [re.sub(r"^\S*/bin/winback ", "winback ", c) for c in commands]
    return [Typed(path.name, shlex.split(c)) for c in commands if c.split(" ")[0] in _SHELL]


def inline_code(path: Path) -> list[str]:
    return _CODE.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))


def without_redirection(words: list[str]) -> list[str]:
    return words[: words.index(">")] if ">" in words else words


ALL_TYPED = [typed for path in DOCS if path.name not in GENERATED for typed in typed_lines(path)]
OURS = [typed for typed in ALL_TYPED if typed.words[0] == "winback"]


def parse(words: list[str], *, is_whole: bool) -> None:
    """Parse a command line against the real commands, without running it; of half a line only names and options."""
    command, arguments = COMMANDS, without_redirection(words)[1:]
    context = command.make_context("winback", [], resilient_parsing=True)
    while hasattr(command, "get_command") and arguments and not arguments[0].startswith("-"):
        found = command.get_command(context, arguments[0])
        assert found is not None, f"there is no command '{arguments[0]}' in {shlex.join(words)}"
        context = found.make_context(arguments[0], [], parent=context, resilient_parsing=True)
        command, arguments = found, arguments[1:]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help"
    }
    wrong = [a for a in arguments if a.startswith("-") and a.partition("=")[0] not in options]
    assert not wrong, f"no option {wrong} in {shlex.join(words)}"
    if is_whole and "--help" not in arguments:
        command.make_context(str(command.name), list(arguments))


@pytest.mark.parametrize("typed", OURS, ids=str)
def test_every_command_line_parses(typed: Typed) -> None:
    parse(typed.words, is_whole=True)


@pytest.mark.parametrize(
    "line", ["winback rum", "winback run --accounts 3", "winback account", "winback import csv x", "winback run x"]
)
def test_a_wrong_line_would_be_noticed(line: str) -> None:
    with pytest.raises(Exception, match=r"no command|no option|[Mm]issing|unexpected"):
        parse(shlex.split(line), is_whole=True)


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_commands_within_sentences_exist(path: Path) -> None:
    for code in inline_code(path):
        if code.startswith("winback ") and not code.startswith("winback-"):
            parse(shlex.split(code.replace("…", "TEXT")), is_whole=False)


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {t.words[1] for t in ALL_TYPED if t.words[0] == "make"}
    named |= {code.split()[1] for path in DOCS for code in inline_code(path) if re.fullmatch(r"make [a-z-]+( .*)?", code)}
    assert named and named - targets == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_every_file_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link}
    assert [link for link in links if link and not (path.parent / link).exists()] == []
    ours = r"(docs|tests|benchmarks|winback|assets|pipelines|sql|data_contracts|release)/[\w./-]*"
    named = {code for code in inline_code(path) if re.fullmatch(ours, code)}
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_links_within_pages_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([\w./-]*\.md)#([\w-]+)\)", path.read_text(encoding="utf-8")):
        headings = re.findall(r"^#+ (.+)$", (path.parent / target).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}, anchor


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_every_setting_named_exists(path: Path) -> None:
    sections = {name: set(type(section).model_fields) for name, section in Settings()}
    for code in inline_code(path):
        if match := re.fullmatch(r"\[(\w+)\](?: (\w+).*)?", code):
            section, key = match[1], match[2]
            if section == "erased":  # stands in place of what was erased
                continue
            assert section in sections, f"no section [{section}]"
            assert key is None or key in sections[section], f"no setting {key} in [{section}]"
    for text in blocks(path, "toml"):
        parse_settings(text, path.name)


def readme_commands() -> list[str]:
    lines = []
    for typed in typed_lines(ROOT / "README.md"):
        lines.append(shlex.join(typed.words).replace("'>'", ">"))
    return lines


def test_every_command_of_the_readme_is_run_or_says_why_not() -> None:
    lines = readme_commands()
    assert len(lines) > 20
    assert [start for start in NOT_RUN if not any(line.startswith(start) for line in lines)] == []


@pytest.mark.slow
def test_the_readme_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command in its order, on small data of one's own and a small simulated market."""
    monkeypatch.chdir(tmp_path)
    monday = monday_of(today_in(Settings().zone)())
    Path("accounts.csv").write_text(accounts_csv(24), encoding="utf-8")
    Path("spend.csv").write_text(spend_csv(24, 16, 1, end=monday), encoding="utf-8")
    Path("notes.jsonl").write_text(json.dumps({"id": 1, "text": "Too expensive for what it brings."}) + "\n")
    rows = [f"{arm},{n % 3 == 0:d},{n}" for n in range(60) for arm in ("none", "call")]
    Path("invoices_1.csv").write_text(
        "Customer no.;Invoice date;Booked at;Net value;Article;Article group;Qty;Type\n"
        "7;02.03.2026;02.03.2026 10:32;1.234,50;P3;tools;2;Sale\n"
    )
    Path("customers.csv").write_text("Customer no.;Name;Industry;Customer since\n7;Lotus;machinery;11.03.2024\n")
    Path("test.csv").write_text("\n".join(["arm,bought,size", *rows]) + "\n")
    for line in readme_commands():
        if not line.startswith(tuple(NOT_RUN)):
            follow(line, monday)
    week = Path("shop/outbox") / monday.isoformat()
    names = {re.sub(r"^rep_.*?-[0-9a-f]+", "rep", p.name) for p in week.iterdir()}
    assert {"rep.csv", "rep.html", "manager.html", "manager.csv", "not_this_week.csv", "manifest.json"} <= names
    assert Path("shop/published/current/winback.duckdb").is_file() and Path("market/state/notes_to_label.csv").is_file()


def follow(line: str, monday: date) -> None:
    """Run one line of the README as it stands, on smaller data."""
    for large, small in SMALLER.items():
        line = line.replace(large, small)
    line = line.replace("A0042", "A0003").replace("2026-03-02", monday.isoformat())
    words = shlex.split(line)
    if words[0] == "cp":
        for name in words[1:-1]:
            (Path(words[-1]) / name).write_bytes(Path(name).read_bytes())
        return
    told = CliRunner().invoke(app, without_redirection(words)[1:])
    assert told.exit_code == 0, f"{line}: {told.output}\n{told.exception!r}"
    if ">" in words:
        Path(words[-1]).write_text(told.stdout, encoding="utf-8")
