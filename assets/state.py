"""What other processes may know without opening the warehouse.

Belongs here: `state/status.json` and `state/quarantine.parquet`, written after every load and every week together with the archived
ledger, from which the warehouse can be made anew. Does not belong here: showing them.
"""

from __future__ import annotations

import json
import os

from assets.edited_cells import count_edits
from assets.workspace import LEDGER_ARCHIVE, Warehouse, write_atomically
from winback.publication.ledger_archive import archive_ledger
from winback.publication.week_ledger import all_weeks

_FILE_COLUMNS = (
    "file",
    "table_name",
    "sha256",
    "state",
    "reason",
    "notes",
    "encoding",
    "batch",
    "rows_received",
    "rows_loaded",
    "rows_quarantined",
    "rows_duplicate",
    "rows_suppressed",
)


def write_state(warehouse: Warehouse) -> None:
    """Archive what changed in the ledger, and write the state files anew."""
    con, folder = warehouse.con, warehouse.workspace.folder("state")
    archive_ledger(con, warehouse.workspace.folder("archive") / LEDGER_ARCHIVE)
    rows = con.execute(f"SELECT {', '.join(_FILE_COLUMNS)} FROM ledger_files ORDER BY file_id").fetchall()
    files = [dict(zip(_FILE_COLUMNS, row, strict=True)) for row in rows]
    for file in files:
        file["table"] = file.pop("table_name")
    count_edits(warehouse.workspace, files)
    sums = ("rows_received", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_suppressed")
    weeks = [
        {
            "week": week.week_on.isoformat(),
            "revision": week.revision,
            "state": week.state,
            "reason": week.reason,
            "accepted_reason": week.accepted_reason,
            "lapsed": week.n_lapsed,
            "chosen": week.n_chosen,
        }
        for week in all_weeks(con)
    ]
    newest = con.execute("SELECT max(spent_on) FROM raw_spend WHERE _superseded_batch IS NULL").fetchone()
    newest_on = newest[0].isoformat() if newest and newest[0] else None
    document = {
        "newest_spend_on": newest_on,
        "files": files,
        "totals": {name: sum(file[name] for file in files) for name in sums},
        "weeks": weeks,
    }
    write_atomically(folder / "status.json", (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
    partial = folder / "quarantine.parquet.part"
    con.execute(
        "COPY (SELECT q.file_id, f.file, f.table_name, q.line_no, q.rule, q.column_name, q.cell_value, q.record_text, "
        "q.is_held FROM ledger_quarantine AS q JOIN ledger_files AS f USING (file_id) ORDER BY q.file_id, q.line_no) "
        f"TO '{str(partial).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
    )
    os.replace(partial, folder / "quarantine.parquet")
