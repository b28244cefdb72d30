"""What counts for a week: versions of state rows, late files, and the order of everything that must not matter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

JAN, FEB, MAR, APR, MAY = (date(2024, month, 1) for month in range(1, 6))
HEAD = "account_id,region\n"
DATED = "account_id,region,valid_from_on\n"


def regions(house, day, **cutoff):
    return [region for (region,) in house.as_of("accounts", day, "region", **cutoff)]


def test_an_outcome_counts_before_its_day_is_over_only_where_it_has_none(house):
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    rows = "RAAAAA1,2024-02-01,refused\nRAAAAA2,2024-02-27,refused\nRAAAAA3,,not_worked\n"
    house.deliver({"outcomes_2024-03-01.csv": f"row_key,worked_on,result\n{rows}"})
    assert sorted(house.as_of("outcomes", date(2024, 2, 5), "row_key")) == [("RAAAAA1",), ("RAAAAA3",)]
    assert sorted(house.as_of("outcomes", MAR, "row_key")) == [("RAAAAA1",), ("RAAAAA2",), ("RAAAAA3",)]


# ---- versions --------------------------------------------------------------------------------------------------------


def test_undated_versions_hold_from_the_date_of_their_file_and_the_first_from_the_start(house):
    house.deliver({"accounts_2024-02-10.csv": f"{HEAD}A1,north\n"})
    house.deliver({"accounts_2024-03-10.csv": f"{HEAD}A1,south\n"})
    assert regions(house, date(2020, 1, 6)) == ["north"]
    assert regions(house, date(2024, 3, 10)) == ["north"]
    assert regions(house, date(2024, 3, 11)) == ["south"]


def test_dated_versions_hold_from_their_day_and_never_before(house):
    house.deliver({"accounts_2024-03-01.csv": f"{DATED}A1,north,2024-02-01\nA1,south,2024-06-01\nA2,east,2024-05-01\n"})
    assert regions(house, FEB) == []
    assert regions(house, date(2024, 2, 2)) == ["north"]
    assert regions(house, date(2024, 6, 1)) == ["east", "north"]
    assert regions(house, date(2024, 6, 2)) == ["east", "south"]


def test_version_received_later_does_not_change_a_week_run_before(house):
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    house.deliver({"accounts_2024-01-02.csv": f"{HEAD}A1,south\nA2,new\n"})
    assert regions(house, MAR, batch_cutoff=1) == ["north"]
    assert regions(house, MAR, batch_cutoff=2) == ["new", "south"]


def test_correction_of_the_same_dated_version(house):
    house.deliver({"accounts_1.csv": f"{DATED}A1,zebra,2024-02-01\n"})
    house.deliver({"accounts_2.csv": f"{DATED}A1,ant,2024-02-01\n"})
    assert regions(house, MAR) == ["ant"]
    assert regions(house, MAR, batch_cutoff=1) == ["zebra"]


def test_two_values_for_one_version_in_one_file_leave_one_whatever_the_order(new_house):
    found = []
    for lines in permutations(["A1,north\n", "A1,south\n", "A1,east\n"]):
        house = new_house()
        assert house.deliver({"accounts_2024-01-01.csv": HEAD + "".join(lines)}) == [("loaded", 3, 3, 0, 0)]
        found.append(regions(house, MAR))
    assert found == [["south"]] * 6


def test_unchanged_row_in_a_new_file_is_a_duplicate(house):
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\nA2,west\n"})
    assert house.deliver({"accounts_2024-02-01.csv": f"{HEAD}A2,west\nA1,south\n"}) == [("loaded", 2, 1, 0, 1)]


def test_there_and_back_again(house):
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    house.deliver({"accounts_2024-02-01.csv": f"{HEAD}A1,south\n"})
    assert house.deliver({"accounts_2024-03-01.csv": f"{HEAD}A1,north\nA2,x\n"}) == [("loaded", 2, 2, 0, 0)]
    assert [regions(house, day) for day in (JAN, FEB, MAR, APR)] == [
        ["north", "x"],  # the first version received of an account holds from the start
        ["north", "x"],
        ["south", "x"],
        ["north", "x"],
    ]


def test_there_and_back_again_in_the_very_same_bytes(house):
    """The third file equals the first byte for byte, but speaks of another day: it is news."""
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    house.deliver({"accounts_2024-02-01.csv": f"{HEAD}A1,south\n"})
    house.deliver({"accounts_2024-03-01.csv": f"{HEAD}A1,north\n"})
    assert [regions(house, day) for day in (FEB, MAR, APR)] == [["north"], ["south"], ["north"]]


def test_there_and_back_again_in_dated_versions(house):
    house.deliver({"accounts.csv": f"{DATED}A1,north,2024-01-01\nA1,south,2024-02-01\nA1,north,2024-03-01\n"})
    assert [regions(house, date(2024, month, 2)) for month in (1, 2, 3)] == [["north"], ["south"], ["north"]]


def test_undated_change_is_kept_though_a_planned_version_says_the_same(house):
    house.deliver({"accounts_2024-01-01.csv": f"{DATED}A1,north,2024-01-01\nA1,south,2024-12-01\n"})
    house.deliver({"accounts_2024-03-01.csv": f"{HEAD}A1,south\n"})
    assert regions(house, APR) == ["south"]


def test_column_missing_from_a_later_file_is_a_version_without_it(house):
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    house.deliver({"accounts_2024-02-01.csv": "account_id,branch\nA1,B1\n"})
    assert house.as_of("accounts", MAR, "region, branch") == [(None, "B1")]


# ---- files in any order ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_state_files_in_any_order_one_batch_each(house, order):
    """January north, February south, March north again; the third row differs so that no two files are the same bytes."""
    files = [
        ("accounts_2024-01-01.csv", f"{HEAD}A1,north\n"),
        ("accounts_2024-02-01.csv", f"{HEAD}A1,south\n"),
        ("accounts_2024-03-01.csv", f"{HEAD}A1,north\nA9,x\n"),
    ]
    for position in order:
        house.deliver(dict([files[position]]))
    seen = [[r for r in regions(house, day) if r != "x"] for day in (date(2024, 1, 15), date(2024, 2, 15), APR)]
    assert seen == [["north"], ["south"], ["north"]]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_state_files_in_any_order_in_one_batch(house, order):
    files = [
        ("accounts_2024-01-01.csv", f"{HEAD}A1,north\n"),
        ("accounts_2024-02-01.csv", f"{HEAD}A1,south\n"),
        ("accounts_2024-03-01.csv", f"{HEAD}A1,north\nA9,x\n"),
    ]
    house.deliver(dict(files[position] for position in order))
    seen = [[r for r in regions(house, day) if r != "x"] for day in (date(2024, 1, 15), date(2024, 2, 15), APR)]
    assert seen == [["north"], ["south"], ["north"]]


def test_older_file_that_comes_late_does_not_overrule_the_newer_one(house):
    house.deliver({"accounts_2024-02-01.csv": f"{HEAD}A1,south\n"})
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    assert regions(house, MAR) == ["south"]


def test_older_change_that_comes_late_does_not_overrule_a_newer_confirmation(house):
    house.deliver({"accounts_2024-01-01.csv": f"{HEAD}A1,north\n"})
    house.deliver({"accounts_2024-03-01.csv": f"{HEAD}A1,north\nA9,x\n"})
    house.deliver({"accounts_2024-02-01.csv": f"{HEAD}A1,south\n"})
    assert [r for r in regions(house, date(2024, 2, 15)) if r != "x"] == ["south"]
    assert [r for r in regions(house, APR) if r != "x"] == ["north"]


SPEND_HEAD = "spend_line_id,account_id,spent_on,amount\n"
TWIN = ",A2,2024-02-02,3"
LINES = ["S1,A1,2024-02-01,1", "S2,A1,2024-02-01,1", "S3,A3,2024-02-03,4", ",Z,2024-02-03,5", "S4,A1,1999,1"]
CONTENT = [
    ("A1", Decimal(1), "S1"),
    ("A1", Decimal(1), "S2"),
    ("A2", Decimal(3), None),
    ("A2", Decimal(3), None),
    ("A3", Decimal(4), "S3"),
]


@pytest.mark.parametrize(("turn", "n_batches"), [(4, 1), (5, 3)])
def test_rows_and_files_in_any_order_give_the_same_content(shop, turn, n_batches):
    """Three files that overlap, with the two twins in one, one of them in another: rows turned round and files permuted."""
    parts = [
        [LINES[0], TWIN, LINES[1], TWIN, LINES[4]],
        [LINES[1], LINES[2], LINES[3], TWIN],
        [LINES[3], LINES[2], LINES[0]],
    ]
    parts = [part[turn % len(part) :] + part[: turn % len(part)] for part in parts]
    files = {f"spend_{n}.csv": SPEND_HEAD + "\n".join(part) + "\n" for n, part in enumerate(parts)}
    names = list(permutations(files))[turn]
    for batch in [names] if n_batches == 1 else [[name] for name in names]:
        shop.deliver({name: files[name] for name in batch})
    assert shop.as_of("spend", MAR, "account_id, amount, spend_line_id") == CONTENT
    # Twelve received: five in content, one bad date, two lines of the unknown account held, four seen before.
    assert shop.query(
        "SELECT sum(rows_received), sum(rows_loaded), sum(rows_quarantined), sum(rows_duplicate) FROM ledger_files "
        "WHERE table_name = 'spend'"
    ) == [(12, 5, 3, 4)]


@pytest.mark.parametrize("flip", [False, True])
def test_two_values_of_one_key_in_one_batch_whatever_the_order(shop, flip):
    contents = [f"{SPEND_HEAD}S1,A1,2024-02-01,7\n", f"{SPEND_HEAD}S1,A1,2024-02-01,8\n"]
    shop.deliver(dict(zip(["spend_a.csv", "spend_b.csv"], reversed(contents) if flip else contents, strict=True)))
    assert shop.as_of("spend", MAR, "amount") == [(Decimal(8),)]


def test_events_count_only_before_the_monday(shop):
    shop.deliver({"spend.csv": f"{SPEND_HEAD},A1,2024-02-29,1\n,A1,2024-03-01,2\n,A1,2024-03-02,3\n"})
    assert shop.as_of("spend", MAR, "amount") == [(Decimal(1),)]


def test_held_people_keep_the_date_of_their_file(house):
    house.deliver({"people_2024-02-01.csv": "person_id,account_id,role\nP1,NEW,owner\n"})
    house.deliver({"accounts_2024-03-01.csv": "account_id\nNEW\n"})
    house.deliver({"people_2024-03-01.csv": "person_id,account_id,role\nP1,NEW,manager\n"})
    assert house.as_of("people", date(2024, 2, 15), "role") == [("owner",)]
    assert house.as_of("people", APR, "role") == [("manager",)]
