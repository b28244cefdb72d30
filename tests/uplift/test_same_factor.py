"""An effect without differences between customers, spread by the chance if left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from winback.uplift.same_factor import spread_effect


def test_by_hand() -> None:
    """Held back 1 of 4 at a chance of 1/4, contacted 7 of 16 at the same: (3/4)^2 = 9/16 stay away, so the factor is 2."""
    returned = np.array([1.0] + [0.0] * 3 + [1.0] * 7 + [0.0] * 9)
    is_contact = np.arange(20) >= 4
    at = logit(np.array([0.1, 0.25, 0.5]))
    effect = spread_effect(np.full(20, logit(0.25)), is_contact, returned, at)
    assert effect == pytest.approx([0.9 - 0.81, 0.75 - 0.5625, 0.5 - 0.25])


def test_where_the_chance_is_unknown_it_is_the_difference_of_the_shares() -> None:
    returned, is_contact = np.array([0.0, 1.0, 1.0, 1.0]), np.array([False, False, True, True])
    known = spread_effect(np.zeros(4), is_contact, returned, np.array([np.nan]))
    unknown = spread_effect(np.full(4, np.nan), is_contact, returned, np.array([0.0, 3.0]))
    assert known == pytest.approx([0.5]) and unknown == pytest.approx([0.5, 0.5])


@given(st.integers(0, 10_000), st.floats(0.2, 4), st.floats(0.3, 3))
def test_where_both_sides_have_the_same_chances_the_mean_is_the_measured_effect(
    seed: int, factor: float, wrong: float
) -> None:
    """Also where the chances were told too high or too low; a certain account can gain nothing, a lost one next to nothing."""
    lot = np.random.default_rng(seed)
    chance, is_contact = np.repeat(lot.uniform(0.02, 0.7, 200), 2), np.arange(400) % 2 == 1
    true = 1 - (1 - chance) ** np.where(is_contact, factor, 1.0)
    returned = (lot.random(400) < true).astype(float)
    told = logit(1 - (1 - chance) ** wrong)
    effect = spread_effect(told, is_contact, returned, np.concatenate([told, logit([1e-6, 1 - 1e-6])]))
    measured = returned[is_contact].mean() - returned[~is_contact].mean()
    assert effect[:400].mean() == pytest.approx(measured, abs=1e-6)
    assert effect[-1] < 0.05 and abs(effect[-2]) < 1e-4
    assert (np.abs(effect) <= 1).all()


def test_a_side_on_which_nobody_or_everybody_returned_is_no_error() -> None:
    is_contact = np.array([False, False, True, True])
    effect = spread_effect(np.zeros(4), is_contact, np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, -2.0]))
    assert effect == pytest.approx([1.0, 1.0], abs=1e-4)
