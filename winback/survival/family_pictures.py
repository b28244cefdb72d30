"""Pictures of returns by family of reasons.

Belongs here: Kaplan-Meier curves by family, as PNG bytes for people. Does not belong here: which family a lapse belongs to
(`reasons.spell_families`), pictures of models (`pictures`).
"""

from __future__ import annotations

import polars as pl

from winback.reasons.taxonomy import load_taxonomy
from winback.survival.pictures import png_of

MIN_SPELLS = 20
"""Fewest lapses of a family that are drawn."""

MIN_AT_RISK = 10
"""Fewest lapses still open up to which a curve is drawn."""

LONGEST_DAYS = 364


def return_by_family_picture(spells: pl.DataFrame) -> bytes | None:
    """Share that has returned over days since the lapse, one line per family with its 80 % band, as PNG; None without a line.

    `spells` has the columns of `reasons.spell_families`. A lapse counts from its `entered_days` on (late entry), so that one whose
    reason was learned on day 20 says nothing about the days before. Families below `MIN_SPELLS` are hidden.
    """
    from lifelines import KaplanMeierFitter
    from matplotlib.figure import Figure

    counted = spells.group_by("family").len().filter(pl.col("len") >= MIN_SPELLS).sort("family")
    if counted.is_empty():
        return None
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for family, n in counted.iter_rows():
        rows = spells.filter(pl.col("family") == family)
        fitted = KaplanMeierFitter(alpha=0.2).fit(rows["left_days"], rows["has_returned"], entry=rows["entered_days"])
        at_risk = fitted.event_table["at_risk"]
        shown = at_risk.index[at_risk >= MIN_AT_RISK].max()
        share, band = 1 - fitted.survival_function_.loc[:shown, "KM_estimate"], 1 - fitted.confidence_interval_.loc[:shown]
        label = f"{family} {load_taxonomy().reason(family).name_en} (n = {n}, {rows['has_returned'].sum()} returned)"
        (drawn,) = axes.step(share.index, share, where="post", label=label)
        axes.fill_between(share.index, band.iloc[:, 0], band.iloc[:, 1], step="post", alpha=0.12, color=drawn.get_color())
    hidden = spells["family"].n_unique() - counted.height
    axes.set(xlabel="days since the lapse", ylabel="share that has returned untouched", xlim=(0, LONGEST_DAYS), ylim=(0, 1))
    title = "Kaplan-Meier time to return by reason family: lapses whose early notes name one (80 % band)"
    axes.set_title(
        title + (f"\n{hidden} families with fewer than {MIN_SPELLS} lapses are hidden" if hidden else ""), fontsize=9
    )
    axes.legend(fontsize=8)
    return png_of(figure)
