"""Pictures of uplift.

Belongs here: the Qini curve as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io

import numpy as np

from winback.uplift.cross_fitting import cross_fit
from winback.uplift.qini import rank_by, ranks_within_folds
from winback.uplift.weekly_model import FOLD_SEEDS, N_FOLDS, UpliftModel, weekly_learners


def qini_picture(model: UpliftModel | None, reason: str) -> bytes:
    """Returns gained over the share of accounts contacted, in the champion's order out of fold, beside contacting by lot.

    Where there is no model the picture says why.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel="share contacted, highest uplift first", ylabel="returns gained per 100 accounts contacted in all")
    if model is None:
        axes.text(0.5, 0.5, reason, ha="center", va="center", wrap=True, fontsize=9, transform=axes.transAxes)
    else:
        shares, height = _curve(model)
        axes.plot(shares, height, label=model.learner)
        axes.plot([0, 1], [0, height[-1]], color="grey", linestyle="--", linewidth=1, label="by lot")
        axes.legend()
        axes.set_title(f"Qini {model.ranking.judged.mean:.3f}, chance {model.ranking.band.low:.3f} to "
                       f"{model.ranking.band.high:.3f}", fontsize=10)  # fmt: skip
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()


def _curve(model: UpliftModel) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    learner = next(one for one in weekly_learners() if one.name == model.learner)
    test = model.test
    fitted = cross_fit(test, model.features, [learner], N_FOLDS, FOLD_SEEDS[0])
    ranking = rank_by(ranks_within_folds(fitted.effects[learner.name][:, 0], fitted.fold))
    arm, outcome = test.arm[ranking.order], test.outcome[ranking.order]
    n_contact, n_held = np.cumsum(arm == 1), np.cumsum(arm == 0)
    gained = np.cumsum(outcome * (arm == 1)) - np.cumsum(outcome * (arm == 0)) * n_contact / np.maximum(n_held, 1)
    ends = ranking.ends
    shares = np.append(0.0, (ends + 1) / len(arm))
    return shares, np.append(0.0, 100 * gained[ends] / max(int((arm == 1).sum()), 1))
