"""Pictures of what the contacts brought.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from winback.reasons.taxonomy import load_taxonomy
from winback.survival.gap_curve import MIN_AT_RISK
from winback.track.recovery import MIN_ACCOUNTS, POOL
from winback.track.regained import KEPT_DAYS, RETURN_KINDS, kept_curve

_MOST_TICKS = 8
_KIND_NAMES = {"worked": "worked by a rep", "not_worked": "listed, not worked", "holdout": "left alone by lot"}
_POLICY_NAMES = {
    "as_run": "what ran",
    "untouched": "everyone untouched",
    "plan": "plan for all",
    "rules": "rule by reason",
    "no_offer": "no offer",
    "best_arm": "best arm for all",
}


def effect_picture(effects: pl.DataFrame, experiment_id: str) -> bytes:
    """Return share treated less held out per week with its interval, the total as a band. `effects`: rows of `track_effect`."""
    figure, axes = _figure(8, 4)
    rows = effects.filter((pl.col("experiment_id") == experiment_id) & pl.col("return_difference_share").is_not_null())
    total, weeks = rows.filter(pl.col("effect_scope") == "total"), rows.filter(pl.col("effect_scope") == "week")
    axes.axhline(0, color="0.5", linewidth=1)
    if weeks.height:
        week = weeks.sort("week_on")
        value = (100 * week["return_difference_share"]).to_numpy()
        low, high = (100 * week[f"return_difference_{end}_share"].to_numpy() for end in ("low", "high"))
        on = week["week_on"].to_list()
        axes.errorbar(on, value, yerr=[value - low, high - value], fmt="o", markersize=4, capsize=3)
        shown = on[:: len(on) // _MOST_TICKS + 1]
        axes.set_xticks(shown, [day.isoformat() for day in shown], fontsize=8)
    axes.set(xlabel="week of assignment", ylabel="difference of return share, points")
    if total.height:
        row = total.row(0, named=True)
        low, middle, high = (100 * row[f"return_difference_{end}share"] for end in ("low_", "", "high_"))
        axes.axhspan(low, high, alpha=0.15, color="tab:green")
        axes.axhline(middle, color="tab:green", linewidth=1.5)
        axes.set_title(_effect_title(row, low, middle, high), fontsize=10)
    else:
        _say(axes, "Not enough settled accounts on both sides yet.")
    return _png(figure)


def _effect_title(row: dict[str, Any], low: float, middle: float, high: float) -> str:
    by_lot = "by lot" if row["effect_status"] == "experimental" else "NOT by lot: no effect can be told from it"
    sizes = f"{row['n_treated']:,} treated, {row['n_holdout']:,} held out, {by_lot}"
    return f"{row['experiment_id']}: {middle:+.1f} points [{low:+.1f}, {high:+.1f}]; {sizes}"


def policy_picture(values: pl.DataFrame, experiment_id: str) -> bytes:
    """Return share under each policy with its interval, doubly robust where there is one.

    `values`: rows of `track_policy_value`.
    """
    figure, axes = _figure(7, 3.5)
    order = {name: place for place, name in enumerate(("mean", "doubly_robust", "normalised", "weighted"))}
    rows = (
        values.filter((pl.col("experiment_id") == experiment_id) & pl.col("policy_return_share").is_not_null())
        .sort(pl.col("estimator").replace_strict(order, return_dtype=pl.Int64))
        .unique("policy", keep="first", maintain_order=True)
    )
    shown = {row["policy"]: row for row in rows.iter_rows(named=True)}
    names = list(_POLICY_NAMES)
    for place, policy in enumerate(names):
        row = shown.get(policy)
        if row is None:
            axes.text(0, place, " not shown: see the table", va="center", fontsize=8, color="0.5")
            continue
        low, middle, high = (100 * row[f"policy_return_{end}share"] for end in ("low_", "", "high_"))
        axes.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", capsize=3, color="tab:blue")
    axes.set_yticks(range(len(names)), [_POLICY_NAMES[name] for name in names], fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set(xlabel="share that returns within the horizon, % (95 % interval)", xlim=(0, None))
    axes.set_title(f"{experiment_id}: value of policies from logged chances", fontsize=10)
    return _png(figure)


def recovery_picture(recovery: pl.DataFrame) -> bytes:
    """Share of the accounts worked that returned, per reason, with interval and the pool. `recovery`: rows of `track_recovery`."""
    shown = recovery.filter(pl.col("recovery_share").is_not_null())
    reasons = shown.filter(pl.col("reason_code") != POOL).sort("reason_code")
    figure, axes = _figure(7, 1.5 + 0.35 * max(reasons.height, 3))
    pool = shown.filter(pl.col("reason_code") == POOL)
    if pool.height:
        row = pool.row(0, named=True)
        axes.axvspan(100 * row["recovery_low_share"], 100 * row["recovery_high_share"], alpha=0.15, color="tab:green")
        axes.axvline(100 * row["recovery_share"], color="tab:green", label=f"all {row['n_worked_accounts']:,} worked")
        axes.legend(fontsize=8)
    for place, row in enumerate(reasons.iter_rows(named=True)):
        low, middle, high = (100 * row[f"recovery_{end}share"] for end in ("low_", "", "high_"))
        axes.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", capsize=3, color="tab:blue")
    names = [f"{r['reason_code']} {_reason(r['reason_code'])} (n {r['n_worked_accounts']})" for r in reasons.to_dicts()]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5) if names else _say(axes, f"No reason with {MIN_ACCOUNTS} accounts worked yet.")
    axes.set(xlabel="returned, % of those worked (some come back anyway)", xlim=(0, None))
    return _png(figure)


def kept_picture(returns: pl.DataFrame) -> bytes:
    """Share not lapsed again over the days since the return, one line per way of coming back.

    `returns`: rows of `track_returns`.
    """
    figure, axes = _figure(7, 4)
    for kind in RETURN_KINDS:
        rows = returns.filter(pl.col("return_kind") == kind)
        curve = kept_curve(rows)
        if curve.n_gaps >= MIN_AT_RISK:
            days = range(curve.last_day + 1)
            axes.step(
                days, 100 * curve.survival[: len(days)], where="post", label=f"{_KIND_NAMES[kind]} (n {rows.height:,})"
            )
    for day in KEPT_DAYS:
        axes.axvline(day, color="0.85", linewidth=1)
    axes.set(xlabel="days since the return", ylabel="not lapsed again, %", ylim=(0, 102), xlim=(0, None))
    axes.legend(fontsize=8) if axes.lines[len(KEPT_DAYS) :] else _say(axes, f"Fewer than {MIN_AT_RISK} returns yet.")
    return _png(figure)


def _reason(code: str) -> str:
    return load_taxonomy().reason(code).name_en


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _say(axes: Any, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, fontsize=9)


def _png(figure: Any) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
