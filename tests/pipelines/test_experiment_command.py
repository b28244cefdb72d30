"""`winback experiment`: the file's arithmetic, the verdict in words, and one clear sentence for wrong input."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app
from winback.errors import UsageError
from winback.uplift.verdict import NO_DIFFERENCE

ASKED = ("--arm", "arm", "--control", "none", "--outcome", "spent")


def _table(n_rows: int = 240, seed: int = 1) -> pl.DataFrame:
    lot = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "customer": [f"C{i:05d}" for i in lot.permutation(n_rows)],
            "arm": np.array(["none", "call", "letter, second class"])[np.arange(n_rows) % 3],
            "spent": np.round(lot.gamma(2.0, 20.0, n_rows), 2),
            "visited": lot.integers(0, 2, n_rows),
            "age": lot.integers(18, 80, n_rows),
            "kind": lot.choice(["shop", "office", "inn"], n_rows),
            "shop": np.arange(n_rows) // 3,
            "note": ["some text"] * n_rows,
            "empty": [None] * n_rows,
        },
        schema_overrides={"empty": pl.String},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("experiment")
    table = _table()
    table.write_csv(made / "test.csv")
    table.write_parquet(made / "test.parquet")
    table.head(3).write_csv(made / "three.csv")
    table.with_columns(spent=pl.when(arm="call").then(None).otherwise("spent")).write_csv(made / "one_empty.csv")
    table.with_columns(spent=pl.lit(None, pl.Float64)).write_csv(made / "no_outcome.csv")
    table.with_columns(spent=pl.lit(7)).write_csv(made / "constant.csv")
    (made / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    (made / "picture.csv").write_bytes(bytes(range(256)) * 20)
    (made / "header_only.csv").write_text("arm,spent\n")
    return made


def _run(folder: Path, *arguments: str) -> dict:
    result = CliRunner().invoke(app, ["experiment", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.csv", *ASKED), "no file"),
        (("broken.parquet", *ASKED), "cannot be read"),
        (("picture.csv", *ASKED), "cannot be read"),
        (("header_only.csv", *ASKED), "holds no rows"),
        (("test.csv", "--arm", "arms", *ASKED[2:]), "no column 'arms'. Did you mean 'arm'?"),
        (("test.csv", *ASKED[:4], "--outcome", "spend"), "Did you mean 'spent'?"),
        (
            ("test.csv", *ASKED[:2], "--control", "nobody", *ASKED[4:]),
            "has no arm 'nobody'. It has: 'call', 'letter, second",
        ),
        (("test.csv", "--arm", "customer", *ASKED[2:]), "240 different values"),
        (("one_empty.csv", *ASKED), "No row of the arm 'call' has a value"),
        (("test.csv", *ASKED[:4], "--outcome", "kind"), "'kind' is not numeric: 240 of its values are none, such as"),
        (("no_outcome.csv", *ASKED), "is empty in all 240 rows"),
        (("constant.csv", *ASKED), "is 7 in every usable row"),
        (("test.csv", *ASKED, "--features", "age,empty"), "'empty' is empty in every usable row"),
        (("test.csv", *ASKED, "--features", "agee"), "Did you mean 'age'?"),
        (("test.csv", *ASKED, "--exclude", "nothing"), "no column that can be a feature 'nothing'"),
        (("test.csv", *ASKED, "--exclude", "age", "--features", "kind"), "not both"),
        (("three.csv", *ASKED), "Too few rows: 3 usable in all"),
        (("test.csv", *ASKED, "--cost", "phone=2"), "cost for 'phone', which is no arm"),
        (("test.csv", *ASKED, "--cost", "call"), "is not written name=number"),
        (("test.csv", *ASKED, "--shares", "none=0.5,call=0.5"), "give nothing to 'letter, second class'"),
        (("test.csv", *ASKED, "--cluster", "shops"), "Did you mean 'shop'?"),
    ],
)
def test_wrong_input_is_one_clear_sentence(arguments, message, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError) as refused:
        CliRunner().invoke(app, ["experiment", *arguments], catch_exceptions=False)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_shell_sees_exit_code_2_and_no_traceback(folder: Path) -> None:
    code = "from pipelines.cli.app import main; main()"
    command = [sys.executable, "-c", code, "experiment", "three.csv", *ASKED]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, check=False)
    assert result.returncode == 2
    assert "Too few rows" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


@pytest.mark.slow
def test_effects_are_the_arithmetic_of_the_file(folder: Path) -> None:
    found = _run(folder, str(folder / "test.csv"), *ASKED, "--cost", "call=2.5", "--exclude", "visited,shop")
    means = dict(pl.read_csv(folder / "test.csv").group_by("arm").agg(pl.col("spent").mean()).iter_rows())
    assert [one["arm"] for one in found["arms"]] == ["none", "call", "letter, second class"]
    for one in found["arms"]:
        assert one["mean"] == pytest.approx(means[one["arm"]], abs=1e-8)
        if not one["is_control"]:
            assert one["effect"] == pytest.approx(means[one["arm"]] - means["none"], abs=2e-8)
    against = {one["arm"]: one["value_for_all"] for one in found["policy"]["against"]}
    assert against["call"] == pytest.approx(means["call"] - 2.5, abs=1e-8)
    assert found["features"] == ["age", "kind"]
    assert NO_DIFFERENCE in found["verdict"]["sentences"]
    assert len(found["folds"]["seeds"]) >= 5
    assert "sklift.metrics.qini_auc_score" in found["qini_definition"]
    assert [one["share"] for one in found["ranking"][0]["uplift_at"]] == [0.1, 0.3, 0.5]


@pytest.mark.slow
def test_parquet_and_csv_say_the_same(folder: Path) -> None:
    asked = (*ASKED[:4], "--outcome", "visited", "--features", "age,kind")
    texts = [_run(folder, str(folder / f"test.{kind}"), *asked) | {"file": ""} for kind in ("csv", "parquet")]
    assert texts[0] == texts[1]
    assert texts[0]["outcome_kind"] == "binary"


@pytest.mark.slow
def test_people_read_the_verdict_first(folder: Path) -> None:
    shown = CliRunner().invoke(
        app, ["experiment", str(folder / "test.csv"), *ASKED, "--cluster", "shop"], catch_exceptions=False
    )
    assert shown.exit_code == 0
    assert shown.stdout.startswith(NO_DIFFERENCE)
    assert "qini_auc_score" in shown.stdout
    assert "Note: 'customer' is left out: nearly every value is different, as in an id." in " ".join(shown.stdout.split())
