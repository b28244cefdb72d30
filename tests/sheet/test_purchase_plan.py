"""The purchase plan: enough and cheapest, worked by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from winback.sheet.purchase_plan import MAX_USUAL_LINES, purchase_plan


def bought(category: str, product: str | None, price: float | None, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "item": product or category, "product_id": product, "category": category, "n_days": 5, "usual_quantity": 10,
        "usual_amount": Decimal(100), "is_overdue": False, "product_name": product,
        "unit_price_amount": None if price is None else Decimal(str(price)), "currency": "CNY", "stock_quantity": None,
        "arrives_on": None, "min_order_quantity": None, "promotion_to_on": None,
    }  # fmt: skip
    return row | more


def with_it(category: str, product: str, price: float, lift: float = 2.0, **more: Any) -> dict[str, Any]:
    return bought(category, product, price, **more) | {"other_item": product, "lift": lift}


def test_the_cheaper_of_two_products_of_a_category_is_recommended() -> None:
    (line,) = purchase_plan([bought("paper", "dear", 3), bought("paper", "cheap", 2)], {}, Decimal(100))
    assert (line.product_name, line.quantity, line.line_amount, line.why) == ("cheap", 10, Decimal("20.00"), "usual")


def test_one_that_is_to_be_had_beats_a_cheaper_one_that_is_not() -> None:
    out = bought("paper", "cheap", 2, stock_quantity=Decimal(3), arrives_on=date(2026, 3, 9))
    (line,) = purchase_plan([out, bought("paper", "dear", 3, stock_quantity=Decimal(50))], {}, Decimal(100))
    assert line.product_name == "dear"
    (line,) = purchase_plan([out], {}, Decimal(100))
    assert (line.product_name, line.arrives_on) == ("cheap", date(2026, 3, 9)), "where there is no other, with its arrival"


def test_quantities_are_whole_and_at_least_the_minimum_order() -> None:
    (line,) = purchase_plan([bought("paper", "p", 2, usual_quantity=3.2, min_order_quantity=Decimal(5))], {}, None)
    assert line.quantity == 5
    (line,) = purchase_plan([bought("ads", "p", 1, usual_quantity=None, usual_amount=Decimal("1234.5"))], {}, None)
    assert line.quantity == 1235, "from the usual amount where quantities are not known"
    (line,) = purchase_plan([bought("ads", None, None)], {}, None)
    assert (line.product_name, line.quantity, line.line_amount) == ("ads", None, Decimal("100.00"))


def test_lines_stay_within_the_usual_purchase() -> None:
    """30 of 100 is left after the first line: the second (50) does not fit, the third (25) does."""
    usual = [bought(name, name, price) for name, price in (("a", 7), ("b", 5), ("c", 2.5))]
    assert [line.product_name for line in purchase_plan(usual, {}, Decimal(100))] == ["a", "c"]
    assert [line.product_name for line in purchase_plan(usual, {}, Decimal(1))] == ["a"], "one line always stands"


def test_the_cheapest_of_what_is_bought_together_is_added_but_nothing_dearer_than_the_rest() -> None:
    together = {
        "a": [
            with_it("x", "dear", 9),
            with_it("y", "cheap", 1, lift=1.3),
            with_it("z", "gone", 0.1, stock_quantity=Decimal(0)),
        ]
    }
    *_, line = purchase_plan([bought("a", "a", 5)], together, Decimal(100))
    assert (line.product_name, line.why, line.together_with, line.lift) == ("cheap", "together", "a", 1.3)
    assert len(purchase_plan([bought("a", "a", 5)], {"a": [with_it("x", "dear", 9)]}, Decimal(100))) == 1
    assert len(purchase_plan([bought("a", "a", 5)], {"a": [with_it("a", "other", 1)]}, Decimal(100))) == 1, "same category"


def test_nothing_bought_gives_no_plan() -> None:
    assert purchase_plan([], {}, Decimal(100)) == ()


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 500), st.integers(1, 40)), max_size=12),
    st.integers(0, 5000),
)
def test_never_more_than_the_usual_purchase_but_for_one_line(rows: list[tuple[str, int, int]], budget: int) -> None:
    usual = [bought(c, f"{c}{n}", price, usual_quantity=q) for n, (c, price, q) in enumerate(rows)]
    lines = purchase_plan(usual, {}, Decimal(budget))
    assert len(lines) <= MAX_USUAL_LINES and (len(lines) > 0) == bool(rows)
    assert len({line.category for line in lines}) == len(lines)
    assert len(lines) <= 1 or sum(line.line_amount for line in lines) <= budget
    for line in lines:
        assert line.line_amount == min(p * q for c, p, q in rows if c == line.category)
