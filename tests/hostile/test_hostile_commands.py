"""Hostile arguments, files and terminals: one message, exit code 2, no traceback, and nothing that steers a terminal."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_cells import texts
from rich.console import Console

from assets.metadata import markdown_table
from assets.workspace import Workspace
from assets.workspace_files import create_workspace
from pipelines.cli import app, console, serving
from winback.config import Settings

ARGUMENTS = [t for t in texts(300) if t.strip() and "\0" not in t]
FEW = [
    "../../etc/passwd", "'; DROP TABLE raw_accounts; --", "<script>x</script>", "=1+1", "\x1b[2J\x1b[31m", "\u202eevil", "[/]",
    "\\[/]", "{0}", "%s", "🇨🇳", "x\udcff", "A" * 5_000, "\n", ":skull:",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return create_workspace(tmp_path_factory.mktemp("hostile") / "ws", Settings())


def is_no_number(value: str) -> bool:
    """Whether an option that takes a number must refuse the value."""
    try:
        int(value)
    except ValueError:
        return True
    return False


class Shell:
    """Runs the command line in this process and keeps what a user's terminal would get."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        self._monkeypatch.setattr(sys, "argv", ["winback", *arguments])
        self._capsys.readouterr()
        try:
            app.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err

    def refuses(self, *arguments: str) -> None:
        code, shown = self(*arguments)
        assert code == 2, (arguments, shown)
        assert "Traceback" not in shown and "internal error" not in shown, shown
        assert_harmless(shown)


def assert_harmless(shown: str) -> None:
    """No control but line ends, nothing that turns the direction of text."""
    assert not [
        c for c in shown if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e\u2066")
    ]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--workspace", "WS", "--week={}"),
        ("run", "--workspace", "WS", "--wait={}"),
        ("publish", "--workspace", "WS", "--reason=x", "--to={}"),
        ("quarantine", "--workspace", "WS", "--file={}"),
        ("quarantine", "--workspace", "WS", "--limit={}"),
        ("status", "--workspace={}"),
        ("experiment", "--arm=a", "--control=b", "--outcome=c", "--", "{}"),
        ("label", "--", "{}"),
        ("import", "csv", "--map={}", "--", "WS"),
        ("init", "--currency={}", "--", "WS"),
        ("no-{}",),
    ],
    ids=lambda c: " ".join(c[:2]),
)
def test_hostile_arguments_are_refused_in_one_message(shell: Shell, place: Workspace, command: tuple[str, ...]) -> None:
    for value in filter(is_no_number, [*ARGUMENTS[::23], *FEW]):
        shell.refuses(*(part.replace("WS", str(place.root)).replace("{}", value) for part in command))
    assert sorted(p.name for p in place.root.parent.iterdir()) == ["ws"]


@pytest.mark.parametrize(
    "command", [("account", "--"), ("erase", "--dry-run", "--account"), ("erase", "--dry-run", "--person")], ids=str
)
def test_hostile_ids_are_looked_up_and_not_found(shell: Shell, place: Workspace, command: tuple[str, ...]) -> None:
    for value in FEW:
        name, *options = command
        arguments = [name, "--workspace", str(place.root), *options]
        shell.refuses(*([*arguments[:-1], f"{options[-1]}={value}"] if options != ["--"] else [*arguments, value]))


@pytest.mark.parametrize("week", ["0001-01-01", "9999-12-27", "1600-01-03"])
def test_weeks_at_the_ends_of_the_calendar(shell: Shell, place: Workspace, week: str) -> None:
    code, shown = shell("publish", "--workspace", str(place.root), "--reason=x", f"--to={week}")
    assert code == 2 and "Traceback" not in shown and "internal error" not in shown, shown


# ---- files given to commands -----------------------------------------------------------------------------------------


def test_an_experiment_with_hostile_headers_and_cells(shell: Shell, tmp_path: Path) -> None:
    """Every text of the catalogue as the name of a column, of an arm, and as a cell."""
    names = [t for t in dict.fromkeys(t.strip() for t in texts(200)) if t and not set('\0\r\n"') & set(t)]
    header = ",".join(["arm", "y", *(f'"{n}"' for n in names[:60])])
    lines = [f'"{names[70 + n % 2]}",{n % 3},' + ",".join(f'"{names[(n + k) % 90]}"' for k in range(60)) for n in range(200)]
    file = tmp_path / "test.csv"
    file.write_text("\n".join([header, *lines]), encoding="utf-8")
    code, shown = shell(
        "experiment", str(file), "--arm=arm", f"--control={names[70]}", "--outcome=y", "--features=nothing\x1b[2J"
    )
    assert code == 2 and "Traceback" not in shown and "internal error" not in shown, shown
    assert_harmless(shown)


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 100, b"PAR1", b"a,a\n1,2\n", b'"a\n', b"\xff\xfea", b"a" * 2_000_000, b"arm,y\n"]
)
def test_files_that_are_no_experiment(shell: Shell, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "test.csv").write_bytes(data)
    shell.refuses("experiment", str(tmp_path / "test.csv"), "--arm=arm", "--control=a", "--outcome=y")


