"""Units with logged chances, the arms that were open to them, and the arm a policy would have given.

Belongs here: which settled units can value a policy, and their targets under the named policies. Does not belong here: the
estimates (`policy_estimates`), their table (`policy_value`).

An action is an assignment with an arm: left alone (holdout), the plan's arm (treated), or an arm drawn by lot (explore). A policy
asks for the plan's arm from the treated rows and for any other arm from the explored ones; so every chance it needs is the one
logged with the row, and none has to be reckoned from settings of the past.
"""

from __future__ import annotations

import polars as pl

PLAN_ARM = ("plan_play_id", "plan_offer_id")
NO_OFFER = ""


def logged_units(units: pl.DataFrame, options: pl.DataFrame) -> pl.DataFrame:
    """The settled rows of `track_units` with logged chances, and `action_prob`, the chance of what was done to them.

    Adds the arm itself (`play_id`, `offer_id`; an empty offer stands for none), the plan's arm where it is known (own row,
    options of the row, or the experiment has but one arm) and the cost of the arm. `options`: rows of `ledger_options`.
    """
    logged = units.filter(
        pl.col("is_settled")
        & (pl.col("assignment_prob") > 0)
        & ((pl.col("arm_prob") > 0) | (pl.col("assignment") != "explore")).fill_null(value=False)
    ).with_columns(
        pl.col("offer_id").fill_null(NO_OFFER),
        action_prob=pl.col("assignment_prob")
        * pl.when(pl.col("assignment") == "holdout").then(1.0).otherwise(pl.col("arm_prob").fill_null(1.0)),
    )
    arms = options.with_columns(pl.col("offer_id").fill_null(NO_OFFER))
    chosen = arms.filter(pl.col("is_plan_choice")).select("row_key", plan_play_id="play_id", plan_offer_id="offer_id")
    given = arms.select("row_key", "play_id", "offer_id", "offer_cost_amount", "minutes")
    joined = logged.join(chosen, on="row_key", how="left").join(given, on=["row_key", "play_id", "offer_id"], how="left")
    return _with_plan_arm(joined).sort("row_key")


def targets_of(
    policy: str, logged: pl.DataFrame, options: pl.DataFrame, arm: tuple[str, str] | None = None
) -> pl.DataFrame | None:
    """What `policy` would do to each row of `logged`: `target` (assignment), `target_play_id` and `target_offer_id`.

    None where that cannot be known, because the arms open to a row were not logged. `best_arm` takes the arm it stands for.
    """
    if policy == "untouched":
        return _targets(logged, pl.lit("holdout"), pl.lit(None, pl.String), pl.lit(None, pl.String))
    if policy == "plan":
        return _targets(logged, pl.lit("treated"), pl.col("plan_play_id"), pl.col("plan_offer_id"))
    if not _have_options(logged, options):
        return None
    arms = options.with_columns(pl.col("offer_id").fill_null(NO_OFFER)).select(
        "row_key", "play_id", "offer_id", "is_rule_choice"
    )
    if policy == "rules":
        wanted = arms.filter(pl.col("is_rule_choice"))
    elif policy == "no_offer":
        plans = logged.select("row_key", play_id="plan_play_id", offer_id=pl.lit(NO_OFFER))
        wanted = plans.join(arms, on=["row_key", "play_id", "offer_id"], how="semi")
    else:
        play_id, offer_id = arm or ("", "")
        wanted = arms.filter((pl.col("play_id") == play_id) & (pl.col("offer_id") == offer_id))
    return _towards(logged, wanted, is_else_untouched=policy == "best_arm")


def _towards(logged: pl.DataFrame, wanted: pl.DataFrame, *, is_else_untouched: bool) -> pl.DataFrame:
    """Rows go to the wanted arm; those to whom it is not open are left alone, or keep the plan's arm."""
    arms = wanted.select("row_key", wanted_play_id="play_id", wanted_offer_id="offer_id")
    rows = logged.join(arms, on="row_key", how="left", maintain_order="left")
    is_open = pl.col("wanted_play_id").is_not_null()
    is_plans = (pl.col("wanted_play_id") == pl.col("plan_play_id")) & (pl.col("wanted_offer_id") == pl.col("plan_offer_id"))
    otherwise = "holdout" if is_else_untouched else "treated"
    target = (
        pl.when(is_open & is_plans)
        .then(pl.lit("treated"))
        .when(is_open)
        .then(pl.lit("explore"))
        .otherwise(pl.lit(otherwise))
    )
    play, offer = (
        pl.when(is_open).then(pl.col(f"wanted_{name}")).when(not is_else_untouched).then(pl.col(f"plan_{name}"))
        for name in ("play_id", "offer_id")
    )
    return _targets(rows, target, play, offer)


def _targets(rows: pl.DataFrame, target: pl.Expr, play: pl.Expr, offer: pl.Expr) -> pl.DataFrame:
    return rows.select("row_key", target=target, target_play_id=play, target_offer_id=offer)


def _have_options(logged: pl.DataFrame, options: pl.DataFrame) -> bool:
    with_plan = options.filter(pl.col("is_plan_choice")).select("row_key")
    return logged.height > 0 and logged.join(with_plan, on="row_key", how="anti").is_empty()


def _with_plan_arm(rows: pl.DataFrame) -> pl.DataFrame:
    """Without options treated and held out rows tell the plan's arm themselves; an experiment with one arm tells it of all."""
    touched = rows.filter(pl.col("assignment") != "holdout").select("play_id", "offer_id").unique()
    only = touched.row(0) if touched.height == 1 else (None, None)
    is_own = pl.col("assignment").is_in(["treated", "holdout"]) & pl.col("play_id").is_not_null()
    return rows.with_columns(
        pl.coalesce(f"plan_{name}", pl.when(is_own).then(pl.col(name)), pl.lit(value, pl.String)).alias(f"plan_{name}")
        for name, value in zip(("play_id", "offer_id"), only, strict=True)
    )
