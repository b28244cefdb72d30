"""CDNOW: every purchase of 23,570 customers of a music shop, 1997-01 to 1998-06.

Belongs here: reading the log as the `lifetimes` wheel ships it. Does not belong here: finding the wheel.
"""

from __future__ import annotations

import polars as pl

from winback.config import Settings, WorkspaceSettings
from winback.errors import UsageError
from winback.importers.imported import ImportedLog

N_CUSTOMERS = 23_570
N_PURCHASES = 69_659

SOURCE_NOTE = """# CDNOW purchase log

69,659 purchases of the 23,570 customers who made their first purchase at the web shop CDNOW in the first quarter of 1997,
until the end of June 1998. Real customers, real purchases.

Shipped as `CDNOW_master.txt` in the Python package `lifetimes` (MIT licence); published by Bruce Hardie with
Fader, P. S. and Hardie, B. G. S. (2001), "Forecasting Repeat Sales at CDNOW: A Case Study", Interfaces 31(3), S94-S107.

255 lines are identical to another line; they are genuine and stay, each with an id of its own.
"""


def read_cdnow(text: str) -> ImportedLog:
    """The log from the text of `CDNOW_master.txt`: customer, date as YYYYMMDD, number of CDs, dollars, blank-separated.

    Every purchase keeps an id from its line, so identical lines stay apart. An account is known from its first purchase.
    Raises UsageError if the text is not that log.
    """
    cells = (
        pl.Series("line", text.splitlines())
        .to_frame()
        .with_row_index("line_no", offset=1)
        .filter(pl.col("line").str.contains(r"^\s*[0-9]"))
        .with_columns(pl.col("line").str.extract_all(r"\S+").alias("cells"))
    )
    spend = cells.select(
        spend_line_id=pl.format("cdnow-{}", pl.col("line_no")),
        account_id=pl.col("cells").list.get(0, null_on_oob=True),
        spent_on=pl.col("cells").list.get(1, null_on_oob=True).str.to_date("%Y%m%d", strict=False),
        quantity=pl.col("cells").list.get(2, null_on_oob=True),
        amount=pl.col("cells").list.get(3, null_on_oob=True),
    )
    if spend.height == 0 or spend.null_count().sum_horizontal().item():
        raise UsageError("this is not the CDNOW log: every line must hold customer, date, number of CDs and dollars")
    accounts = (
        spend.group_by("account_id")
        .agg(opened_on=pl.col("spent_on").min(), valid_from_on=pl.col("spent_on").min())
        .with_columns(business_kind=pl.lit("music shop customer"), language=pl.lit("en"))
        .sort("account_id")
    )
    settings = Settings(
        workspace=WorkspaceSettings(
            language="en", timezone="America/New_York", clock="data", base_currency="USD", phone_region="US"
        )
    )
    tables = {"accounts": accounts, "spend": spend}
    return ImportedLog("cdnow", tables, settings, SOURCE_NOTE, spend.height, derived=("accounts",))
