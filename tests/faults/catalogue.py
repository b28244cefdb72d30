"""The faults, as data.

A group is a chain on one copy of the prepared workspace: each fault meets what the one before it left. After every one the
published week must be whole; at the end of the chain an undisturbed run must bring out what it brings out where nothing ever
happened.
"""

import errno
from dataclasses import dataclass, field
from typing import Any

RUN, PUBLISH, REBUILD = ("run",), ("PUBLISH",), ("rebuild", "--no-run")
FULL, READ_ONLY, DENIED = str(errno.ENOSPC), str(errno.EROFS), str(errno.EACCES)
_KILLED = -9


@dataclass(frozen=True)
class Fault:
    """One fault.

    `point`, with `match`, `n`, `when` and `act`, is laid into the child (`tests.faults.struck`); `before` names a disturbance of
    the workspace made first, `cure` what a person then does. `exit_code` None: nothing is run, the next fault's run meets it.
    `says` must be in what the command says.
    """

    name: str
    point: str = ""
    match: str = ""
    n: int = 1
    when: str = "before"
    act: str = "kill"
    stays: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = RUN
    before: str = ""
    exit_code: int | None = _KILLED
    says: str = ""
    cure: str = ""
    is_slow: bool = False

    @property
    def where(self) -> str:
        """Where it strikes, for the report."""
        place = self.point or self.before
        return (
            f"{place} {self.when} {self.match}".strip()
            if self.point not in {"", "step"}
            else f"{place} {self.match}".strip()
        )


def killed_at(step: str, *, is_slow: bool = False) -> Fault:
    """Killed when a step of the graph begins: what the steps before it wrote is there, the rest is not."""
    return Fault(f"kill at the boundary before {step}", "step", step, is_slow=is_slow)


def full(name: str, point: str, match: str = "", *, is_slow: bool = False, **more: Any) -> Fault:
    """The disk is full from one call on."""
    return Fault(name, point, match, act=FULL, stays=True, exit_code=1, says="the disk is full", is_slow=is_slow, **more)


LOADING = (
    Fault("kill while the archive file is half written", "assets.inbox:shutil.copyfile", "spend", act="half", is_slow=True),
    Fault("kill before the archive file is renamed", "assets.inbox:os.replace", ".arriving", n=3),
    Fault("kill after the batch is entered, before it is loaded", "assets.inbox:finish_batch"),
    Fault(
        "kill inside the transaction of a file",
        "winback.load.batch:receive_source",
        "name='spend_",
        when="after",
        is_slow=True,
    ),
    Fault("kill between a file's commit and the next file", "winback.load.batch:_load_one", n=3, when="after"),
    Fault("kill inside the transaction at the batch's end", "winback.load.batch:mark_superseded", when="after"),
    Fault("kill while the ledger is archived", "winback.publication.ledger_archive:os.replace", "ledger_files"),
    Fault(
        "kill before the archived ledger's index is swapped", "winback.publication.ledger_archive:os.replace", "ledger.json"
    ),
    Fault("kill after the commit, before the inbox is cleared", "assets.inbox:archive_ledger", when="after", is_slow=True),
    Fault("kill in the middle of clearing the inbox", "assets.inbox:Path.unlink", "inbox/spend", is_slow=True),
    Fault("kill before the inbox is noted as clear", "assets.inbox:mark_cleared"),
    Fault("kill while status.json is written", "assets.workspace:os.replace", "status.json"),
    Fault("kill while quarantine.parquet is written", "assets.state:os.replace", "quarantine.parquet"),
)

BOUNDARIES = (
    killed_at("load_inbox"),
    killed_at("core_views"),
    killed_at("core_week", is_slow=True),
    killed_at("core_purchase_cycles"),
    killed_at("core_spells"),
    killed_at("feat_usage"),
    killed_at("labelled_notes"),
    Fault("kill while a model file is half written", "pathlib:Path.write_bytes", "models/return_time", act="half"),
    Fault("kill before a finished model is renamed", "pathlib:Path.rename", "models/return_time"),
    killed_at("score_value"),
    Fault(
        "a model on the shelf is damaged",
        before="damage_model",
        exit_code=1,
        says="models/return_time/",
        cure="delete_model",
    ),
    killed_at("plan"),
    killed_at("out_playbook"),
    killed_at("track_reps"),
    killed_at("published_week"),
)

PUBLISHING = (
    killed_at("published_week", is_slow=True),
    full(
        "disk full while the week's folder is built", "pathlib:Path.open", ".part/playbooks", command=PUBLISH, is_slow=True
    ),
    Fault(
        "kill while the week's folder is built", "pathlib:Path.open", ".part/playbooks", n=5, command=PUBLISH, is_slow=True
    ),
    Fault("kill before the readers' database", "assets.publish:write_reader_database", command=PUBLISH),
    Fault("kill before the folder is renamed", "assets.publish:_put_in_place", command=PUBLISH),
    Fault("kill after the rename, before the commit", "assets.publish:record_publication", command=PUBLISH, is_slow=True),
    Fault("kill inside the publishing transaction", "assets.publish:record_publication", when="after", command=PUBLISH),
    Fault("kill between the commit and the link swap", "assets.publish:_point_current", command=PUBLISH, is_slow=True),
    Fault("kill inside the link swap", "assets.publish:os.replace", ".current.new", command=PUBLISH),
    Fault("kill before the outbox link", "assets.publish:_point_outbox", command=PUBLISH, is_slow=True),
    Fault("kill inside the outbox link's swap", "assets.publish:os.replace", "outbox", command=PUBLISH),
    Fault("kill before the state after publishing", "assets.state:archive_ledger", command=PUBLISH),
)

