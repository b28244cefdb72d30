"""The Complete Journey on a miniature of its data folder."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from winback.errors import UsageError
from winback.importers.completejourney import read_completejourney
from winback.importers.dry_run import preview

TRANSACTIONS = [
    # household, product, quantity, value, card, coupon, match, time in UTC
    (1, 10, 1, 0.29, 0.1, 0.0, 0.0, datetime(2017, 1, 2, 3, 30)),  # still New Year's Day in New York
    (1, 11, 2, 5.0, 0.0, 1.0, 0.5, datetime(2017, 7, 2, 3, 59)),  # the evening before, in summer time
    (1, 12, 1, 4.0, 0.0, 1.0, 0.0, datetime(2017, 7, 5, 16, 0)),
    (1, 12, 1, 4.0, 0.0, 1.0, 0.0, datetime(2017, 7, 5, 16, 0)),
    (2, 99, 0, 1.8e-15, 0.0, 0.0, 0.0, datetime(2017, 3, 1, 16, 0)),  # nothing
    (2, 10, 1, 0.0, 2.0, 0.0, 0.0, datetime(2017, 3, 2, 16, 0)),  # for free
    (2, 11, 0, 0.0, 0.0, 1.0, 0.0, datetime(2017, 7, 6, 16, 0)),  # nothing but a coupon
    (2, 12, 1, 9.0, 0.0, 2.0, 0.0, datetime(2017, 7, 7, 16, 0)),
]
REDEMPTIONS = [
    (1, 501, 1, datetime(2017, 7, 1)),  # told: line 2
    (1, 502, 1, datetime(2017, 7, 5)),  # line 3 or 4
    (2, 501, 1, datetime(2017, 7, 6)),  # line 7, which is nothing
    (2, 502, 1, datetime(2017, 7, 7)),  # line 8
    (2, 503, 2, datetime(2017, 7, 7)),  # line 8 as well, under another campaign
    (2, 501, 1, datetime(2017, 7, 8)),  # no such day
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    at = pl.Datetime("ns")
    (tmp_path / "data").mkdir()

    def write(name: str, rows: list[tuple[object, ...]], **schema: pl.DataType | type[pl.DataType]) -> None:
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(tmp_path / "data" / f"{name}.parquet")

    i, f, s = pl.Int64, pl.Float64, pl.String
    write(
        "transactions",
        [(h, 300, n, p, q, v, r, c, m, 1, t) for n, (h, p, q, v, r, c, m, t) in enumerate(TRANSACTIONS)],
        household_id=i,
        store_id=i,
        basket_id=i,
        product_id=i,
        quantity=i,
        sales_value=f,
        retail_disc=f,
        coupon_disc=f,
        coupon_match_disc=f,
        week=i,
        transaction_timestamp=at,
    )
    products = [
        (10, 1, "GROCERY", "National", "FRZN ICE", "ICE", "22 LB"),
        (11, 1, "PASTRY", "Private", "BREAD", "ITALIAN", None),
        (12, 1, "MISC", "Private", None, None, None),
    ]
    write(
        "products",
        products,
        product_id=i,
        manufacturer_id=i,
        department=s,
        brand=s,
        product_category=s,
        product_type=s,
        package_size=s,
    )
    write("demographics", [(1, "65+", "2"), (77, "65+", "1")], household_id=i, age=s, household_size=s)
    write("campaigns", [(1, 1), (1, 2), (2, 3), (9, 1)], campaign_id=i, household_id=i)
    described = [
        (1, "Type A", datetime(2016, 12, 28), datetime(2017, 8, 1)),
        (2, "Type B", datetime(2017, 7, 1), datetime(2017, 9, 1)),
    ]
    write("campaign_descriptions", described, campaign_id=i, campaign_type=s, start_date=at, end_date=at)
    write("coupons", [(501, 11, 1), (501, 11, 1), (502, 12, 1), (503, 12, 2)], coupon_upc=i, product_id=i, campaign_id=i)
    write("coupon_redemptions", list(REDEMPTIONS), household_id=i, coupon_upc=i, campaign_id=i, redemption_date=at)
    return tmp_path


def test_spend_is_local_and_exact(folder: Path) -> None:
    spend = read_completejourney(folder).tables["spend"]
    assert spend.select("spend_line_id", "spent_on", "amount", "discount_amount", "category", "offer_id").rows() == [
        ("cj-1", date(2017, 1, 1), Decimal("0.2900"), Decimal("0.1000"), "FRZN ICE", None),
        ("cj-2", date(2017, 7, 1), Decimal("5.0000"), Decimal("0.5000"), "BREAD", "campaign-1"),
        ("cj-3", date(2017, 7, 5), Decimal("4.0000"), Decimal("0.0000"), "MISC", None),
        ("cj-4", date(2017, 7, 5), Decimal("4.0000"), Decimal("0.0000"), "MISC", None),
        ("cj-6", date(2017, 3, 2), Decimal("0.0000"), Decimal("2.0000"), "FRZN ICE", None),
        ("cj-8", date(2017, 7, 7), Decimal("9.0000"), Decimal("0.0000"), "MISC", None),
    ]
    assert spend["spent_at"][:2].to_list() == [datetime(2017, 1, 1, 22, 30), datetime(2017, 7, 1, 23, 59)]


def test_households_mailings_and_offers(folder: Path) -> None:
    log = read_completejourney(folder)
    assert log.tables["accounts"].select("account_id", "size_class", "opened_on", "valid_from_on").rows() == [
        ("1", "2", date(2017, 1, 1), date(2016, 12, 28)),
        ("2", None, date(2017, 3, 2), date(2016, 12, 28)),
        ("3", None, None, date(2017, 7, 1)),  # got a mailing, never bought
    ]
    assert log.tables["touchpoints"].select("touchpoint_id", "account_id", "touched_on", "matter_id").rows() == [
        ("cj-mailing-1", "1", date(2016, 12, 28), "campaign-1"),
        ("cj-mailing-2", "2", date(2016, 12, 28), "campaign-1"),
        ("cj-mailing-3", "3", date(2017, 7, 1), "campaign-2"),
    ]
    assert set(log.tables["touchpoints"].select("channel", "direction", "kind").unique().row(0)) == {"mail", "out", "notice"}
    assert log.tables["offers"]["offer_ends_on"].to_list() == [date(2017, 8, 1), date(2017, 9, 1)]
    assert log.tables["products"].select("product_name", "category").rows() == [
        ("ICE, 22 LB", "FRZN ICE"),
        ("ITALIAN", "BREAD"),
        (None, "MISC"),
    ]


def test_every_source_row_is_accounted_for(folder: Path) -> None:
    log = read_completejourney(folder)
    assert log.left_out == {
        "coupon redemptions of several campaigns on one line": 2,
        "coupon redemptions on a line without quantity and value": 1,
        "coupon redemptions with no line that day from which such a coupon was taken off": 1,
        "coupon redemptions with several lines they could be about": 1,
        "demographics of households without spend or mailing": 1,
        "mailings of campaigns that are not described": 1,
        "transaction lines without quantity and value": 2,
    }
    assert sum(log.taken_in.values()) == 1 + 1 + 4
    assert log.n_source_rows == log.n_accounted == 8 + 3 + 2 + 4 + 2 + 4 + 6
    assert "Simulated data" in log.source_note


def test_rows_pass_the_row_rules(folder: Path) -> None:
    for table in preview(read_completejourney(folder).tables, base_currency="USD", received_on=date(2018, 1, 1)):
        assert (table.n_good, table.n_held) == (table.n_rows, 0), table.held


def test_missing_files_and_columns_are_all_named(folder: Path) -> None:
    (folder / "data" / "coupons.parquet").unlink()
    pl.DataFrame({"campaign_id": [1]}).write_parquet(folder / "data" / "campaigns.parquet")
    with pytest.raises(UsageError, match=r"campaigns.parquet lacks household_id; coupons.parquet is missing"):
        read_completejourney(folder)
