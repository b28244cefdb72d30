"""The report of a simulated market.

Belongs here: one self-contained HTML page with the pictures and quantiles of a market beside real logs. Does not belong here:
the figures (`winback.simulate.compare`, `winback.simulate.pictures`).
"""

from __future__ import annotations

import base64
import html
from pathlib import Path

import polars as pl

from assets.workspace import Workspace, write_atomically
from winback.simulate.compare import counted_spend, side_by_side
from winback.simulate.market import Market
from winback.simulate.pictures import draw_pictures

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}img{max-width:100%}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.2em .8em;text-align:right}"
    "td:first-child,td:nth-child(2),td:nth-child(3){text-align:left}"
)


def write_report(workspace: Workspace, market: Market, real_logs: dict[str, pl.DataFrame]) -> Path:
    """Write `report.html` into the workspace and return its path. `real_logs`: account_id, spent_on, amount by name."""
    pictures = draw_pictures(market.tables, market.truth, real_logs)
    quantiles = side_by_side({"simulated": counted_spend(market.tables["spend"])} | real_logs)
    body = "".join(
        f'<h2>{html.escape(name.replace("_", " "))}</h2><img alt="{html.escape(name)}" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for name, png in pictures.items()
    )
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated market</title><style>{_STYLE}</style>'
        "<h1>A simulated market beside real logs</h1><p>Everything called simulated was drawn from "
        f"parameters, not observed.</p>{_table(quantiles)}{body}</html>\n"
    )
    path = workspace.root / "report.html"
    write_atomically(path, page.encode("utf-8"))
    return path


def _table(quantiles: pl.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(c)}</th>" for c in quantiles.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(v)}</td>" for v in row) + "</tr>"
        for row in quantiles.sort("quantity", "log").iter_rows()
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else html.escape(str(value))