FULL_DISKS = (
    full("disk full while a file is archived", "assets.inbox:shutil.copyfile", "spend", is_slow=True),
    full("disk full while the ledger is archived", "winback.publication.ledger_archive:_put"),
    full("disk full while status.json is written", "assets.workspace:tempfile.mkstemp", "status.json"),
    Fault(
        "files may grow to 1 MB only",
        "file size limit",
        act="",
        extra={"bytes": 1_000_000},
        exit_code=1,
        says="the disk is full",
    ),
    Fault(
        "the state folder cannot be written (shim)",
        "assets.workspace:tempfile.mkstemp",
        act=READ_ONLY,
        exit_code=1,
        says="cannot be written",
        is_slow=True,
    ),
    full("disk full while a model is written", "pathlib:Path.write_bytes", "models/return_time"),
)

REAL_DISK = (
    Fault(
        "a file system without room left (tmpfs)",
        before="fill_disk",
        exit_code=1,
        says="the disk is full",
        cure="empty_disk",
    ),
    Fault(
        "a file system mounted read-only",
        before="mount_read_only",
        exit_code=1,
        says="cannot be written",
        cure="mount_writable",
    ),
)

WAREHOUSE = (
    Fault("warehouse of garbage", before="garble_warehouse", exit_code=1, says="winback rebuild", is_slow=True),
    Fault("kill before the new warehouse is swapped in", "assets.rebuild:_swap_in", command=REBUILD, is_slow=True),
    Fault("kill between setting aside and swapping", "assets.rebuild:os.replace", "rebuilding", command=REBUILD),
    Fault("rebuild of the garbage", command=REBUILD, exit_code=0, says="rows loaded", is_slow=True),
    Fault("warehouse cut in half", before="cut_warehouse", exit_code=1, says="winback rebuild", cure="rebuild"),
    Fault("warehouse of no length", before="empty_warehouse", exit_code=1, says="winback rebuild"),
    Fault("warehouse missing", before="remove_warehouse", exit_code=1, says="winback rebuild"),
    Fault(
        "an archived file is missing when rebuilding",
        before="hide_archived_file",
        command=REBUILD,
        exit_code=1,
        says="missing or damaged",
        cure="bring_back_archived_file",
    ),
    Fault(
        "the archived ledger is damaged when rebuilding",
        before="damage_archived_ledger",
        command=REBUILD,
        exit_code=1,
        says="missing or damaged",
        cure="mend_archived_ledger",
    ),
    Fault("rebuild of the missing warehouse", command=REBUILD, exit_code=0, says="rows loaded"),
    Fault(
        "Dagster's records are garbage", before="garble_dagster", exit_code=1, says="Dagster's records", cure="clear_dagster"
    ),
)

INBOX = (
    Fault(
        "a file in the inbox still grows",
        before="open_for_writing",
        exit_code=1,
        says="still being written",
        cure="close",
        is_slow=True,
    ),
    Fault(
        "a file in the inbox cannot be read (shim)",
        "pathlib:Path.open",
        "inbox/spend",
        act=DENIED,
        stays=True,
        exit_code=1,
        says="cannot be read",
    ),
    Fault("the clock jumps back by two years", "clock", extra={"days": -730}, exit_code=1, says="set the clock"),
    Fault(
        "the workspace is held by another process",
        before="hold_lock",
        command=("run", "--no-wait"),
        exit_code=1,
        says="in use by process",
        cure="give_back_lock",
        is_slow=True,
    ),
    Fault("holders of a dead process", before="leave_holders", exit_code=None, is_slow=True),
    Fault("half-made files and folders everywhere", before="leave_partials", exit_code=None, is_slow=True),
    Fault("the published file is open at a reader, who never stops", before="read_on", exit_code=None, is_slow=True),
    Fault("the clock jumps forward by two years", "clock", extra={"days": 730}, exit_code=0, says="on lists"),
)

TRUNCATED = (
    Fault("a file in the inbox is cut", before="cut_file", exit_code=1, says="cut on the way", cure="deliver_whole"),
)

PUBLISHED = (
    Fault("published/current is removed", before="remove_current", exit_code=None),
    Fault("the outbox link is removed", before="remove_outbox", exit_code=0, says="on lists"),
    Fault("a published list is damaged", before="damage_list", exit_code=None),
    Fault("the readers' database is damaged", before="damage_reader", exit_code=0, says="on lists"),
    Fault("the published folder is removed", before="remove_published", exit_code=None),
)

TOGETHER = (Fault("two runs at once", before="start_another_run", exit_code=0, cure="wait_for_other_run", is_slow=True),)


@dataclass(frozen=True)
class Group:
    """Faults that follow one another; `begins_published`: the undisturbed week is out before the first of them."""

    name: str
    faults: tuple[Fault, ...]
    begins_published: bool = False
    is_resent: bool = False


GROUPS = (
    Group("loading", LOADING),
    Group("boundaries", BOUNDARIES),
    Group("publishing", PUBLISHING),
    Group("full disks", FULL_DISKS),
    Group("real disk", REAL_DISK),
    Group("warehouse", WAREHOUSE),
    Group("inbox, clock and locks", INBOX),
    Group("cut file", TRUNCATED, is_resent=True),
    Group("published folder", PUBLISHED, begins_published=True),
    Group("two runs", TOGETHER),
)
ORDER_OF_SLOW = (FULL_DISKS, INBOX[:4], LOADING, WAREHOUSE, BOUNDARIES, PUBLISHING, INBOX[4:], TOGETHER)
SLOW = Group("everyday faults", tuple(fault for faults in ORDER_OF_SLOW for fault in faults if fault.is_slow))
"""A part of every kind in one chain, in an order in which each finds what it needs."""