MAPS = [
    "", "x", "[", 'name = "../../evil"', 'name = "a"\ntables = 5', "name = 1", "\0", "a" * 100_000, "a = " + "[" * 3_000,
    'name = "a"\n[[tables]]\ntable = "accounts"\nfile = "/etc/passwd"\n[tables.columns]\naccount_id = "x"',
    'name = "a"\n[[tables]]\ntable = "raw_accounts\\"; DROP TABLE x"\nfile = "x"',
    'name = "a"\n[[tables]]\ntable = "accounts"\nfile = "**/../*\\u0000"\n[tables.columns]\naccount_id = "x"',
    'name = "a"\n[[tables]]\ntable = "accounts"\nfile = "log.csv"\nencoding = "rot13"\n[tables.columns]\naccount_id = "id"',
    'name = "a"\n[[tables]]\ntable = "accounts"\nfile = "log.csv"\ndelimiter = "\\n"\n[tables.columns]\naccount_id = "id"',
    'name = "a"\n[[tables]]\ntable = "spend"\nfile = "log.csv"\ndate_format = "%Q%9999d"\n[tables.columns]\naccount_id = "nothing"',
]  # fmt: skip


@pytest.mark.parametrize("text", MAPS, ids=range(len(MAPS)))
def test_hostile_mapping_files(shell: Shell, tmp_path: Path, text: str) -> None:
    (tmp_path / "log.csv").write_text("id,name\nA1,x\n")
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    shell.refuses("import", "csv", "--map", str(tmp_path / "map.toml"), str(tmp_path / "ws"))
    assert not (tmp_path / "ws").exists() and {p.name for p in tmp_path.iterdir()} == {"log.csv", "map.toml"}


def test_a_mapped_log_with_hostile_headers_and_cells(shell: Shell, tmp_path: Path) -> None:
    names = [t for t in dict.fromkeys(t.strip() for t in texts(200)) if t and not set("\0\r\n") & set(t)]
    quoted = ['"' + n.replace('"', '""') + '"' for n in names]
    lines = [f"A{n},{cell}," + ",".join('""' for _ in names[:50]) for n, cell in enumerate(quoted)]
    (tmp_path / "log.csv").write_text(
        "\n".join(["id,name," + ",".join(f'"h{n}{c[1:]}' for n, c in enumerate(quoted[:50])), *lines])
    )
    columns = '[tables.columns]\naccount_id = "id"\naccount_name = "name"\n'
    block = '[[tables]]\ntable = "accounts"\nfile = "log.csv"\ndelimiter = ","\n'
    (tmp_path / "map.toml").write_text(f'name = "log"\n{block}{columns}')
    code, shown = shell("import", "csv", "--dry-run", "--map", str(tmp_path / "map.toml"), str(tmp_path / "ws"))
    assert code == 0, shown
    assert_harmless(shown)
    code, shown = shell("import", "csv", "--map", str(tmp_path / "map.toml"), str(tmp_path / "ws"))
    assert code == 0 and len(list((tmp_path / "ws" / "inbox").glob("accounts_log.csv"))) == 1


# ---- terminals and pages of the data team ----------------------------------------------------------------------------


def test_plain_text_steers_no_terminal_and_is_no_markup() -> None:
    for text in [*texts(5_000), *FEW]:
        stream = io.StringIO()
        shown = Console(
            file=stream, width=100_000, force_terminal=True, color_system="truecolor", emoji=False, highlight=False
        )
        drawn = console.table("t", "c")
        drawn.add_row(console.plain(text))
        shown.print(drawn)
        shown.print(f"[bold]{console.plain(text)}[/] end")
        cleaned = stream.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[1;31m", "")
        cleaned = cleaned.replace("\x1b[3m", "")
        assert_harmless(cleaned)
        assert cleaned.count("end") >= 1


def test_json_on_a_terminal_reads_back_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    values = [*texts(5_000), "\U0001fffe", "\x9b"]
    console.print_json({"values": values, "x\x9b": 1})
    shown = capsys.readouterr().out
    assert json.loads(shown)["values"] == values
    assert_harmless(shown)


def test_markdown_cells_are_shown_as_they_are() -> None:
    """Through the Markdown that Dagster's pages speak: one table, cells without links, pictures or tags."""
    import polars as pl
    from markdown_it import MarkdownIt

    values = texts(300)
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown_table(pl.DataFrame({"cell": values})))
    cells = [child for token in parsed if token.type == "inline" for child in token.children or []]
    assert {c.type for c in cells} <= {"text", "text_special"}
    assert sum(token.type == "tr_open" for token in parsed) == len(values) + 1


def test_the_ui_listens_here_only_and_says_so_otherwise(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dagster's web server gets the address as an argument of its own, whatever is in it."""
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(serving, "_become", lambda place, *arguments: started.append(arguments))
    for host in ("127.0.0.1", "0.0.0.0", "192.168.1.4", "::", "; id"):
        serving.ui(place.root, 3000, host)
        warned = "no log-in" in capsys.readouterr().err
        assert warned == (host != "127.0.0.1") and started[-1][started[-1].index("-h") + 1] == host
    serving.ui(place.root)
    assert started[-1][started[-1].index("-h") + 1] == "127.0.0.1"


# ---- modes -----------------------------------------------------------------------------------------------------------


def test_a_workspace_is_its_owners_alone(tmp_path: Path) -> None:
    """Made by the command line under the laxest mask a shell can have."""
    source = "import os; os.umask(0); from pipelines.cli.app import main; main()"
    for arguments in (["init", str(tmp_path / "ws")], ["daily", "-w", str(tmp_path / "ws")]):
        done = subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True, timeout=300, check=False)
        assert done.returncode in (0, 1, 2), done.stderr
    assert open_modes(tmp_path / "ws") == []


def open_modes(root: Path) -> list[str]:
    """Files and folders that others than the owner may enter, read or write."""
    paths = [root, *root.rglob("*")]
    return [
        f"{p.relative_to(root)} {stat.filemode(p.lstat().st_mode)}"
        for p in paths
        if not p.is_symlink() and p.stat().st_mode & 0o077
    ]
