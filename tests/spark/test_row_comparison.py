"""The comparison of rows lets nothing pass that it should not."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from row_comparison import differences

ROWS = {
    "account_id": ["a", "b"],
    "paid_on": [date(2026, 3, 2), None],
    "amount": [Decimal("1.5000"), Decimal(2)],
    "prob": [0.1, 0.2],
}


def test_order_of_rows_and_the_last_bits_of_doubles_do_not_matter() -> None:
    other = pa.table(ROWS | {"prob": [0.1 + 1e-12, 0.2]}).take([1, 0])
    assert differences(pa.table(ROWS), other) == []


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": ["a", "c"]},
        {"paid_on": [date(2026, 3, 3), None]},
        {"paid_on": [None, None]},
        {"amount": [Decimal("1.5001"), Decimal(2)]},
        {"amount": [1.5, 2.0]},
        {"prob": [0.1, 0.200001]},
        {"prob": [0.1, None]},
        {"rank": [1, 2]},
        {column: values[:1] for column, values in ROWS.items()},
    ],
)
def test_a_difference_is_told(change: dict) -> None:
    assert differences(pa.table(ROWS), pa.table(ROWS | change))
