"""The examples in the guide to delivering data load as they stand there."""

from __future__ import annotations

from datetime import date

from data_contracts import load_contract, table_names
from winback.contracts.reference import example_csv, input_examples

RECEIVED_ON = date(2026, 3, 9)


def test_every_example_loads_whole(house):
    accounts = example_csv(load_contract("accounts"))
    peer = accounts.splitlines()[1].replace("A0042", "A0107")
    house.deliver({"accounts.csv": f"{accounts}{peer}\n"}, received_on=RECEIVED_ON)
    tables = [table for table in table_names("input") if table != "accounts"]
    files = {f"{table}_2026-03-08.csv": example_csv(load_contract(table)) for table in tables}
    for table, sums in zip(tables, house.deliver(files, received_on=RECEIVED_ON), strict=True):
        n_rows = len(input_examples()[table]["example"])
        assert (sums.state, sums.loaded, sums.quarantined) == ("loaded", n_rows, 0), (table, house.quarantine())


def test_the_labelled_note_of_the_example_is_told_by_its_text(house):
    from winback.reasons.note_labels import text_hash

    (row,) = input_examples()["note_labels"]["example"]
    assert row["text_sha256"] == text_hash(row["note_text"]) and row["evidence_text"] in row["note_text"]
