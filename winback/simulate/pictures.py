"""Pictures of a simulated market beside real logs.

Belongs here: drawing. Does not belong here: the figures behind the pictures (`compare`, `truth`). Every title says that the
market is simulated.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from winback.simulate.compare import counted_spend, lapses_by_silence, return_curve
from winback.simulate.parameters import CODES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FOLLOW_DAYS = 182


def draw_pictures(
    tables: dict[str, pl.DataFrame], truth: dict[str, pl.DataFrame], real_logs: dict[str, pl.DataFrame]
) -> dict[str, bytes]:
    """PNG images by name: spend_over_time, lapses_by_reason, returns_by_reason, notes_by_language.

    `tables` and `truth` are those of a market; `real_logs` holds spend frames (account_id, spent_on, amount) by the name to
    print. Spend is drawn against each log's own weekly mean, since currencies and calendars differ.
    """
    simulated = counted_spend(tables["spend"])
    return {
        "spend_over_time": _picture(lambda ax: _spend_over_time(ax, {"simulated": simulated} | real_logs)),
        "lapses_by_reason": _picture(lambda ax: _lapses_by_reason(ax, truth["lapses"])),
        "returns_by_reason": _picture(
            lambda ax: _returns_by_reason(ax, truth["lapses"], truth["returns"], {"simulated": simulated} | real_logs)
        ),
        "notes_by_language": _picture(lambda ax: _notes_by_language(ax, tables["touchpoints"], tables["accounts"])),
    }


def _picture(draw: Callable[[Axes], None]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots())
    image = io.BytesIO()
    # no software stamp: the same figures give the same bytes
    figure.savefig(image, format="png", dpi=110, metadata={"Software": None})
    return image.getvalue()


def _spend_over_time(axes: Axes, logs: dict[str, pl.DataFrame]) -> None:
    for name, spend in logs.items():
        weekly = (
            spend.group_by(pl.col("spent_on").dt.truncate("1w").alias("week"))
            .agg(pl.col("amount").cast(pl.Float64).sum())
            .sort("week")[1:-1]
        )
        mean = weekly["amount"].mean()
        weeks = list(range(weekly.height))
        axes.plot(weeks, (weekly["amount"] / mean).to_list(), label=name, linewidth=2 if name == "simulated" else 1)
    axes.set(title="Simulated market: spend over time beside real logs", xlabel="week of the log",
             ylabel="spend of the week / mean week")  # fmt: skip
    axes.legend()


def _lapses_by_reason(axes: Axes, lapses: pl.DataFrame) -> None:
    for code in CODES:
        days = lapses.filter(pl.col("reason_code") == code)["left_on"].sort()
        if len(days):
            axes.plot(days.to_list(), list(range(1, len(days) + 1)), label=code, color=_colour(code))
    axes.set(title="Simulated market: lapses so far by true reason", xlabel="day of leaving", ylabel="lapses")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small")


def _returns_by_reason(axes: Axes, lapses: pl.DataFrame, returns: pl.DataFrame, logs: dict[str, pl.DataFrame]) -> None:
    end = lapses["left_on"].max()
    followed = lapses.filter(pl.col("left_on") + pl.duration(days=_FOLLOW_DAYS) <= pl.lit(end))
    waits = followed.join(returns.select("account_id", "lapse_no", "delay_days"), on=["account_id", "lapse_no"], how="left")
    waits = waits.with_columns(return_days=pl.when(pl.col("delay_days") <= _FOLLOW_DAYS).then(pl.col("delay_days")))
    for code in CODES:
        curve = return_curve(waits.filter(pl.col("reason_code") == code), follow_days=_FOLLOW_DAYS)
        axes.plot(curve["days"].to_list(), curve["returned_share"].to_list(), label=code, color=_colour(code), alpha=0.7)
    for name, style in zip(logs, ("-", "--", ":", "-."), strict=False):
        curve = return_curve(lapses_by_silence(logs[name], follow_days=_FOLLOW_DAYS), follow_days=_FOLLOW_DAYS)
        axes.plot(curve["days"].to_list(), curve["returned_share"].to_list(), label=f"{name}, 90 days' silence",
                  color="black", linestyle=style, linewidth=2)  # fmt: skip
    axes.set(title="Simulated market: returns since leaving by true reason, beside logs by silence",
             xlabel="days since the lapse", ylabel="share returned")  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small")


def _notes_by_language(axes: Axes, touchpoints: pl.DataFrame, accounts: pl.DataFrame) -> None:
    language = accounts.select("account_id", pl.col("language").str.slice(0, 2)).unique()
    notes = (
        touchpoints.filter(pl.col("note_text").is_not_null())
        .join(language, on="account_id")
        .group_by(pl.col("touched_on").dt.truncate("1w").alias("week"), "language")
        .len()
        .sort("week")
    )
    for tag in ("zh", "en"):
        of_language = notes.filter(pl.col("language") == tag)
        axes.plot(of_language["week"].to_list(), of_language["len"].to_list(), label=tag)
    axes.set(title="Simulated market: notes a week by language", xlabel="week", ylabel="notes")
    axes.legend()


def _colour(code: str) -> str:
    from matplotlib import colormaps, colors

    return colors.to_hex(colormaps["tab20"](CODES.index(code) / len(CODES)))
