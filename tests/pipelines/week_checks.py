"""What must hold of every published week, told from the delivered files and from what was received.

Belongs here: checks that do not ask the plan's own tables. Does not belong here: reading the files (`published_weeks`), running
weeks, or checks of one module alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from data_contracts import load_contract
from tests.pipelines.published_weeks import Known, PublishedWeek, read_published
from winback.config import Settings

FEWEST_MINUTES_OF_A_ROW = 40
CARRIED_AT_MOST = 2
_WORDS_THAT_ASK = ("请询问", "ask")


@dataclass
class Watch:
    """The weeks seen so far, in order; `see` adds one and tells what is wrong with it, one line each."""

    settings: Settings
    weeks: list[PublishedWeek] = field(default_factory=list)

    def see(self, folder: Path, con: duckdb.DuckDBPyConnection) -> list[str]:
        """Check the week in `folder` against the warehouse `con` and the weeks seen before, and remember it."""
        week = read_published(folder)
        known = Known(con, week, self.settings)
        wrong = [
            f"{week.week_on} {name}: {rows.height} rows, first {rows.row(0)}"
            for check in (self._whole, self._written, self._limits, self._wishes, self._contacts, self._loop)
            for name, rows in check(week, known)
            if rows.height
        ]
        self.weeks.append(week)
        return wrong

    @property
    def _past(self) -> pl.DataFrame:
        """Key, account, week and last purchase of every row handed out before."""
        columns = ("row_key", "account_id", "week_on", "last_spend_on")
        return pl.concat([w.lists.select(columns) for w in self.weeks]) if self.weeks else _none(columns)

    def _keys(self, known: Known) -> pl.DataFrame:
        """Key, account and week of those rows, and of rows that were handed out elsewhere and delivered."""
        elsewhere = known.rows("assignments").select("row_key", "account_id", week_on="assigned_on")
        return pl.concat([self._past.select("row_key", "account_id", "week_on"), elsewhere]).unique("row_key")

    def _agreed(self, known: Known) -> pl.DataFrame:
        """Account and day of the next contact that its newest worked row agrees on."""
        worked = known.outcomes.filter(pl.col("result") != "not_worked").join(self._keys(known), on="row_key")
        newest = worked.sort("week_on", "row_key", descending=[True, False]).unique(
            "account_id", keep="first", maintain_order=True
        )
        return newest.select("account_id", "next_contact_on").drop_nulls()

    def _expected(self, week: PublishedWeek, known: Known, contacts: pl.DataFrame) -> pl.DataFrame:
        """Accounts that await our call in this week or did in the last one, nobody having called since."""
        last = contacts.group_by("account_id").agg(last_day=pl.col("day").max())
        about = pl.col("next_contact_on").is_between(week.week_on - timedelta(days=7), week.week_on + timedelta(days=6))
        agreed = self._agreed(known).filter(about).join(last, on="account_id", how="left")
        return agreed.filter((pl.col("last_day") < pl.col("next_contact_on")).fill_null(value=True)).select("account_id")

    def _whole(self, week: PublishedWeek, known: Known) -> Iterator[tuple[str, pl.DataFrame]]:
        """Chosen and not chosen are the lapsed, each once; who returned has left; the plan, ledger and lists say the same."""
        both = pl.concat([week.lists.select("account_id"), week.rest.select("account_id")])
        yield "account twice", both.filter(both.is_duplicated())
        yield "lapsed and nowhere", week.lapsed.select("account_id").join(both, on="account_id", how="anti")
        yield "not lapsed and there", both.join(week.lapsed, on="account_id", how="anti")
        last = known.purchases.group_by("account_id").agg(true_last=pl.col("spent_on").max())
        rows = week.lists.join(last, on="account_id", how="left").select("account_id", "last_spend_on", "true_last")
        yield "has returned", rows.filter(pl.col("true_last").fill_null(date.max) != pl.col("last_spend_on"))
        planned = week.plan.filter(pl.col("assignment") != "holdout").select(
            "row_key", "rep_id", "play_id", "offer_id", "minutes"
        )
        yield "list is not the plan", planned.join(week.lists, on=planned.columns, how="anti", nulls_equal=True)
        yield "more on lists than planned", week.lists.join(planned, on="row_key", how="anti")
        ledger = known.con.sql(f"FROM ledger_assignments WHERE week_on = DATE '{week.week_on}'").pl()
        columns = ["row_key", "account_id", "rep_id", "play_id", "offer_id", "assignment", "assignment_prob", "arm_prob"]
        yield "plan is not in the ledger", week.plan.join(ledger, on=columns, how="anti", nulls_equal=True)
        yield "more in the ledger", ledger.join(week.plan, on="row_key", how="anti")

    def _written(self, week: PublishedWeek, known: Known) -> Iterator[tuple[str, pl.DataFrame]]:
        """Every row has what a representative needs."""
        rows = week.lists
        for name in (f.name for f in load_contract("out_playbook").fields if f.is_required):
            yield f"{name} missing", rows.filter(pl.col(name).is_null()).select("row_key")
        for low, middle, high in (
            ("return_low_prob", "return_prob", "return_high_prob"),
            ("value_low_amount", "value_mid_amount", "value_high_amount"),
        ):
            is_ordered = (pl.col(low) <= pl.col(middle)) & (pl.col(middle) <= pl.col(high))
            yield (
                f"{middle} without range",
                rows.filter(~is_ordered.fill_null(value=False)).select("row_key", low, middle, high),
            )
        due, best = pl.col("due_on_plan"), pl.col("best_by_on")
        yield "best-by missing", rows.filter(best.is_null()).select("row_key")
        yield "due before the week", rows.filter((due < week.week_on) | (best < week.week_on)).select("row_key", due)
        next_day = pl.lit(week.week_on + timedelta(days=1))
        yield "due after best-by", rows.filter(due > pl.max_horizontal(best, next_day)).select("row_key", due, best)
        is_known = pl.col("reason_tier").is_in(["1", "2a", "2b"]) & (pl.col("is_abstained").is_in(["no", "否"]))
        asks = pl.any_horizontal(pl.col("reason_name").str.contains(word, literal=True) for word in _WORDS_THAT_ASK)
        yield (
            "guessed reason asserted",
            rows.filter(~is_known.fill_null(value=False) & ~asks).select("row_key", "reason_name"),
        )
        one = rows.sort("rep_id", "rank").with_columns(place=pl.int_range(1, pl.len() + 1).over("rep_id"))
        yield "ranks with gaps", one.filter(pl.col("rank") != pl.col("place")).select("row_key", "rank")

    def _limits(self, week: PublishedWeek, known: Known) -> Iterator[tuple[str, pl.DataFrame]]:
        """Minutes and budgets, by the representatives and offers as delivered."""
        reps = known.newest("reps", "rep_id")
        default = self.settings.plan.default_weekly_minutes
        used = week.lists.group_by("rep_id").agg(pl.col("minutes").sum()).join(reps, on="rep_id", how="left")
        limit = pl.col("weekly_minutes").fill_null(default)
        yield "over capacity", used.filter(pl.col("minutes") > limit).select("rep_id", "minutes", limit)
        full = reps.join(used.select("rep_id", "minutes"), on="rep_id", how="left").filter(pl.col("is_active"))
        spare = full.filter(limit - pl.col("minutes").fill_null(0) > FEWEST_MINUTES_OF_A_ROW).select(
            "rep_id", "minutes", limit
        )
        waiting = week.rest.filter(pl.col("cause") == "no_capacity")
        yield (
            "waiting for capacity beside free minutes",
            waiting.join(spare, on="rep_id").select("account_id", "rep_id", "minutes"),
        )
        offers = known.newest("offers", "offer_id").filter(pl.col("budget_amount").is_not_null())
        chance = pl.col("touched_prob").fill_null(1.0)
        given = week.lists.group_by("offer_id").agg(expected=(pl.col("offer_cost_amount") * chance).sum())
        lines = known.rows("spend").filter((pl.col("spent_on") < week.week_on) & (pl.col("kind") != "refund"))
        redeemed = lines.select("offer_id", "account_id", "spent_on").unique().group_by("offer_id").len("n_redeemed")
        spent = (
            offers.join(given, on="offer_id")
            .join(redeemed, on="offer_id", how="left")
            .with_columns(
                spent=pl.col("n_redeemed").fill_null(0)
                * pl.col("amount").cast(pl.Float64).fill_null(0)
                * (1 - pl.col("subsidy_share").fill_null(0))
            )
        )
        over = pl.col("spent") + pl.col("expected") > pl.col("budget_amount").cast(pl.Float64) + 0.01
        yield "over budget", spent.filter(over).select("offer_id", "spent", "expected", "budget_amount")

    def _wishes(self, week: PublishedWeek, known: Known) -> Iterator[tuple[str, pl.DataFrame]]:
        """Who asked to be left alone, in the accounts' file or through a row, is on no list; nor is who gave no consent."""
        accounts = known.newest("accounts", "account_id").select(
            "account_id", "is_do_not_contact", "has_consent", "closed_on"
        )
        rows = week.lists.select("account_id").join(accounts, on="account_id")
        yield "do not contact", rows.filter(pl.col("is_do_not_contact").fill_null(value=False))
        yield "no consent", rows.filter(~pl.col("has_consent").fill_null(not self.settings.plan.needs_consent))
        asked = known.con.sql(
            f"FROM raw_outcomes WHERE _batch <= {week.batch_cutoff} AND "
            "(has_asked_no_contact OR result IN ('do_not_contact', 'closed_business'))"
        ).pl()
        alone = asked.join(self._keys(known), on="row_key").select("account_id", "result").unique()
        yield "asked to be left alone, or closed", week.lists.select("account_id").join(alone, on="account_id")

    def _contacts(self, week: PublishedWeek, known: Known) -> Iterator[tuple[str, pl.DataFrame]]:
        """Cooldown, cap and holdout windows."""
        plan, horizon = self.settings.plan, self.settings.lapse.horizon_days
        days_ago = (pl.lit(week.week_on) - pl.col("day")).dt.total_days()
        contacts = known.contacts(self._keys(known)).join(week.lists.select("account_id"), on="account_id")
        close = contacts.filter(days_ago <= plan.cooldown_days)
        yield "contacted in the cooldown", close.join(self._expected(week, known, contacts), on="account_id", how="anti")
        later = pl.col("next_contact_on").is_between(week.week_on + timedelta(days=7), week.week_on + timedelta(days=365))
        yield (
            "agreed on a later day",
            week.lists.select("account_id").join(self._agreed(known).filter(later), on="account_id"),
        )
        recent = contacts.filter(days_ago <= plan.contact_cap_days).group_by("account_id").len()
        yield "over the contact cap", recent.filter(pl.col("len") >= plan.contact_cap)
        since = week.week_on - timedelta(days=horizon)
        held = [w.plan.filter(pl.col("assignment") == "holdout").select("account_id", held_on="week_on") for w in self.weeks]
        for rows in (r.filter(pl.col("held_on") > since) for r in held):
            yield "holdout on a list", week.lists.select("account_id").join(rows, on="account_id")
        own = week.plan.filter(pl.col("assignment") == "holdout").select("account_id")
        yield "this week's holdout on a list", own.join(week.lists, on="account_id")

    def _loop(self, week: PublishedWeek, known: Known) -> Iterator[tuple[str, pl.DataFrame]]:
        """Rows are carried as the rule says, and promises stay until they are kept."""
        outcomes = known.outcomes.select("row_key", "result")
        now = week.lists.select("account_id", now="week_on", spell="last_spend_on")
        before = self._past.join(now, on="account_id").filter(pl.col("last_spend_on") == pl.col("spell"))
        before = before.join(outcomes, on="row_key", how="left").with_columns(put_off=pl.col("result") == "not_worked")
        days_ago = (pl.col("now") - pl.col("week_on")).dt.total_days()
        is_close = (days_ago <= self.settings.plan.cooldown_days) & ~pl.col("put_off").fill_null(value=False)
        expected = self._expected(week, known, known.contacts(self._keys(known)))
        yield "again within the cooldown", before.filter(is_close).join(expected, on="account_id", how="anti")
        often = (
            before.filter(days_ago <= self.settings.plan.cooldown_days).group_by("account_id").agg(pl.col("put_off").sum())
        )
        yield "carried too often", often.filter(pl.col("put_off") > CARRIED_AT_MOST)
        kept = (pl.col("promise_done_on") < week.week_on).fill_null(value=False)
        is_promise = pl.col("promise").is_not_null() | pl.col("promise_due_on").is_not_null()
        owed = (
            known.outcomes.filter(is_promise & ~kept)
            .join(self._keys(known), on="row_key")
            .select("row_key", "promise_due_on")
        )
        yield "promise vanished", owed.join(week.promises, on="row_key", how="anti")
        yield "promise that nobody made", week.promises.select("row_key").join(owed, on="row_key", how="anti")


def _none(columns: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(schema={c: pl.Date if c.endswith("_on") else pl.String for c in columns})
