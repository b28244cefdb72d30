"""Assets of why accounts left that need Python.

Belongs here: labelled notes, the reason of each lapsed account, the mix of reasons. Does not belong here: how notes are read
or witnesses weighed (`winback.reasons`).
"""

from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from assets.checks import contract_specs, made
from assets.labelling import labeller_of, write_labelling_file
from assets.metadata import markdown_table, picture, table_spec
from assets.reason_curves import return_by_family
from assets.resources import WAREHOUSE
from assets.workspace import Warehouse
from winback.contracts.tables import append_missing, read_table, replace_from_frame, replace_week
from winback.reasons.account_reasons import explain_accounts
from winback.reasons.evaluate import load_report
from winback.reasons.mix import reason_mix
from winback.reasons.note_labels import (
    Moved,
    label_rows,
    moved_labels,
    score_mentions,
    score_notes,
    telling,
    unlabelled,
    with_hashes,
)
from winback.reasons.pictures import confusion_picture, mix_history_picture, mix_picture, reliability_picture
from winback.reasons.signs import load_signs
from winback.survival.snapshots import with_features

SIGN_TABLES = (
    "feat_categories",
    "feat_contacts",
    "feat_lapse",
    "feat_loyalty",
    "feat_market",
    "feat_payment",
    "feat_service",
    "feat_usage",
)
"""Tables whose columns signs read."""


def build_reason_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`score_notes` with `score_mentions`, `score_reasons` and `track_reason_mix`."""

    @dg.multi_asset(
        name="labelled_notes",
        specs=[
            table_spec(
                "score_notes",
                "reasons",
                ["core_week", "core_lapse_notes", "core_note_labels", "core_spells", "core_touches"],
            ),
            table_spec("score_mentions", "reasons", ["core_week", "core_lapse_notes"]),
        ],
        check_specs=contract_specs("score_notes", "score_mentions"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def labelled_notes(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Label the notes that may tell why an account left, each text once."""
        warehouse = context.resources.warehouse
        report = _label(warehouse)
        yield made(context, "score_notes", report)
        yield made(context, "score_mentions")

    @dg.multi_asset(
        name="account_reasons",
        specs=[
            table_spec(
                "score_reasons",
                "reasons",
                ["core_week", "core_lapses", "core_accounts_week", "core_reason_picks", "score_notes", *SIGN_TABLES],
            ),
            table_spec("track_reason_mix", "reasons", ["core_week", "core_lapses"]),
        ],
        check_specs=contract_specs("score_reasons", "track_reason_mix"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def account_reasons(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Bring notes, picks and behaviour together to one conclusion per lapsed account."""
        warehouse = context.resources.warehouse
        _explain(warehouse, date.fromisoformat(context.partition_key))
        yield made(context, "score_reasons", _conclusions(warehouse))
        yield made(context, "track_reason_mix", _mix_pages(warehouse))

    return [labelled_notes, account_reasons]


def _label(warehouse: Warehouse) -> dict[str, Any]:
    con = warehouse.con
    notes, ledger = with_hashes(read_table(con, "core_lapse_notes")), read_table(con, "ledger_note_labels")
    labeller = labeller_of(warehouse, notes)
    new = unlabelled(notes, ledger, labeller.model_version)
    if new.height:
        append_missing(con, "ledger_note_labels", label_rows(new, labeller))
        ledger = read_table(con, "ledger_note_labels")
    scored = score_notes(notes, ledger, read_table(con, "asof_note_labels"), labeller.model_version)
    replace_from_frame(con, "score_notes", scored)
    replace_from_frame(con, "score_mentions", score_mentions(notes, ledger, labeller.model_version))
    least_sure = write_labelling_file(warehouse, notes, scored)
    report = load_report()["base"]
    return {
        "labelled now": new.height,
        "bear on leaving": telling(scored).height,
        "labeller": labeller.model_version,
        "moved by a new model": _moved(moved_labels(notes, ledger, labeller.model_version)),
        "least certain (masked)": dg.MetadataValue.md(least_sure),
        "reliability": picture(reliability_picture(report), "reliability of the labeller"),
        "confusion": picture(confusion_picture(report), "confusion of the labeller"),
        **return_by_family(warehouse, labeller),
    }


def _moved(moved: Moved | None) -> dg.MetadataValue[Any]:
    if moved is None:
        return dg.MetadataValue.md("nothing: no other model has labelled these notes")
    return dg.MetadataValue.md(f"against {moved.old_version}\n\n" + markdown_table(moved.rows))


def _explain(warehouse: Warehouse, week_on: date) -> None:
    con = warehouse.con
    lapsed = read_table(con, "core_lapses").select("account_id", "business_kind")
    accounts = with_features(con, lapsed, only={sign.reads for sign in load_signs()})
    notes = read_table(con, "score_notes")
    found = explain_accounts(
        accounts,
        telling(notes),
        read_table(con, "core_reason_picks"),
        as_of_on=week_on,
        note_model=_note_model(notes),
    )
    replace_from_frame(con, "score_reasons", found.rows)
    replace_week(
        con, "track_reason_mix", reason_mix(found.rows, found.probabilities, accounts["business_kind"], week_on), week_on
    )


def _note_model(notes: pl.DataFrame) -> str:
    """The versions that labelled the week's notes."""
    return "+".join(notes["model_version"].unique().sort()) or "no notes"


def _conclusions(warehouse: Warehouse) -> dict[str, Any]:
    rows = read_table(warehouse.con, "score_reasons")
    if rows.is_empty():
        return {}
    by_tier = (
        rows.group_by("reason_tier").agg(accounts=pl.len(), asserted=(~pl.col("is_abstained")).sum()).sort("reason_tier")
    )
    return {
        "asserted": round(float((~rows["is_abstained"]).mean() or 0), 4),
        "nobody knows": rows.filter(pl.col("reason_tier") == "4").height,
        "by tier of evidence": dg.MetadataValue.md(markdown_table(by_tier)),
    }


def _mix_pages(warehouse: Warehouse) -> dict[str, Any]:
    mix = read_table(warehouse.con, "track_reason_mix")
    if mix.is_empty():
        return {}
    newest = mix.filter((pl.col("week_on") == mix["week_on"].max()) & pl.col("reason_code").str.len_chars().eq(1))
    wide = newest.pivot(on="reason_code", index=["business_kind", "n_accounts"], values="estimated_share").sort(
        "business_kind"
    )
    return {
        "mix": picture(mix_picture(mix), "mix of reasons beside the case"),
        "over the weeks": picture(mix_history_picture(mix), "mix of reasons over the weeks"),
        "by kind of business": dg.MetadataValue.md(markdown_table(wide)),
    }
