"""Properties of loading over generated files: the sums always hold, nothing but a refusal is ever raised.

Each property runs over a few examples with the fast tests and over many with the slow ones.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st


def property_of(*examples: Any, few: int, **strategies: Any) -> Callable[[Callable[..., None]], Any]:
    """The decorated property over `few` examples, and as a slow test over twenty times as many."""

    def decorate(check: Callable[..., None]) -> Any:
        @pytest.mark.parametrize("n_examples", [few, pytest.param(20 * few, marks=pytest.mark.slow)])
        def test(new_house: Any, n_examples: int) -> None:
            def run(**values: Any) -> None:
                check(new_house, **values)

            for values in examples:
                run = example(**values)(run)
            settings(deadline=None, max_examples=n_examples, database=None)(given(**strategies)(run))()

        test.__doc__ = check.__doc__
        return test

    return decorate


NAMES = "account_id,account_name"
HOSTILE = [
    '"',
    "\u3000",
    '""',
    '"a,b"',
    '"open',
    'x"y',
    "",
    " ",
    "\t",
    "\0",
    "\r",
    "\n",
    '"a\nb"',
    "客户",
    "=1+1",
    "é",
    ";",
    "\ufeff",
]
CELLS = st.one_of(st.text(max_size=6), st.sampled_from(HOSTILE))
LINES = st.lists(CELLS, min_size=1, max_size=4).map(",".join)
TEXTS = st.tuples(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()).map(
    lambda t: t[1].join([NAMES, *t[0]]) + (t[1] if t[2] else "")
)


def encoded(text: str) -> st.SearchStrategy[bytes]:
    forms = [
        text.encode("utf-8", "replace"),
        codecs.BOM_UTF8 + text.encode("utf-8", "replace"),
        text.encode("gb18030", "replace"),
        codecs.BOM_UTF16_LE + text.encode("utf-16-le", "replace"),
    ]
    return st.sampled_from(forms)


def broken(data: bytes) -> st.SearchStrategy[bytes]:
    """`data` with up to three bytes put in, cut at some point."""
    pieces = st.sampled_from([b"\xff", b"\x80", b'"', b"\n", b"\0", b"\r"])
    inserts = st.lists(st.tuples(st.integers(0, len(data)), pieces), max_size=3)

    def put(places: list[tuple[int, bytes]], end: int) -> bytes:
        made = data
        for at, piece in places:
            made = made[:at] + piece + made[at:]
        return made[: len(made) - end]

    return st.builds(put, inserts, st.sampled_from([0, 0, 0, 1, 5]))


@property_of(
    {"data": b"account_id,account_name\nA1,\xff\n"},
    {"data": b'account_id,account_name\nA1,"open\nA2,b\n'},
    {"data": b"account_id,account_name\nA1\n"},
    few=5,
    data=TEXTS.flatmap(encoded).flatmap(broken),
)
def test_messy_files_never_raise_and_the_sums_always_hold(new_house, data):
    """`deliver` lets no exception through and checks the sums against the tables."""
    house = new_house()
    (sums,) = house.deliver({"accounts.csv": data})
    assert sums.received == sums.loaded + sums.quarantined + sums.duplicate
    # A record has at least one line of its own.
    assert sums.received <= data.count(b"\n") + data.count(b"\r") + 1
    # The same bytes again are duplicates to the last record, unless the file was refused.
    (again,) = house.deliver({"accounts_again.csv": data})
    assert again == (sums if sums.state == "rejected" else ("loaded", sums.received, 0, 0, sums.received))


@property_of(few=6, data=st.binary(max_size=200), suffix=st.sampled_from(["csv", "parquet"]))
def test_bytes_of_any_kind_never_raise(new_house, data, suffix):
    house = new_house()
    for content in (data, (b"account_id\n" if suffix == "csv" else b"PAR1") + data):
        ((state, *_),) = house.deliver({f"accounts.{suffix}": content})
        assert state in ("loaded", "rejected")


GOOD_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=5)
BROKEN_LINES = [b'X,"never closed', b"X", b"X,1,2", b'X,"a"b', b"X,\xff", b'"X', b'X,"', b"\xff\xfe,y", b"X,\0", b'X,"""']


@property_of(
    *({"names": ["客户", 'say "hi", twice'], "line": line, "at": 1, "newline": b"\n"} for line in BROKEN_LINES),
    few=5,
    names=st.lists(GOOD_NAMES, min_size=1, max_size=6),
    line=st.sampled_from(BROKEN_LINES),
    at=st.integers(0, 6),
    newline=st.sampled_from([b"\n", b"\r\n"]),
)
def test_one_broken_line_costs_one_record_and_all_others_load(new_house, names, line, at, newline):
    house = new_house()
    lines = [f'A{n},"{name.replace(chr(34), chr(34) * 2)}"'.encode() for n, name in enumerate(names)]
    lines.insert(at, line)
    n = len(names)
    assert house.deliver({"accounts.csv": newline.join([NAMES.encode(), *lines])}) == [("loaded", n + 1, n, 1, 0)]
    assert house.rows("accounts", "account_id, account_name") == [(f"A{i}", name or None) for i, name in enumerate(names)]


@property_of(few=5, text=TEXTS)
def test_both_ways_of_reading_agree(new_house, text):
    """A blank line at the end, which is no record, sends any file down the careful way: nothing else may change."""
    newline = "\r\n" if "\r\n" in text else "\n" if "\n" in text else "\r"
    found = []
    for end in ("", newline * 2):
        house = new_house()
        sums = house.deliver({"accounts.csv": text + end})
        quarantine = [(*rest, value or None) for *rest, value in house.quarantine()]
        found.append((sums, house.rows("accounts", "account_id, account_name, _line"), quarantine))
    assert found[0] == found[1]


@property_of(
    few=3,
    rows=st.lists(
        st.tuples(st.sampled_from(["", "S1", "S2"]), st.sampled_from(["A1", "A2", "Z"]), st.integers(-1, 2)), max_size=8
    ),
    cut=st.integers(0, 8),
    order=st.permutations(range(8)),
)
def test_shuffled_rows_give_the_same_content_and_sums(new_house, rows, cut, order):
    """Two files in one batch against the same two files with their rows shuffled."""
    found = []
    for is_shuffled in (False, True):
        house = new_house()
        parts = [rows[:cut], rows[cut:]]
        if is_shuffled:
            parts = [[part[n] for n in order if n < len(part)] for part in parts]
        head = "spend_line_id,account_id,spent_on,amount\n"
        texts = [head + "".join(f"{key},{account},2024-02-01,{amount}\n" for key, account, amount in part) for part in parts]
        house.deliver({"accounts.csv": "account_id\nA1\nA2\n", "spend_1.csv": texts[0], "spend_2.csv": texts[1]})
        total = house.query(
            "SELECT sum(rows_received), sum(rows_loaded), sum(rows_quarantined), sum(rows_duplicate) FROM ledger_files "
            "WHERE table_name = 'spend'"
        )
        found.append((house.rows("spend", "spend_line_id, account_id, amount"), total))
    assert found[0] == found[1]
    assert found[0][1][0][0] == len(rows)
