"""The stack: families weighed on the log-odds scale, one set of weights per horizon.

Belongs here: the weights and their uncertainty. Does not belong here: the families, seasons.

Weights are non-negative and drawn to equal ones: families err differently, and on a few thousand rows learned weights are hardly
better than equal ones, out of time often worse (Clemen, Int. J. Forecasting 5, 1989). An intercept keeps the mean right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from winback.survival.btyd import Matrix, Vector

PRIOR_ROWS = 100.0
"""How strongly weights are drawn to equal ones: a weight off by 1 costs as much log-likelihood as this times the members."""

N_REPLICATES = 20
"""Cluster bootstrap replicates of the weights."""

_DIGITS = 9


@dataclass(frozen=True)
class Stack:
    """Per horizon (rows): intercept, then a weight per member; `replicates` the same on bootstrap draws of accounts."""

    members: tuple[str, ...]
    weights: Matrix
    replicates: npt.NDArray[np.float64]

    def log_odds(self, members: Matrix) -> Matrix:
        """Stacked log-odds, rows x horizons, of members' log-odds (rows x horizons x members)."""
        return np.asarray(self.weights[:, 0] + np.einsum("nhm,hm->nh", members, self.weights[:, 1:]))

    def spread(self, members: Matrix) -> Matrix:
        """Standard deviation of the log-odds, rows x horizons: weights over draws of accounts, and members around it."""
        between = ((members - self.log_odds(members)[:, :, None]) ** 2).mean(axis=2)
        of_weights = np.column_stack([self._draw_variance(members[:, h], h) for h in range(members.shape[1])])
        return np.asarray(np.sqrt(of_weights + between))

    def _draw_variance(self, members: Matrix, horizon_no: int) -> Vector:
        """Variance of a horizon's log-odds over the draws of weights: a quadratic form in the members (rows x members)."""
        off = self.replicates[:, horizon_no] - self.replicates[:, horizon_no].mean(axis=0)
        terms = np.column_stack([np.ones(len(members)), members])
        return np.asarray(np.maximum((terms @ (off.T @ off / len(off)) * terms).sum(axis=1), 0))

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"members": list(self.members), "weights": self.weights.tolist(), "replicates": self.replicates.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `as_json`."""
        return cls(tuple(data["members"]), np.array(data["weights"]), np.array(data["replicates"]))


def equal_stack(members: tuple[str, ...], n_horizons: int) -> Stack:
    """Equal weights, no intercept, no uncertainty."""
    row = np.append(0.0, np.full(len(members), 1 / len(members)))
    return Stack(members, np.tile(row, (n_horizons, 1)), np.tile(row, (1, n_horizons, 1)))


def fit_stack(
    members: tuple[str, ...],
    log_odds: Matrix,
    returned: Matrix,
    row_weights: Matrix,
    accounts: npt.NDArray[np.int64],
    champion: str | None = None,
) -> Stack:
    """Fit on members' log-odds of rows they have not seen (rows x horizons x members).

    `returned` and `row_weights` are rows x horizons; `accounts` numbers each row's account from 0. With a `champion` among
    the members weights are drawn to that one alone and the others only tell how far models disagree.
    """
    prior = np.array([(1 / len(members) if champion is None else float(m == champion)) for m in members])
    draw = np.random.default_rng(0)
    n_accounts = int(accounts.max()) + 1
    counts = [np.bincount(draw.integers(0, n_accounts, n_accounts), minlength=n_accounts) for _ in range(N_REPLICATES)]

    def fit_all(times: Vector) -> Matrix:
        horizons = range(log_odds.shape[1])
        return np.array([_fit(log_odds[:, h], returned[:, h], row_weights[:, h] * times, prior) for h in horizons])

    weights = fit_all(np.ones(len(accounts)))
    replicates = np.array([fit_all(count[accounts].astype(np.float64)) for count in counts])
    return Stack(members, np.round(weights, _DIGITS), np.round(replicates, _DIGITS))


def _fit(log_odds: Matrix, returned: Vector, row_weights: Vector, prior: Vector) -> Vector:
    from scipy.optimize import minimize

    used = row_weights > 0
    odds, y, w = log_odds[used], returned[used], row_weights[used]
    n_members = log_odds.shape[1]

    def loss(theta: Vector) -> tuple[float, Vector]:
        eta = theta[0] + odds @ theta[1:]
        residual = w * (1 / (1 + np.exp(-eta)) - y)
        away = theta[1:] - prior
        cost = float((w * (np.logaddexp(0, eta) - y * eta)).sum() + PRIOR_ROWS * n_members * (away @ away))
        slope = odds.T @ residual + 2 * PRIOR_ROWS * n_members * away
        return cost, np.append(residual.sum(), slope)

    bounds = [(None, None)] + [(0.0, None)] * n_members
    found = minimize(loss, np.append(0.0, prior), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)
