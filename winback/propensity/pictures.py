"""Pictures of the chance of return after a contact.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io

from winback.propensity.model import PropensityModel


def reliability_picture(model: PropensityModel | None, reason: str) -> bytes:
    """The champion's chances beside the shares that returned, on contacts it had not learned from; larger dots hold more rows.

    Where there is no model the picture says why.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    axes.set(xlabel="chance of a return if contacted", ylabel="share that returned", xlim=(0, 1), ylim=(0, 1))
    if model is None:
        axes.text(0.5, 0.5, reason, ha="center", va="center", wrap=True, fontsize=9)
    else:
        bins = model.verdict.bins
        largest = max(b.n_rows for b in bins)
        said, seen = [b.mean_prob for b in bins], [b.returned_share for b in bins]
        axes.plot(said, seen, linewidth=1)
        axes.scatter(said, seen, s=[20 + 180 * b.n_rows / largest for b in bins])
        best = next(c for c in model.verdict.candidates if c.family == model.champion)
        title = f"{model.champion}: log loss {best.log_loss:.3f}, AUC {best.roc_auc:.2f}, ECE {best.ece:.3f}"
        axes.set_title(f"{title}, {model.verdict.n_judged:,} contacts", fontsize=10)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
