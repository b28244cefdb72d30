"""Witnesses that err, brought together."""

import numpy as np
import pytest

from winback.reasons.account_model import KnownCodes, Witness, fit_account_model, group_probabilities, put_together
from winback.reasons.taxonomy import LEAF_CODES

N = len(LEAF_CODES)


def witness(table: np.ndarray, account: list[int], said: list[int], weight: float = 1.0, worth: float = 1e9) -> Witness:
    at = np.array(account)
    return Witness("w", table * worth, np.arange(N), at, np.array(said), np.full(len(at), weight), 1.0)


def nobody(n: int) -> KnownCodes:
    return KnownCodes(np.zeros(n, bool), np.full((n, N), 1 / N))


def two_sided(right: float) -> np.ndarray:
    """Says 1 with chance `right` for the first code and 1 - right for all others."""
    table = np.tile([right, 1 - right], (N, 1))
    table[0] = [1 - right, right]
    return table


def test_the_posterior_is_mix_times_likelihood() -> None:
    mix = np.full(N, 1e9)
    alike = put_together([witness(two_sided(0.8), [0], [1])], nobody(1))
    p = group_probabilities(fit_account_model(alike, mix, fixed_share=1 / N), alike)
    # 16 equal codes: 0.8 for the first against 15 x 0.2 for the others
    assert p[0, 0] == pytest.approx(0.8 / (0.8 + 15 * 0.2), rel=1e-6)
    assert p.sum() == pytest.approx(1)


def test_a_silent_account_has_the_mix() -> None:
    mix = np.arange(1.0, N + 1) * 1e9
    alike = put_together([witness(two_sided(0.8), [0], [1])], nobody(2))
    model = fit_account_model(alike, mix, fixed_share=0.1)
    assert group_probabilities(model, alike)[alike.group[1]] == pytest.approx(model.mix)
    assert model.mix[-1] == pytest.approx(0.1)


def test_half_a_weight_is_half_the_log_likelihood() -> None:
    mix = np.full(N, 1e9)
    halved = put_together([witness(two_sided(0.8), [0], [1], weight=0.5)], nobody(1))
    p = group_probabilities(fit_account_model(halved, mix, 1 / N), halved)
    assert p[0, 0] / p[0, 1] == pytest.approx((0.8 / 0.2) ** 0.5)


def test_how_a_witness_errs_is_learned_from_known_accounts() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, N - 1, 6000)
    said = np.where(rng.random(6000) < np.where(truth == 0, 0.9, 0.3), 1, 0)
    spoken = witness(two_sided(0.6), list(range(6000)), said.tolist(), worth=10)
    p = np.zeros((6000, N))
    p[np.arange(6000), truth] = 1
    model = fit_account_model(put_together([spoken], KnownCodes(np.ones(6000, bool), p)), np.ones(N), fixed_share=0.01)
    assert model.tables[0][0, 1] == pytest.approx(0.9, abs=0.03)
    assert model.tables[0][3, 1] == pytest.approx(0.3, abs=0.05)


def test_codes_that_share_a_row_are_learned_together() -> None:
    shared = np.zeros(N, dtype=np.int64)
    shared[0] = 0
    shared[1:] = 1
    prior = np.tile([5.0, 5.0], (N, 1))
    at = np.arange(40)
    spoken = Witness("w", prior, shared, at, (at % 4 == 0).astype(np.int64), np.ones(40), 1.0)
    p = np.zeros((40, N))
    p[:, 5] = 1
    model = fit_account_model(put_together([spoken], KnownCodes(np.ones(40, bool), p)), np.ones(N), fixed_share=0.01)
    # 15 rows of 5 + 5 and 40 accounts, 10 of which said it
    assert model.tables[0][9, 1] == pytest.approx((15 * 5 + 10) / (15 * 10 + 40))
    assert model.tables[0][0, 1] == pytest.approx(0.5)


def test_the_same_input_gives_the_same_model() -> None:
    rng = np.random.default_rng(0)
    spoken = [witness(two_sided(0.7), list(range(50)), rng.integers(0, 2, 50).tolist(), worth=20)]
    first = fit_account_model(put_together(spoken, nobody(50)), np.ones(N), 0.02)
    again = fit_account_model(put_together(spoken, nobody(50)), np.ones(N), 0.02)
    assert np.array_equal(first.mix, again.mix)


def test_accounts_of_whom_the_same_is_said_are_one() -> None:
    said_twice = witness(two_sided(0.8), [0, 0, 3], [1, 1, 1])
    sign = witness(two_sided(0.7), [0, 1, 2, 4], [1, 1, 1, 0])
    known = KnownCodes(np.array([False] * 5 + [True]), np.full((6, N), 1 / N))
    alike = put_together([said_twice, sign], known)
    together = [{i for i in range(6) if alike.group[i] == g} for g in range(len(alike.n_accounts))]
    assert sorted(map(sorted, together)) == [[0], [1, 2], [3], [4], [5]]
    assert [len(t) for t in together] == alike.n_accounts.tolist()
    assert alike.known.is_known[alike.group[5]] and alike.known.is_known.sum() == 1


def test_many_witnesses_do_not_run_out_of_numbers() -> None:
    """Forty witnesses with nine things to say make more combinations than there are 64-bit numbers."""
    rng = np.random.default_rng(1)
    said = rng.integers(0, 9, (40, 30))
    said[:, 15:] = said[:, :15]
    table = np.full((N, 9), 1 / 9)
    alike = put_together([witness(table, list(range(30)), row.tolist()) for row in said], nobody(30))
    assert alike.n_accounts.tolist() == [2.0] * 15
    assert (alike.group[:15] == alike.group[15:]).all()
