"""Pictures of second lifetimes.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io

from winback.second_lifetime.model import SecondLifetimeModel

_NAMES = {
    "kaplan_meier_pooled": "Kaplan-Meier, all",
    "kaplan_meier_group": "Kaplan-Meier by cycle group",
    "weibull": "Weibull AFT",
    "log_normal": "log-normal AFT",
    "boosted_trees": "boosted trees (AFT)",
}


def second_lifetime_picture(model: SecondLifetimeModel) -> bytes:
    """Share of second lifetimes that last longer than t, one line a family (its mean over accounts), the champion's thick.

    Without a model the picture says why there is none.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    champion = model.durations.family if model.durations else None
    for family, name in _NAMES.items():
        if family in model.pictured:
            is_champion = family == champion
            label = f"{name} (champion)" if is_champion else name
            axes.plot(model.pictured["days"], model.pictured[family], label=label, linewidth=2.5 if is_champion else 1.0)
    axes.set(xlabel="days since the return", ylabel="share that lasts longer", ylim=(0, 1))
    axes.set_title(f"Second lifetimes: {model.n_lifetimes} seen, {model.n_ended} ended", fontsize=10)
    if champion:
        axes.legend(fontsize=8)
    else:
        axes.text(0.5, 0.5, model.reason, ha="center", va="center", wrap=True, transform=axes.transAxes, fontsize=9)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
