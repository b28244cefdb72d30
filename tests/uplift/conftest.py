"""Randomised tests made by hand or by a known law, for the tests of uplift."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from winback.uplift.experiment import Experiment, Question, prepare_experiment


@pytest.fixture
def test_of() -> Callable[..., Experiment]:
    """A test from a frame with the columns arm (control "none"), y and features."""

    def make(frame: pl.DataFrame, **question: object) -> Experiment:
        return prepare_experiment(frame, Question("arm", "none", "y", **question), "'test.csv'")  # type: ignore[arg-type]

    return make


@pytest.fixture
def without_effect() -> Callable[[int, int], pl.DataFrame]:
    """Two arms that do nothing; the features predict the outcome."""

    def make(n_rows: int, seed: int) -> pl.DataFrame:
        lot = np.random.default_rng(seed)
        x = lot.normal(size=(n_rows, 4))
        chance = 1 / (1 + np.exp(1 - 0.8 * x[:, 0] - 0.4 * x[:, 1]))
        columns = {f"x{i}": x[:, i] for i in range(4)}
        arms = np.array(["none", "letter"])[lot.integers(0, 2, n_rows)]
        return pl.DataFrame({**columns, "arm": arms, "y": (lot.random(n_rows) < chance).astype(int)})

    return make
