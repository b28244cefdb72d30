"""Protocols: rules hit their dates, shipped files say what was published, faults are named."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.errors import UsageError
from winback.evaluation.as_of_dates import AsOfDates
from winback.evaluation.protocols import default_protocol, load_protocol, parse_protocol, shipped_protocols

GOOD = """
name: mine
lapse_days: 60
cap_days: 365
horizon_days: 56
training_as_of: {every: first_monday_of_month, from: 2010-06-01, to: 2011-03-31}
test_as_of: {dates: [2011-05-02]}
source_note: invented
"""


def test_cdnow_dates_and_rules() -> None:
    cdnow = load_protocol("cdnow")
    assert (cdnow.lapse_days, cdnow.cap_days, cdnow.horizon_days) == (56, None, 182)
    assert cdnow.training_on == (date(1997, 4, 28), date(1997, 5, 26), date(1997, 6, 30))
    assert cdnow.test_on == (date(1997, 12, 29),)
    assert cdnow.curve_on_days == tuple(range(7, 183, 7))
    assert cdnow.must_beat == ("kaplan_meier", "bg_nbd")
    assert cdnow.published_peers["cox"].roc_auc == 0.752
    assert (cdnow.published_n_rows, cdnow.published_base_rate) == (20479, 0.169)


def test_first_mondays_of_online_retail() -> None:
    """Read off a calendar: 2010-06-07 and 2011-03-07 are the first Mondays of their months, 2010-11-01 is one itself."""
    retail = load_protocol("online_retail")
    assert [str(d) for d in retail.training_on] == [
        "2010-06-07", "2010-07-05", "2010-08-02", "2010-09-06", "2010-10-04",
        "2010-11-01", "2010-12-06", "2011-01-03", "2011-02-07", "2011-03-07",
    ]  # fmt: skip
    assert [str(d) for d in retail.test_on] == [
        "2011-05-02", "2011-06-06", "2011-07-04", "2011-08-01", "2011-09-05", "2011-10-03",
    ]  # fmt: skip
    assert retail.curve_on_days[-1] == 56


def test_mondays_of_complete_journey() -> None:
    journey = load_protocol("complete_journey")
    assert (journey.training_on[0], journey.training_on[-1], len(journey.training_on)) == (
        date(2017, 7, 3),
        date(2017, 9, 4),
        10,
    )
    assert (journey.test_on[0], journey.test_on[-1], len(journey.test_on)) == (date(2017, 10, 2), date(2017, 11, 27), 9)


def test_shipped_peers_are_complete() -> None:
    """Seven peers each; the best of each column as published."""
    assert shipped_protocols() == ["cdnow", "complete_journey", "online_retail"]
    best = {"cdnow": ("cox", 0.752), "online_retail": ("xgboost", 0.711), "complete_journey": ("cox", 0.708)}
    for name, (peer, auc) in best.items():
        peers = load_protocol(name).published_peers
        assert len(peers) == 7
        assert max(p.roc_auc for p in peers.values()) == peers[peer].roc_auc == auc


@given(st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(40, 400))
def test_rules_name_mondays_inside_their_stretch(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    every, monthly = (AsOfDates(every=e, from_on=first, to_on=last).days for e in ("monday", "first_monday_of_month"))
    in_stretch = [first + timedelta(days=d) for d in range(length + 1)]
    assert list(every) == [d for d in in_stretch if d.weekday() == 0]
    assert list(monthly) == [d for d in every if d.day <= 7]


@settings(max_examples=60)
@given(st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(200, 2000), st.integers(7, 182))
def test_rolling_protocol_is_out_of_time_and_fully_seen(first: date, length: int, horizon: int) -> None:
    last = first + timedelta(days=length)
    try:
        made = default_protocol(first, last, horizon)
    except UsageError as error:
        assert "too short" in str(error)
        assert length < 112 + 2 * (horizon + 14)
        return
    assert all(d.weekday() == 0 for d in made.training_on + made.test_on)
    assert made.training_on[0] >= first + timedelta(days=112)
    assert made.training_on[-1] + timedelta(days=horizon) <= made.test_on[0]
    seen_until = made.test_on[-1] + timedelta(days=horizon - 1)
    assert last - timedelta(days=7) < seen_until <= last
    assert len(made.training_on) <= 12
    assert len(made.test_on) <= 8


def test_a_file_is_read_and_its_faults_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    assert load_protocol(path).name == "mine"
    with pytest.raises(UsageError, match=r"no protocol 'cdnwo': give one of cdnow, complete_journey, online_retail"):
        load_protocol("cdnwo")
    path.write_bytes(b"name: \xff")
    with pytest.raises(UsageError, match="UTF-8"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2011-05-02", "2011-04-25", "fully seen on 2011-05-02 only, after the first test date 2011-04-25"),
        ("cap_days: 365", "cap_days: 60", r"cap_days \(60\) must be larger than lapse_days \(60\)"),
        ("horizon_days: 56", "horizon_days: 0", "horizon_days"),
        ("lapse_days: 60\n", "", "lapse_days: Field required"),
        ("source_note", "sauce_note", "sauce_note"),
        ("dates: [2011-05-02]", "dates: []", "name no day at all"),
        ("dates: [2011-05-02]", "dates: [2011-06-06, 2011-05-02]", "grow from one to the next"),
        ("dates: [2011-05-02]", "every: monday", "either 'dates' with the days, or 'every' with 'from' and 'to'"),
        ("every: first_monday_of_month", "every: full_moon", "training_as_of.every"),
        ("{dates: [2011-05-02]}", "[", "not valid YAML"),
        (GOOD, "- 1", "must be a YAML mapping"),
    ],
)
def test_wrong_protocols_are_refused_in_words(old: str, new: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_protocol(GOOD.replace(old, new), source="mine.yaml")
