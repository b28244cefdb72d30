"""Buy-till-you-die models: BG/NBD and modified BG/NBD, with a likelihood of our own.

Belongs here: likelihoods, chances and their fit on counts of purchase days. Does not belong here: covariates, stacking.

An account buys at random with its own rate (gamma: shape r, scale alpha in days) and after a purchase may drop out for good
with its own chance (beta: a, b). x is the number of repeat purchase days, t_x the days from the first to the last of them, T the
days from the first to the landmark. BG/NBD (Fader, Hardie & Lee, Marketing Science 24, 2005) lets nobody drop out before a first
repeat, so a one-time buyer counts as alive for ever; the modified one (Batislam, Denizel & Filiztekin, IJRM 24, 2007) lets the
first purchase be the last, so a one-time buyer's chance falls with silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

_START = np.log([0.5, 30.0, 1.0, 2.0])
_BOUND = 8.0
"""Parameters stay within exp(-8) and exp(8); one that ends at a bound is degenerate."""
_LEAST = 1e-12
_PRIOR_SPREAD = 2.0
_PRIOR_ROWS = 20.0
"""The fit to returns is drawn to the start, on the log scale, as by this many rows: enough to stay put where the data are silent
(a and b may grow together), too little to matter where they speak."""


@dataclass(frozen=True)
class PurchaseCounts:
    """x (repeat purchase days), t_x and T (days), one entry an account."""

    n_repeats: Vector
    active_span_days: Vector
    tenure_days: Vector


@dataclass(frozen=True)
class BuyTillDie:
    """Fitted parameters; `is_modified` tells the modified BG/NBD from the plain one."""

    r: float
    alpha: float
    a: float
    b: float
    is_modified: bool

    @classmethod
    def from_logs(cls, theta: Vector, *, is_modified: bool) -> Self:
        """From the logarithms of r, alpha, a and b."""
        r, alpha, a, b = (float(v) for v in np.exp(theta))
        return cls(r, alpha, a, b, is_modified)

    @property
    def is_degenerate(self) -> bool:
        """Whether a parameter ran to a bound: then nobody drops out (a = 0), or the data say nothing of it."""
        return any(abs(np.log(v)) > _BOUND - 0.01 for v in (self.r, self.alpha, self.a, self.b))

    def alive_probs(self, counts: PurchaseCounts) -> Vector:
        """P(still a customer at T | x, t_x, T)."""
        x = counts.n_repeats
        ratio = (self.r + x) * np.log((self.alpha + counts.tenure_days) / (self.alpha + counts.active_span_days))
        if self.is_modified:
            log_odds = np.log(self.a / (self.b + x)) + ratio
        else:
            log_odds = np.where(x > 0, np.log(self.a / (self.b + np.maximum(x, 1) - 1)) + ratio, -np.inf)
        return np.asarray(1 / (1 + np.exp(np.minimum(log_odds, 700))))

    def return_probs(self, counts: PurchaseCounts, days: Vector) -> Matrix:
        """P(at least one purchase in the next `days` | x, t_x, T), accounts x days.

        Alive at T, the rate is gamma(r + x, alpha + T) and the next purchase comes at random, so the chance is
        P(alive) (1 - ((alpha + T) / (alpha + T + days))^(r + x)).
        """
        return self.alive_probs(counts)[:, None] * (1 - self._wait(counts, days))

    def _wait(self, counts: PurchaseCounts, days: Vector) -> Matrix:
        tenure = self.alpha + counts.tenure_days[:, None]
        return np.asarray(np.exp((self.r + counts.n_repeats)[:, None] * np.log(tenure / (tenure + days[None, :]))))


def log_likelihood(model: BuyTillDie, counts: PurchaseCounts) -> Vector:
    """Log-likelihood of each account's purchase history (x, t_x, T)."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b, x = model.r, model.alpha, model.a, model.b, counts.n_repeats
    still = -(r + x) * np.log(alpha + counts.tenure_days)
    gone = -(r + x) * np.log(alpha + counts.active_span_days)
    if model.is_modified:
        ends = np.logaddexp(betaln(a + 1, b + x) + gone, betaln(a, b + x + 1) + still)
    else:
        dropped = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) + gone, -np.inf)
        ends = np.logaddexp(dropped, betaln(a, b + x) + still)
    return np.asarray(gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b) + ends)


def fit_histories(counts: PurchaseCounts, *, is_modified: bool) -> BuyTillDie:
    """Maximum likelihood on whole purchase histories; wants every account, active and lapsed."""

    def loss(theta: Vector) -> float:
        return -float(log_likelihood(BuyTillDie.from_logs(theta, is_modified=is_modified), counts).mean())

    return BuyTillDie.from_logs(_minimum(loss), is_modified=is_modified)


def fit_returns(
    counts: PurchaseCounts, time_days: Vector, has_returned: npt.NDArray[np.bool_], *, is_modified: bool
) -> BuyTillDie:
    """Maximum likelihood of the times to return given the histories; wants lapsed accounts only.

    The history's own likelihood drops out, so the four parameters bend to what is asked of them: P(T > t | x, t_x, T) =
    1 - P(return within t). Days are whole: a return on day t adds P(t) - P(t - 1), a censored one 1 - P(t).
    """

    def loss(theta: Vector) -> float:
        model = BuyTillDie.from_logs(theta, is_modified=is_modified)
        alive = model.alive_probs(counts)
        wait_to, wait_before = (_wait_at(model, counts, time_days - step) for step in (0, 1))
        returned = np.log(np.maximum(alive * (wait_before - wait_to), _LEAST))
        silent = np.log(np.maximum(1 - alive * (1 - wait_to), _LEAST))
        away = (theta - _START) / _PRIOR_SPREAD
        return -float(np.where(has_returned, returned, silent).mean()) + _PRIOR_ROWS * float(away @ away) / (
            2 * len(time_days)
        )

    return BuyTillDie.from_logs(_minimum(loss), is_modified=is_modified)


def _wait_at(model: BuyTillDie, counts: PurchaseCounts, days: Vector) -> Vector:
    tenure = model.alpha + counts.tenure_days
    return np.asarray(np.exp((model.r + counts.n_repeats) * np.log(tenure / (tenure + days))))


def _minimum(loss: object) -> Vector:
    from scipy.optimize import minimize

    found = minimize(loss, _START, method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 4)
    return np.asarray(found.x)
