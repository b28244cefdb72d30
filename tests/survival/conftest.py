"""One log and one model of it that several modules judge; training takes seconds."""

from datetime import timedelta

import polars as pl
import pytest

from tests.survival.simulated_returns import SEEN_DAYS, START, landmark_rows
from winback.survival.return_model import ReturnModel
from winback.survival.train_return_model import train_return_model

AS_OF = START + timedelta(days=SEEN_DAYS)


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    """Landmarks of 1,500 simulated accounts."""
    return landmark_rows(1500, seed=4)


@pytest.fixture(scope="session")
def model(rows: pl.DataFrame) -> ReturnModel:
    """The model of return trained on `rows`."""
    return train_return_model(rows, as_of_on=AS_OF, horizon_days=56)
