"""`winback label` and `winback evaluate reasons`, as a shell sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = ["id", "code", "confidence", "abstained", "evidence", "start", "end", "secondary", "language"]

NOTES = [
    {
        "id": "n1",
        "text": "Three months, 9,000 spent, two phone calls and both were people selling us something. Not a single order.",
    },
    {"id": "n2", "text": "原来的负责人离职了，新来的经理说不清楚以前谁在管这个账户。", "date": "2026-01-05"},
    {"id": 3, "text": ""},
    {"id": "n4", "text": "ไม่สนใจแล้วครับ ขอบคุณ"},
    {"id": "n5", "text": "\x00\x07😀" * 50},
]


def winback(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipelines.cli.app import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


@pytest.mark.slow
def test_notes_get_a_code_each_with_words_that_are_theirs(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text(
        "\n".join(json.dumps(n, ensure_ascii=False) for n in NOTES) + "\n\n", encoding="utf-8"
    )
    done = winback("label", "notes.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    labels = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(found) for found in labels] == [KEYS] * len(NOTES)
    assert [found["id"] for found in labels] == ["n1", "n2", "3", "n4", "n5"]
    for note, found in zip(NOTES, labels, strict=True):
        assert note["text"][found["start"] : found["end"]] == found["evidence"]
        assert 0 <= found["confidence"] <= 1
    assert (labels[0]["code"], labels[1]["code"]) == ("1a", "2a")
    assert all(found["abstained"] for found in labels[2:])
    assert winback("label", "notes.jsonl", "--out", "labels.jsonl", cwd=tmp_path).returncode == 0
    assert (tmp_path / "labels.jsonl").read_text(encoding="utf-8") == done.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": 1}\n', "1 of 1 lines"),
        (b'{"id": 1, "text": 5}\nnot json\n', "2 of 2 lines"),
        (b'{"id": "x", "text": "\xff"}\n', "is not UTF-8"),
    ],
)
def test_a_file_of_no_notes_is_one_clear_message(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_bytes(content)
    done = winback("label", "notes.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_stored_figures_hold_the_floors(tmp_path: Path) -> None:
    report = json.loads(winback("evaluate", "reasons", "--json", cwd=tmp_path).stdout)["base"]
    assert report["by_domain_half"]["search_ads"]["macro_f1"] >= 0.80
    assert report["by_domain_half"]["other"]["macro_f1"] >= 0.64
    assert report["overall"]["precision"] >= 0.92
    assert report["overall"]["coverage"] >= 0.60
    assert report["calibration_error"] <= 0.05
