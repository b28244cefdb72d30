"""Features read in parts of accounts are the features read at once."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from winback.survival import snapshots
from winback.survival.snapshots import KEY, parts_with_features, with_features

MONDAY = date(2026, 3, 2)


def test_parts_are_the_whole_in_its_order(empty_tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five accounts in parts of two, of which one has no features: 2 + 2 + 1."""
    monkeypatch.setattr(snapshots, "ROWS_AT_ONCE", 2)
    names = ["e", "a", "d", "b", "c"]
    for number, account_id in enumerate(names[1:]):
        empty_tables.execute(
            "INSERT INTO feat_categories (account_id, as_of_on, n_categories) VALUES (?, ?, ?)", [account_id, MONDAY, number]
        )
    rows = pl.DataFrame({"account_id": names, "as_of_on": [MONDAY] * 5})
    parts = list(parts_with_features(empty_tables, rows))
    assert [part["account_id"].to_list() for part in parts] == [["a", "b"], ["c", "d"], ["e"]]
    assert_frame_equal(pl.concat(parts), with_features(empty_tables, rows))


def test_no_rows_are_one_empty_part_with_all_columns(empty_tables) -> None:
    none = pl.DataFrame(schema={KEY[0]: pl.String, KEY[1]: pl.Date})
    (part,) = parts_with_features(empty_tables, none)
    assert part.is_empty() and part.columns == with_features(empty_tables, none).columns


def test_only_the_features_asked_for_are_read(empty_tables) -> None:
    """Those that the rows have already, and tables with none of them, add no column."""
    rows = pl.DataFrame({"account_id": ["a"], "tenure_days": [7]})
    found = with_features(empty_tables, rows, only={"n_categories", "tenure_days"})
    assert found.columns == ["account_id", "tenure_days", "n_categories"] and found["tenure_days"].to_list() == [7]
