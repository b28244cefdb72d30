"""The manager's figures as tidy rows: what `manager.csv` holds.

Belongs here: from sections to one row per figure. Does not belong here: the figures (`manager_sections`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from winback.pages.manager_sections import ManagerSection
from winback.pages.measures import cell_text, group_text, title_of, unit_of
from winback.pages.words import Words

_SCHEMA = {
    "week_on": pl.Date,
    "figure_no": pl.Int64,
    "section": pl.String,
    "section_name": pl.String,
    "group_name": pl.String,
    "measure": pl.String,
    "measure_name": pl.String,
    "value_number": pl.Float64,
    "value_text": pl.String,
    "unit": pl.String,
}


def manager_rows(sections: tuple[ManagerSection, ...], *, week_on: date, language: str, currency: str) -> pl.DataFrame:
    """Rows of `out_manager`: section, group and measure as codes and in words, and the value as a number or a text.

    Figures that are not known have no row. Doubles are rounded to six digits.
    """
    words = Words(language)
    found = []
    for section in sections:
        for group, values in section.rows:
            for measure, value in values.items():
                if value is None:
                    continue
                number = _number(value)
                found.append(
                    {
                        "section": section.name,
                        "section_name": words.section(section.name),
                        "group_name": group_text(section.name, group, words),
                        "measure": measure,
                        "measure_name": title_of(measure, words, section.table),
                        "value_number": number,
                        "value_text": None if number is not None else cell_text(measure, value, words),
                        "unit": unit_of(measure, currency),
                    }
                )
    rows = [{"week_on": week_on, "figure_no": number, **row} for number, row in enumerate(found, start=1)]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _number(value: Any) -> float | None:
    return round(float(value), 6) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None
