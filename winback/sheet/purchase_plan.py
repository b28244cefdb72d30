"""The purchase plan a sheet recommends: enough and cheapest.

Belongs here: choosing lines from what the account usually buys and what others buy with it. Does not belong here: reading
either (`plan_sql`).

Rules: for each category the cheapest product of those the account itself bought that is to be had (one that is out of stock
only where there is no other, with the day it arrives); its usual quantity, at least the minimum order; categories in the
order of how often they were bought, until the account's usual purchase is reached; one more line bought together with them,
the cheapest, and only if it does not cost more than they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from winback.sheet.sheet import PlanLine

MAX_USUAL_LINES = 3
MIN_BASKETS, MIN_ACCOUNTS, MIN_LIFT = 10, 5, 1.2
"""Least support of a pair: purchase days with both, accounts among them, and lift."""

_CENT = Decimal("0.01")


def purchase_plan(
    usual: Sequence[Mapping[str, Any]], together: Mapping[str, Sequence[Mapping[str, Any]]], usual_amount: Decimal | None
) -> tuple[PlanLine, ...]:
    """Lines for one account, the most often bought first.

    `usual` are the account's rows of `plan_sql.USUAL` in their order, `together` the rows of `plan_sql.TOGETHER` by item,
    `usual_amount` the account's usual purchase, which the usual lines stay within (one line always stands).
    """
    lines: list[PlanLine] = []
    items: list[str] = []
    for row in _cheapest_by_category(usual):
        line = _line(row, "overdue" if row["is_overdue"] else "usual")
        if lines and _sum(lines) + line.line_amount > (usual_amount or 0):
            continue
        lines.append(line)
        items.append(row["item"])
        if len(lines) == MAX_USUAL_LINES:
            break
    added = _bought_together(items, lines, together)
    return (*lines, *([added] if added else []))


def _cheapest_by_category(usual: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    by_category: dict[str, list[Mapping[str, Any]]] = {}
    for row in usual:
        by_category.setdefault(row["category"] or row["item"], []).append(row)
    for rows in by_category.values():
        yield min(rows, key=lambda row: (not _is_to_be_had(row), _line(row, "usual").line_amount, row["item"]))


def _bought_together(
    items: Sequence[str], lines: Sequence[PlanLine], together: Mapping[str, Sequence[Mapping[str, Any]]]
) -> PlanLine | None:
    taken = {line.category for line in lines}
    found = [
        _line(row, "together", together_with=line.category or line.product_name, lift=row["lift"])
        for item, line in zip(items, lines, strict=True)
        for row in together.get(item, ())
        if row["category"] not in taken and row["other_item"] not in items and _is_to_be_had(row)
    ]
    fitting = [line for line in found if line.line_amount <= _sum(lines)]
    return min(fitting, key=lambda line: (line.line_amount, -(line.lift or 0), line.product_name), default=None)


def _is_to_be_had(row: Mapping[str, Any]) -> bool:
    stock = row["stock_quantity"]
    return stock is None or stock >= _quantity(row)


def _quantity(row: Mapping[str, Any]) -> Decimal:
    """Usual quantity in whole units (from the usual amount where quantities are not known), at least the minimum order."""
    price, quantity = row["unit_price_amount"], row["usual_quantity"]
    if quantity is None and price and row["usual_amount"]:
        quantity = Decimal(str(row["usual_amount"])) / price
    whole = Decimal(str(quantity or 1)).quantize(Decimal(1), ROUND_CEILING)
    return max(whole, row["min_order_quantity"] or Decimal(1), Decimal(1))


def _line(row: Mapping[str, Any], why: str, together_with: str | None = None, lift: float | None = None) -> PlanLine:
    price = row["unit_price_amount"]
    quantity = _quantity(row) if price is not None else None
    amount = price * quantity if price is not None and quantity is not None else Decimal(str(row["usual_amount"] or 0))
    return PlanLine(
        product_id=row["product_id"],
        product_name=row["product_name"] or row["product_id"] or row["category"],
        category=row["category"],
        quantity=quantity,
        unit_price_amount=price,
        currency=row["currency"],
        line_amount=amount.quantize(_CENT),
        stock_quantity=row["stock_quantity"],
        arrives_on=row["arrives_on"],
        min_order_quantity=row["min_order_quantity"],
        promotion_to_on=row["promotion_to_on"],
        why=why,
        together_with=together_with,
        lift=lift,
    )


def _sum(lines: Sequence[PlanLine]) -> Decimal:
    return sum((line.line_amount for line in lines), Decimal(0))
