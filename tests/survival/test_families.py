"""Families of return models: published Cox coefficients, the baseline by hand, curves that never fall."""

import numpy as np
import polars as pl
import pytest

from tests.survival.simulated_returns import landmark_rows, true_probs
from winback.survival.design import Design, fit_design
from winback.survival.families import DesignedRows, all_families
from winback.survival.family_cox import breslow_baseline, cox_coefficients

ROSSI = {"fin": -0.379, "age": -0.057, "race": 0.314, "wexp": -0.150, "mar": -0.434, "paro": -0.085, "prio": 0.091}


@pytest.fixture(scope="module")
def rows() -> DesignedRows:
    frame = landmark_rows(1200, seed=2)
    return DesignedRows(frame, fit_design(frame).matrix(frame), (28, 56, 182))


def test_published_cox_coefficients_on_rossi() -> None:
    """lifelines' own example: CoxPHFitter on load_rossi(), Efron's ties, no penalty."""
    from lifelines.datasets import load_rossi

    data = load_rossi()
    found = cox_coefficients(
        data[list(ROSSI)].to_numpy(dtype=float), data["week"].to_numpy(), data["arrest"].to_numpy() == 1, penalty=0.0
    )
    assert dict(zip(ROSSI, found, strict=True)) == pytest.approx(ROSSI, abs=6e-4)


def test_breslow_baseline_by_hand() -> None:
    """Ratios 1, 2, 1: a return on day 1 among 4, then one on day 3 among 3; the third is censored on day 3."""
    baseline = breslow_baseline(np.log([1.0, 2.0, 1.0]), np.array([1, 3, 3]), np.array([True, True, False]), 4)
    assert baseline == pytest.approx([0, 1 / 4, 1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3])


@pytest.mark.parametrize("name", sorted(all_families()))
def test_a_family_is_near_the_truth_and_reads_back_as_written(name: str, rows: DesignedRows) -> None:
    family = all_families()[name]
    fitted = family.fit(rows)
    days = np.array([7.0, 28.0, 40.0, 56.0, 182.0, 400.0])
    probs = fitted.return_probs(rows, days)
    assert (np.diff(probs, axis=1) >= -1e-12).all()
    assert (probs >= 0).all() and (probs <= 1).all()
    again = family.from_json(fitted.as_json(), fitted.attachments())
    assert np.array_equal(again.return_probs(rows, days), probs)
    gap = np.abs(probs[:, 3] - true_probs(rows.frame, 56)).mean()
    assert gap < (0.08 if name == "kaplan_meier" else 0.05)


def test_a_design_fills_gaps_flags_them_and_knows_no_batch(rows: DesignedRows) -> None:
    design = fit_design(rows.frame)
    assert "time_days" not in design.columns and "has_returned" not in design.columns
    assert Design.from_json(design.as_json()) == design
    whole = design.matrix(rows.frame)
    assert np.isfinite(whole).all()
    assert np.array_equal(design.matrix(rows.frame[5:6])[0], whole[5])
    unknown = rows.frame.with_columns(business_kind=pl.lit("new"), cycle_days=pl.lit(None, dtype=pl.Float64))
    assert np.isfinite(design.matrix(unknown)).all()
