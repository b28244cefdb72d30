"""Which columns serve, and how they become numbers."""

import numpy as np
import polars as pl
import pytest

from winback.errors import UsageError
from winback.uplift.encoding import fit_encoding
from winback.uplift.feature_choice import choose_features

N = 400


@pytest.fixture
def frame() -> pl.DataFrame:
    lot = np.random.default_rng(2)
    arm = np.tile(["none", "letter"], N // 2)
    y = lot.integers(0, 2, N)
    return pl.DataFrame(
        {
            "arm": arm,
            "y": y,
            "age": lot.integers(18, 80, N).astype(str),
            "kind": lot.choice(["shop", "office"], N),
            "opened_on": ["2020-01-05", "2021-03-01"] * (N // 2),
            "customer": [f"C{i}" for i in lot.permutation(N)],
            "row_number": lot.permutation(N),
            "same": ["a"] * N,
            "empty": [None] * N,
            "clicks": np.where(arm == "letter", lot.poisson(2, N), 0),
        },
        schema_overrides={"empty": pl.String},
    ).with_columns(opened_on=pl.col("opened_on").shuffle(seed=1))


def test_useless_columns_are_left_out_with_a_reason(frame, test_of) -> None:
    chosen = choose_features(test_of(frame))
    assert chosen.names == ("age", "kind", "opened_on")
    assert chosen.frame.dtypes == [pl.Float64, pl.String, pl.Float64]
    notes = " ".join(chosen.notes)
    for column, reason in (
        ("customer", "as in an id"),
        ("row_number", "as in an id"),
        ("same", "the same in every row"),
        ("empty", "it is empty"),
        ("clicks", "measured after the lot"),
    ):
        assert any(column in note and reason in note for note in chosen.notes), (column, notes)


def test_what_was_named_is_used_with_a_warning(frame, test_of) -> None:
    chosen = choose_features(test_of(frame), named=["clicks", "age"])
    assert chosen.names == ("clicks", "age")
    assert "is used, but its values differ between the arms" in chosen.notes[0]


def test_what_was_excluded_is_not_used(frame, test_of) -> None:
    assert "age" not in choose_features(test_of(frame), excluded=["age"]).names


def test_a_named_feature_that_is_empty_or_unknown_is_refused(frame, test_of) -> None:
    with pytest.raises(UsageError, match=r"'empty' is empty in every usable row"):
        choose_features(test_of(frame), named=["empty"])
    with pytest.raises(UsageError, match=r"Did you mean 'kind'\?"):
        choose_features(test_of(frame), named=["kinds"])


def test_rare_levels_are_pooled_and_unseen_ones_are_the_reference() -> None:
    training = pl.DataFrame({"kind": ["a"] * 60 + ["b"] * 30 + ["c"] * 3 + [None] * 25, "size": [1.0, None] * 59})
    encoding = fit_encoding(training)
    assert encoding.levels == {"kind": ("a", "b", "(missing)")}
    new = encoding.matrix(pl.DataFrame({"kind": ["b", "c", "never seen", None], "size": [2.0, None, 3.0, 4.0]}))
    assert new[:, 1:].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert np.isnan(new[1, 0])
