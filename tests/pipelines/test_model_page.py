"""A model's page names the champion, the challengers and why, and plots the same figures every week."""

from datetime import date

import polars as pl

from assets.model_page import champion, promotion

TRIALS = pl.DataFrame(
    {
        "as_of_on": [date(2026, 3, 2)] * 3,
        "family": ["cox", "boosted", "kaplan_meier"],
        "is_champion": [False, True, False],
        "integrated_brier": [0.181234, 0.172345, None],
        "concordance": [0.71, 0.74999, None],
        "n_rows": [593] * 3,
        "n_returned": [159] * 3,
        "level_reason": ["judged out of time", "chosen: enough returns", "not judged"],
    }
)


def test_the_champion_leads_and_every_judged_family_has_its_figures() -> None:
    page = promotion(TRIALS)
    assert page["champion"] == "boosted" and page["why"] == "chosen: enough returns"
    assert {k: v for k, v in page.items() if isinstance(v, int | float)} == {
        "training rows": 593,
        "training returns": 159,
        "champion: integrated Brier score (less is better)": 0.1723,
        "champion: concordance": 0.75,
        "boosted: integrated Brier score (less is better)": 0.1723,
        "boosted: concordance": 0.75,
        "cox: integrated Brier score (less is better)": 0.1812,
        "cox: concordance": 0.71,
    }
    header, _, *rows = page["champion and challengers"].value.splitlines()
    assert header == "| role | family | integrated_brier | concordance | level_reason |"
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| champion", "boosted"],
        ["| challenger", "cox"],
        ["| challenger", "kaplan_meier"],
    ]


def test_scores_tell_of_the_champion_behind_them() -> None:
    assert champion(TRIALS) == {
        "champion": "boosted",
        "champion: integrated Brier score (less is better)": 0.1723,
        "champion: concordance": 0.75,
    }


def test_without_a_champion_the_reason_stands() -> None:
    trials = pl.DataFrame(
        {
            "learner": ["t", "s"],
            "is_champion": [False, False],
            "qini": pl.Series([None, None], dtype=pl.Float64),
            "n_contacted": [12, 12],
            "uplift_status": ["none", "none"],
            "level_reason": ["12 contacts by lot; 400 are wanted"] * 2,
        }
    )
    page = promotion(trials)
    assert page["champion"].startswith("none yet") and page["why"] == "12 contacts by lot; 400 are wanted"
    assert page["training contacts"] == 12 and not [key for key in page if "Qini" in key]
