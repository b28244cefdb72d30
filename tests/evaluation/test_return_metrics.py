"""Metrics: hand-worked cases with their arithmetic, other implementations, and what holds for any data."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.evaluation.calibration import Calibration, bin_of, calibration_bins, mass_bin_of
from winback.evaluation.censoring import (
    followed_share,
    integrated_brier_rows,
    inverse_weights,
    known_weights,
    last_followed_day,
)
from winback.evaluation.concordance import Concordance
from winback.evaluation.ranking import Ranking


def once(n: int) -> np.ndarray:
    return np.ones((1, n))


def ranked(is_return: list[int], score: list[float]) -> dict[str, float]:
    measured = Ranking(np.array(is_return, bool), np.array(score, float)).measure(once(len(score)))
    return {name: float(value[0]) for name, value in measured.items()}


def concordant(times: list[int], returned: list[int], risk: list[float]) -> dict[str, float]:
    time_days, has_returned = np.array(times), np.array(returned, bool)
    followed = followed_share(time_days, has_returned)
    measured = Concordance(time_days, has_returned, np.array(risk, float), followed).measure(once(len(times)))
    return {name: float(value[0]) for name, value in measured.items()}


def test_ranking_by_hand() -> None:
    """Returned: 0.9 and one of the two 0.7; not: 0.8, the other 0.7, 0.2.

    Pairs: 0.9 wins 3 of 3, 0.7 wins 1 and ties 1 of 3: (3 + 1.5) / 6. Precision is 1/1 at 0.9 and 2/4 at 0.7, each gaining half
    of the returns. The top tenth is half a row, the returned 0.9: rate 1 over 2/5.
    """
    found = ranked([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.7, 0.2])
    assert found == pytest.approx({"roc_auc": 0.75, "pr_auc": 0.5 + 0.25, "top_decile_lift": 2.5})


def test_rows_tied_at_the_edge_of_the_top_tenth_count_in_proportion() -> None:
    """20 rows, the top tenth is 2; one sure row (not returned), then four ties of which one returned: 1/4 of a return in the
    second place. Lift: (1/4 / 2) / (2/20)."""
    score = [0.9, 0.5, 0.5, 0.5, 0.5] + [0.1] * 15
    assert ranked([0, 0, 0, 1, 0, 1] + [0] * 14, score)["top_decile_lift"] == pytest.approx(1.25)


def test_one_score_for_all_ranks_nothing() -> None:
    """AUC 1/2, average precision the base rate, lift 1."""
    assert ranked([1, 0, 0, 0], [0.3] * 4) == pytest.approx({"roc_auc": 0.5, "pr_auc": 0.25, "top_decile_lift": 1.0})


def test_without_a_return_ranking_is_undefined() -> None:
    assert all(np.isnan(v) for v in ranked([0, 0], [0.1, 0.2]).values())


def test_calibration_by_hand() -> None:
    """Squared errors 0.05², 0.85², 0.15², 0: 0.7475 / 4; base rate 1/2: skill 1 - 0.186875 / 0.25.

    Bins: 0.05 against 0 (1 row), 0.15 against 1/2 (2 rows), 1 against 1: (0.05 + 2 x 0.35) / 4. Bins of equal mass
    hold 0.05, the two 0.15 together, and 1: the same here.
    """
    measured = Calibration(np.array([0, 1, 0, 1], bool), np.array([0.05, 0.15, 0.15, 1.0])).measure(once(4))
    found = {name: float(value[0]) for name, value in measured.items()}
    assert found == pytest.approx({"brier": 0.186875, "brier_skill": 0.2525, "ece": 0.1875, "ece_equal_mass": 0.1875})


def test_base_rate_has_no_skill_and_no_calibration_error() -> None:
    measured = Calibration(np.array([0, 1, 0, 0], bool), np.full(4, 0.25)).measure(once(4))
    assert (measured["brier_skill"][0], measured["ece"][0]) == pytest.approx((0, 0))
    nobody = Calibration(np.zeros(3, bool), np.full(3, 0.25)).measure(once(3))
    assert np.isnan(nobody["brier_skill"][0])
    assert nobody["brier"][0] == 0.0625


def test_bin_edges_belong_to_the_bin_above() -> None:
    assert list(bin_of(np.array([0, 0.1, 0.3, 0.7, 0.9999, 1.0]))) == [0, 1, 3, 7, 9, 9]
    bins = calibration_bins(np.array([1, 0, 0, 1], bool), np.array([0.3, 0.35, 1.0, 0.5]), np.array([1, 1, 1, 0.0]))
    assert [(b.low, b.high, b.n_rows, b.returned_share) for b in bins] == [(0.3, 0.4, 2, 0.5), (0.9, 1.0, 1, 0.0)]
    assert bins[0].mean_prob == pytest.approx(0.325)


def test_bins_of_equal_mass_by_hand() -> None:
    """20 rows, so two to a bin: ranks 1-2, 3-4, ... With the four lowest tied their middle rank is 2, the edge of the second
    bin, and all four go there. All chances lie under 0.1, so the equal-width error sees one bin only.

    Tied bin: 4 x 0.01 said, nobody returned: 0.04; bins of (0.021, 0.022), ... of two rows: the returned row is the last.
    """
    prob = np.r_[np.full(4, 0.01), 0.02 + np.arange(1, 17) / 1000]
    assert list(mass_bin_of(prob)) == [1] * 4 + [bin_no for bin_no in range(2, 10) for _ in range(2)]
    is_return = np.r_[np.zeros(19, bool), True]
    measured = Calibration(is_return, prob).measure(once(20))
    said = prob.sum()
    assert measured["ece"][0] == pytest.approx((1 - said) / 20)
    last_bin = 1 - prob[-2:].sum()
    assert measured["ece_equal_mass"][0] == pytest.approx((prob[:-2].sum() + last_bin) / 20)


def test_harrell_by_hand() -> None:
    """Return on day 2 (risk 3) beats all 5 others. Return on day 3 (risk 2) beats the one censored that day and one of day 5,
    and ties with the two returns of day 5: 3 of 4. Each return of day 5 beats the one censored on day 5 and is no pair with
    the other return. (5 + 3 + 1 + 1) / (5 + 4 + 1 + 1)."""
    found = concordant([2, 3, 3, 5, 5, 5], [1, 0, 1, 1, 0, 1], [3, 1, 2, 2, 0, 2])
    assert found["harrell_c"] == pytest.approx(10 / 11)


def test_ipcw_concordance_by_hand() -> None:
    """Returns on days 1, 3, 4, one censored on day 2, when 3 rows are followed: G(3-) = 2/3. The return of day 1 wins 3 of 3
    pairs of weight 1, that of day 3 loses its only pair of weight (3/2)²: 3 / (3 + 2.25); Harrell: 3/4."""
    found = concordant([1, 2, 3, 4], [1, 0, 1, 1], [4, 1, 2, 3])
    assert found == pytest.approx({"harrell_c": 0.75, "ipcw_c": 3 / 5.25})


def test_censoring_curve_takes_returns_before_censorings_of_the_same_day() -> None:
    """Day 2: one returns, then one of the two left is censored. So G(2-) = 1 and G(3-) = 1/2."""
    followed = followed_share(np.array([2, 2, 3]), np.array([True, False, True]))
    assert list(followed[:4]) == [1, 1, 1, 0.5]
    assert list(inverse_weights(np.array([2, 2, 3]), np.array([True, False, True]), followed)) == [1, 0, 2]


def test_days_hardly_anybody_is_followed_to_are_left_out() -> None:
    times = np.r_[np.full(19, 5), 7, 9]
    returned = np.r_[np.zeros(19, bool), True, True]
    followed = followed_share(times, returned)
    assert followed[6] == pytest.approx(2 / 21)
    assert last_followed_day(followed) == 5
    assert list(inverse_weights(times, returned, followed)) == [0] * 21


def test_seen_rows_stand_for_unseen_ones_by_hand() -> None:
    """Horizon 3. Of four, one is lost on day 2 when three are left: G(3-) = 2/3, so those known on day 3 count 3/2 each."""
    times, returned = np.array([1, 2, 3, 4]), np.array([True, False, True, True])
    followed = followed_share(times, returned)
    assert known_weights(times, returned, 3, followed) == pytest.approx([1, 0, 1.5, 1.5])
    assert known_weights(times, returned, 2, followed) == pytest.approx([1, 1, 1, 1])  # silent through day 2 is known


def test_all_rows_count_once_when_all_are_seen() -> None:
    times, returned = np.array([1, 9, 7, 3]), np.array([True, False, False, True])
    assert known_weights(times, returned, 7, followed_share(times, returned)) == pytest.approx(np.ones(4))
    early = np.array([1, 2])
    assert known_weights(early, early > 0, 7, followed_share(early, early > 0)) == pytest.approx(np.ones(2))


def test_integrated_brier_by_hand() -> None:
    """Times as in the IPCW case, grid days 2 and 4.

    Day 2: row 1 returned (1 - 0.8)², the others silent 0.2², 0.1², 0.4²: 0.25 / 4. Day 4: row 1 (1 - 0.9)², row 2 unknown, rows
    3 and 4 weighted by 3/2: 0.4² and 0.3²: (0.01 + 0.24 + 0.135) / 4. The mean of both days.
    """
    times, returned = np.array([1, 2, 3, 4]), np.array([True, False, True, True])
    curve = np.array([[0.8, 0.9], [0.2, 0.5], [0.1, 0.6], [0.4, 0.7]])
    rows = integrated_brier_rows(times, returned, curve, np.array([2, 4]), followed_share(times, returned))
    assert rows.mean() == pytest.approx((0.0625 + 0.09625) / 2)


def test_integrated_brier_weights_days_by_the_trapezoid_rule() -> None:
    """Nobody returns; errors 0.1², 0.2², 0.4² on days 1, 2, 4: (0.01 + 0.04)/2 x 1 + (0.04 + 0.16)/2 x 2, over 3 days."""
    times, returned, grid = np.array([9]), np.array([False]), np.array([1, 2, 4])
    rows = integrated_brier_rows(times, returned, np.array([[0.1, 0.2, 0.4]]), grid, followed_share(times, returned))
    assert rows.mean() == pytest.approx((0.025 + 0.2) / 3)


def sample(n: int, seed: int, *, last: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """True days to return, days followed, and a risk that knows something of them."""
    draw = np.random.default_rng(seed)
    latent = draw.normal(size=n)
    days = np.ceil(draw.exponential(np.exp(3 - latent))).astype(int)
    return days, draw.integers(1, last, n), np.round(latent + draw.normal(size=n), 1), draw.integers(0, 4, n)


def test_agreement_with_scikit_learn_with_and_without_weights() -> None:
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    days, _, risk, counts = sample(800, seed=1)
    is_return, prob = days <= 20, 1 / (1 + np.exp(-risk))
    weights = np.stack([np.ones(800), counts])
    found = Ranking(is_return, prob).measure(weights) | Calibration(is_return, prob).measure(weights)
    for row, weight in enumerate(weights):
        assert found["roc_auc"][row] == pytest.approx(roc_auc_score(is_return, prob, sample_weight=weight))
        assert found["pr_auc"][row] == pytest.approx(average_precision_score(is_return, prob, sample_weight=weight))
        assert found["brier"][row] == pytest.approx(brier_score_loss(is_return, prob, sample_weight=weight))


def test_agreement_with_lifelines() -> None:
    from lifelines import KaplanMeierFitter
    from lifelines.utils import concordance_index

    days, followed_days, risk, _ = sample(700, seed=2)
    times, returned = np.minimum(days, followed_days), days <= followed_days
    found = concordant(list(times), list(returned), list(risk))
    assert found["harrell_c"] == pytest.approx(concordance_index(times, -risk, returned))

    # lifelines takes both kinds of end together: with censorings half a day after returns, ties go the way they are meant
    censoring = KaplanMeierFitter().fit(times + np.where(returned, 0, 0.5), event_observed=~returned)
    theirs = censoring.survival_function_at_times(np.arange(1, times.max() + 1) - 0.25).to_numpy()
    assert followed_share(times, returned)[1:-1] == pytest.approx(theirs)


def brute_force(times: np.ndarray, returned: np.ndarray, risk: np.ndarray, weight: np.ndarray, ipcw: np.ndarray) -> float:
    won = pairs = 0.0
    for i in np.flatnonzero(returned):
        for j in range(len(times)):
            if times[j] > times[i] or (times[j] == times[i] and not returned[j]):
                pair = weight[i] * weight[j] * ipcw[i]
                pairs += pair
                won += pair * (0.5 if risk[i] == risk[j] else float(risk[i] > risk[j]))
    return won / pairs if pairs else float("nan")


small_rows = st.lists(
    st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=24
)


@settings(max_examples=150, deadline=None)
@given(small_rows)
def test_concordance_equals_counting_every_pair(rows: list[tuple[int, bool, int, int]]) -> None:
    times, returned, risk, counts = (np.array(column) for column in zip(*rows, strict=True))
    followed = followed_share(times, returned)
    weights = np.stack([np.ones(len(rows)), counts]).astype(float)
    found = Concordance(times, returned, risk.astype(float), followed).measure(weights)
    ipcw = inverse_weights(times, returned, followed) ** 2
    for at, weight in enumerate(weights):
        assert found["harrell_c"][at] == pytest.approx(
            brute_force(times, returned, risk, weight, np.ones(len(rows))), nan_ok=True
        )
        assert found["ipcw_c"][at] == pytest.approx(brute_force(times, returned, risk, weight, ipcw), nan_ok=True)


@settings(max_examples=80, deadline=None)
@given(small_rows)
def test_counting_a_row_twice_is_having_it_twice(rows: list[tuple[int, bool, int, int]]) -> None:
    """What the bootstrap rests on; for concordance the comparison with every pair shows it.

    Equal-mass bins are drawn once on the rows as they are, so their error is another figure on repeated rows.
    """
    _, is_return, score, counts = (np.array(column) for column in zip(*rows, strict=True))
    if counts.sum() == 0:
        return
    for kind in (Ranking, Calibration):
        by_count = kind(is_return, score / 4).measure(counts[None, :].astype(float))
        repeated = kind(np.repeat(is_return, counts), np.repeat(score / 4, counts)).measure(once(counts.sum()))
        for name in by_count.keys() - {"ece_equal_mass"}:
            assert by_count[name][0] == pytest.approx(repeated[name][0], nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(small_rows)
def test_ranks_do_not_change_under_a_growing_transformation(rows: list[tuple[int, bool, int, int]]) -> None:
    times, returned, score, _ = (np.array(column) for column in zip(*rows, strict=True))
    plain, bent = score.astype(float), np.exp(score / 2.0) - 7
    assert ranked(list(returned), list(plain)) == pytest.approx(ranked(list(returned), list(bent)), nan_ok=True)
    before, after = (concordant(list(times), list(returned), list(s)) for s in (plain, bent))
    assert before == pytest.approx(after, nan_ok=True)


def test_without_censoring_ipcw_figures_are_the_plain_ones() -> None:
    days, _, risk, _ = sample(500, seed=3)
    returned = np.ones(500, bool)
    found = concordant(list(days), list(returned), list(risk))
    assert found["ipcw_c"] == pytest.approx(found["harrell_c"])
    grid = np.array([5, 10, 20])
    curve = np.sort(np.random.default_rng(0).random((500, 3)), axis=1)
    plain = [((curve[:, k] - (days <= day)) ** 2).mean() for k, day in enumerate(grid)]
    rows = integrated_brier_rows(days, returned, curve, grid, followed_share(days, returned))
    trapezoid = sum((b - a) * (x + y) / 2 for (a, b), (x, y) in zip(pairwise(grid), pairwise(plain), strict=True)) / 15
    assert rows.mean() == pytest.approx(trapezoid)


def test_weights_undo_censoring() -> None:
    """Half the rows are censored at random; the weighted figures come back to those of the full follow-up, Harrell's not.

    The score sorts early returns well and late ones not at all, so what is lost by censoring (late pairs) matters.
    """
    draw = np.random.default_rng(4)
    days = np.ceil(draw.exponential(30, 6000)).astype(int)
    risk = np.where(days <= 12, 12 - days, draw.integers(-30, 0, 6000)).astype(float)
    end = np.ceil(draw.exponential(25, 6000)).astype(int)
    times, returned = np.minimum(days, end), days <= end
    followed = followed_share(times, returned)
    upto = days <= last_followed_day(followed)
    full = Concordance(days, upto, risk, np.ones(days.max() + 2)).measure(once(6000))["harrell_c"][0]
    found = concordant(list(times), list(returned), list(risk))
    assert abs(found["ipcw_c"] - full) < 0.01
    assert abs(found["harrell_c"] - full) > 0.03
    grid, curve = np.array([10, 20, 40]), np.tile([0.3, 0.5, 0.6], (6000, 1))
    ours = integrated_brier_rows(times, returned, curve, grid, followed).mean()
    uncensored = integrated_brier_rows(days, np.ones(6000, bool), curve, grid, np.ones(days.max() + 2)).mean()
    assert ours == pytest.approx(uncensored, abs=0.004)
