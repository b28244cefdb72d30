"""CDNOW as the `lifetimes` wheel ships it."""

import importlib.util
from pathlib import Path

import pytest

from winback.errors import UsageError
from winback.importers.cdnow import N_CUSTOMERS, N_PURCHASES, read_cdnow


def _shipped_text() -> str:
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations
    return (Path(next(iter(spec.submodule_search_locations))) / "datasets" / "CDNOW_master.txt").read_text(encoding="utf-8")


def test_whole_log() -> None:
    log = read_cdnow(_shipped_text())
    accounts, spend = log.tables["accounts"], log.tables["spend"]
    assert accounts.height == accounts["account_id"].n_unique() == N_CUSTOMERS == 23_570
    assert spend.height == spend["spend_line_id"].n_unique() == N_PURCHASES == 69_659
    assert spend.height - spend.drop("spend_line_id").n_unique() == 255
    assert log.n_source_rows == log.n_accounted == 69_659


def test_other_text_is_refused() -> None:
    with pytest.raises(UsageError, match="not the CDNOW log"):
        read_cdnow("1 19970101 2\n")
