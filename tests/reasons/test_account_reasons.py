"""The conclusion per account: tier, words, doubt."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from winback.reasons.account_reasons import explain_accounts
from winback.reasons.mix import reason_mix
from winback.reasons.signs import UNKNOWN_LEVEL, load_signs
from winback.reasons.taxonomy import LEAF_CODES
from winback.reasons.witnesses import case_mix

AS_OF = date(2026, 3, 2)
NOTES = {
    "account_id": pl.String, "touched_on": pl.Date, "touchpoint_id": pl.String, "after_lapse_days": pl.Int64,
    "code": pl.String, "reason_prob": pl.Float64, "is_abstained": pl.Boolean, "evidence_text": pl.String,
    "secondary_codes": pl.String,
}  # fmt: skip
PICKS = {"account_id": pl.String, "worked_on": pl.Date, "reason_code": pl.String, "customer_quote": pl.String}


def note(
    account: str, code: str, prob: float = 0.97, words: str = "their words", day: int = 20, after: int = 3
) -> dict[str, Any]:
    return {
        "account_id": account, "touched_on": date(2026, 2, day), "touchpoint_id": f"T{day}", "after_lapse_days": after,
        "code": code, "reason_prob": prob, "is_abstained": prob < 0.6, "evidence_text": words, "secondary_codes": None,
    }  # fmt: skip


def explain(accounts: dict[str, list[Any]], notes: list[dict[str, Any]] = [], picks: list[dict[str, Any]] = []):  # noqa: B006
    found = explain_accounts(
        pl.DataFrame(accounts), pl.DataFrame(notes, schema=NOTES), pl.DataFrame(picks, schema=PICKS),
        as_of_on=AS_OF, note_model="m",
    )  # fmt: skip
    return {row["account_id"]: row for row in found.rows.iter_rows(named=True)}, found


def test_a_sure_note_is_asserted_with_its_words() -> None:
    rows, _ = explain({"account_id": ["a"]}, [note("a", "2a"), note("a", "2a", 0.9, "older words", 10)])
    assert rows["a"]["primary_code"] == "2a"
    assert rows["a"]["reason_tier"] == "1"
    assert rows["a"]["evidence_text"] == "their words"
    assert rows["a"]["evidence_touchpoint_id"] == "T20"
    assert not rows["a"]["is_abstained"]


def test_an_account_without_any_evidence_is_code_7() -> None:
    rows, _ = explain({"account_id": ["a"]}, [note("a", "7")])
    assert (rows["a"]["primary_code"], rows["a"]["reason_tier"], rows["a"]["is_abstained"]) == ("7", "4", False)


def test_behaviour_alone_is_tier_3_and_names_its_signs() -> None:
    rows, _ = explain({"account_id": ["a", "b"], "n_people_left": [2, 0], "n_identity_changes_before": [1, 0]})
    assert rows["a"]["likeliest_code"] == "2a"
    assert rows["a"]["reason_tier"] == "3"
    assert set(rows["a"]["sign_slugs"].split(";")) == {"contact_replaced", "renamed_or_sold"}
    assert rows["a"]["evidence_text"] is None


def test_the_customers_own_words_stand_above_notes_and_behaviour() -> None:
    pick = {"account_id": "a", "worked_on": date(2026, 2, 25), "reason_code": "6", "customer_quote": "we simply forgot"}
    rows, _ = explain({"account_id": ["a"], "n_people_left": [2]}, [note("a", "2a")], [pick])
    assert (rows["a"]["primary_code"], rows["a"]["reason_tier"]) == ("6", "2a")
    assert rows["a"]["evidence_text"] == "we simply forgot"
    assert rows["a"]["evidence_on"] == date(2026, 2, 25)


def test_a_bare_pick_counts_least_where_it_clears_our_own_side() -> None:
    pick = {"account_id": "a", "worked_on": date(2026, 2, 25), "reason_code": "6", "customer_quote": None}
    trouble = {"n_open_complaint_contacts": [1], "n_promises_broken_before": [1], "n_standards_missed": [2]}
    calm = {"n_open_complaint_contacts": [0], "n_promises_broken_before": [0], "n_standards_missed": [0]}
    against, _ = explain({"account_id": ["a"], **trouble}, [], [pick])
    alone, _ = explain({"account_id": ["a"], **calm}, [], [pick])
    assert alone["a"]["likeliest_code"] == "6"
    assert alone["a"]["reason_tier"] == "2b"
    assert against["a"]["likeliest_code"] == "4"


def test_a_pick_weighs_less_than_words_and_more_than_nothing() -> None:
    pick = {"account_id": "a", "worked_on": date(2026, 2, 25), "reason_code": "2c", "customer_quote": " "}
    rows, _ = explain({"account_id": ["a"]}, [], [pick])
    assert (rows["a"]["likeliest_code"], rows["a"]["reason_tier"]) == ("2c", "2b")
    assert 0.3 < rows["a"]["reason_prob"] < 0.95


def test_two_likeliest_reasons_are_there_to_ask_about() -> None:
    rows, _ = explain({"account_id": ["a"]}, [note("a", "1a", 0.5), note("a", "2d", 0.5, day=19)])
    assert {rows["a"]["likeliest_code"], rows["a"]["runner_up_code"]} == {"1a", "2d"}
    assert rows["a"]["is_abstained"]


def test_a_family_may_stand_where_the_leaf_is_in_doubt() -> None:
    rows, _ = explain({"account_id": ["a"]}, [note("a", "1a", 0.9), note("a", "1b", 0.9, day=19)])
    assert rows["a"]["primary_code"] in (None, "1")
    assert rows["a"]["is_abstained"]


def test_older_notes_count_less() -> None:
    rows, _ = explain({"account_id": ["a"]}, [note("a", "1a", after=2), note("a", "2d", day=10, after=700)])
    assert rows["a"]["likeliest_code"] == "1a"


def test_the_order_of_rows_changes_nothing() -> None:
    notes = [note("a", "1a", 0.7), note("b", "2c", 0.9), note("c", "4", 0.8)]
    one, _ = explain({"account_id": ["a", "b", "c"]}, notes)
    other, _ = explain({"account_id": ["c", "a", "b"]}, notes[::-1])
    assert one == other


def test_no_account_gives_no_rows() -> None:
    empty = pl.DataFrame(schema={"account_id": pl.String})
    found = explain_accounts(empty, pl.DataFrame(schema=NOTES), pl.DataFrame(schema=PICKS), as_of_on=AS_OF, note_model="m")
    assert found.rows.is_empty()
    assert reason_mix(found.rows, found.probabilities, pl.Series([], dtype=pl.String), AS_OF).is_empty()


def test_case_mix_has_the_case_shares() -> None:
    mix = dict(zip(LEAF_CODES, case_mix(), strict=True))
    assert sum(mix.values()) == pytest.approx(1)
    assert sum(v for c, v in mix.items() if c[0] == "1") == pytest.approx(0.5)
    assert mix["3"] == pytest.approx(0.05)
    assert mix["7"] == pytest.approx(0.15 / 4)


def test_signs_have_levels_and_missing_columns_say_nothing() -> None:
    calls = next(s for s in load_signs() if s.slug == "called_often")
    frame = pl.DataFrame({"n_calls_before": [0, 4, 7, None]})
    assert calls.levels(frame).to_list() == [0, 1, 2, UNKNOWN_LEVEL]
    assert calls.levels(pl.DataFrame({"x": [1]})).to_list() == [UNKNOWN_LEVEL]
    unmet = next(s for s in load_signs() if s.slug == "decider_unmet")
    assert unmet.levels(pl.DataFrame({"has_met_decision_maker": [True, False, None]})).to_list() == [0, 1, UNKNOWN_LEVEL]


def test_ranks_do_not_depend_on_the_unit() -> None:
    slow = next(s for s in load_signs() if s.slug == "replies_slowly")
    minutes = pl.DataFrame({"reply_minutes": [float(x) for x in range(100)]})
    assert slow.levels(minutes).to_list() == slow.levels(minutes * 60).to_list()
    assert slow.levels(minutes).to_list().count(2) == 8


def test_every_sign_speaks_louder_for_its_codes() -> None:
    for sign in load_signs():
        for chances in sign.given.values():
            assert sum(chances[1:]) > sum(sign.otherwise[1:]), sign.slug


def test_every_leaf_but_7_has_a_sign() -> None:
    assert {c for s in load_signs() for c in s.given} == set(LEAF_CODES) - {"7"}


def test_the_mix_is_the_mean_of_probabilities() -> None:
    _, found = explain({"account_id": [f"a{i:02d}" for i in range(40)]}, [note(f"a{i:02d}", "2c") for i in range(10)])
    mix = reason_mix(found.rows, found.probabilities, pl.Series(["k"] * 40), AS_OF)
    rows = {(r["business_kind"], r["reason_code"]): r for r in mix.iter_rows(named=True)}
    index = LEAF_CODES.index("2c")
    assert rows["*", "2c"]["estimated_share"] == pytest.approx(float(found.probabilities[:, index].mean()), abs=1e-6)
    assert rows["*", "2c"]["n_asserted"] == 10
    assert rows["k", "2"]["n_accounts"] == 40
    assert rows["*", "1"]["case_share"] == 0.5
    leaves = [rows["*", c]["estimated_share"] for c in LEAF_CODES]
    assert np.sum(leaves) == pytest.approx(1, abs=1e-4)


def test_a_small_kind_of_business_has_no_mix_of_its_own() -> None:
    _, found = explain({"account_id": [f"a{i:02d}" for i in range(40)]})
    mix = reason_mix(found.rows, found.probabilities, pl.Series(["k"] * 35 + ["rare"] * 5), AS_OF)
    assert set(mix["business_kind"]) == {"*", "k"}
