"""Pictures of the chance of lapse.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io

from winback.at_risk.model import AtRiskModel


def at_risk_picture(model: AtRiskModel) -> bytes:
    """The champion's chances beside the shares that lapsed, on landmarks it had not learned from; larger dots hold more rows.

    Where nothing could be judged the picture says why.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    axes.set(
        xlabel=f"chance of a lapse within {model.horizon_days} days", ylabel="share that lapsed", xlim=(0, 1), ylim=(0, 1)
    )
    bins = model.verdict.bins
    if bins:
        largest = max(b.n_rows for b in bins)
        axes.plot([b.mean_prob for b in bins], [b.returned_share for b in bins], linewidth=1)
        axes.scatter(
            [b.mean_prob for b in bins], [b.returned_share for b in bins], s=[20 + 180 * b.n_rows / largest for b in bins]
        )
        champion = next(c for c in model.verdict.candidates if c.family == model.champion)
        title = f"{model.level}: Brier {champion.brier:.3f}, skill {champion.brier_skill:.2f}, AUC {champion.roc_auc:.2f}"
        axes.set_title(f"{title}, {model.verdict.n_judged:,} rows", fontsize=10)
    else:
        axes.text(0.5, 0.5, model.level_reason, ha="center", va="center", wrap=True, fontsize=9)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
