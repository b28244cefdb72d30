"""Sentences stand on facts; a row's talk track is made of nothing else."""

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import load_contract
from winback.plays.facts import load_facts
from winback.plays.library import ASK, load_plays
from winback.plays.lint import forbidden_in
from winback.plays.sentences import Condition, Language, Sentence
from winback.plays.tables import play_rows, step_rows
from winback.plays.talk_track import facts_to_bring, restart_text, talk_track
from winback.plays.tone import load_tones

VALUES: dict[str, Any] = {
    "days": 41, "count": 17, "amount": 1234.4, "ratio": 0.52, "share": 0.25, "date": date(2026, 3, 2),
    "timestamp": datetime(2026, 2, 27, 2, 5), "text": "Xq", "flag": True, "reason": "1a", "complaint": "bad_manner",
}  # fmt: skip
FULL = {name: VALUES[fact.kind] for name, fact in load_facts().items()} | {"currency": "CNY", "reason_tier": "1"}
OTHER_CODES = {"reason": "1b", "complaint": "metering"}
PLAYS = load_plays()


def sentence(text: str, zh: str, *when: dict[str, Any]) -> Sentence:
    return Sentence.model_validate({"en": text, "zh": zh, "when": list(when)})


def test_values_are_written_as_people_read_them() -> None:
    made = sentence(
        "{n_visits} {cost_amount} {inquiries_own_ratio} {site_uptime_share} {last_spend_on} {started_at} {purpose}",
        "共 {n_visits} {cost_amount} {inquiries_own_ratio} {site_uptime_share} {last_spend_on} {started_at} {purpose}",
    )
    assert made.fill(FULL, "en") == "17 1234 CNY 0.5 25% 2026-03-02 2026-02-27 02:05 Xq"
    assert made.fill(FULL | {"n_visits": 0}, "zh") == "共 0 1234 CNY 0.5 25% 2026-03-02 2026-02-27 02:05 Xq"


def test_braces_in_a_fact_are_left_alone() -> None:
    made = sentence("It says {evidence_text}.", "写道 {evidence_text}。")
    assert made.fill({"evidence_text": "{n_visits}"}, "en") == "It says {n_visits}."


def test_codes_are_written_by_their_names_in_the_language_of_the_text() -> None:
    made = sentence("{likeliest_code}, {complaint_type}", "是 {likeliest_code}, {complaint_type}")
    facts = {"likeliest_code": "1a", "complaint_type": " Bad_Manner"}
    assert made.fill(facts, "en") == "Too few inquiries, bad manner"
    assert made.fill(facts, "zh") == "是 咨询、留言、成单少, 态度不好"
    assert made.fill(facts | {"complaint_type": "our own\ntype"}, "en") == "Too few inquiries, our own type"


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5"), (2.0, "2"), (2.96, "3"), (7.5, "8"), (41, "41")])
def test_days_are_whole_but_for_the_first_few(value: float, text: str) -> None:
    assert sentence("{limit_days} days", "共 {limit_days} 天").fill({"limit_days": value}, "en") == f"{text} days"


@pytest.mark.parametrize("missing", [None, "", " \n", "\u202e\x00", float("nan"), float("-inf")])
def test_a_sentence_without_its_fact_is_not_said(missing: Any) -> None:
    assert sentence("{purpose}.", "目的 {purpose}。").fill({"purpose": missing}, "en") is None
    if not isinstance(missing, str) or not missing:
        assert sentence("{n_visits} visits.", "访问 {n_visits}。").fill({"n_visits": missing}, "en") is None
    assert sentence("{n_visits} visits.", "访问 {n_visits}。").fill({}, "zh") is None


@pytest.mark.parametrize(
    ("comparison", "value", "holds"),
    [
        ({"at_least": 5}, 5, True), ({"at_least": 5}, 4, False), ({"at_most": 1}, 1, True), ({"at_most": 1}, 1.1, False),
        ({"above": 1}, 1, False), ({"above": 1}, 2, True), ({"below": 1}, 1, False), ({"below": 1}, 0, True),
        ({"equals": True}, True, True), ({"equals": True}, False, False), ({"equals": False}, False, True),
        ({"one_of": ["1", "2a"]}, "2a", True), ({"one_of": ["1", "2a"]}, "3", False), ({"equals": False}, None, False),
        ({"at_most": 1}, None, False),
    ],
)  # fmt: skip
def test_conditions(comparison: dict[str, Any], value: Any, holds: bool) -> None:
    assert Condition.model_validate({"fact": "n_visits", **comparison}).holds({"n_visits": value}) is holds


def said(
    play_id: str, facts: dict[str, Any], language: Language = "en", outright: bool = True, temper: str | None = None
) -> str:
    return talk_track(PLAYS[play_id], facts, language, is_said_outright=outright, temperament=temper)


def test_a_track_has_the_five_parts_in_order_and_four_where_it_only_asks() -> None:
    titles = ["Set the tone", "Ask", "What we can do", "Sum up", "Follow up"]
    assert [line.split(":")[0] for line in said("few_inquiries", FULL).split("\n")] == titles
    titles.remove("What we can do")
    assert [line.split(":")[0] for line in said("few_inquiries", FULL, outright=False).split("\n")] == titles
    assert [line.split(":")[0] for line in said(ASK, {}).split("\n")] == titles
    assert [line.split("：")[0] for line in said(ASK, {}, "zh").split("\n")] == ["定调", "了解情况", "小结", "跟进"]


def test_peers_are_spoken_of_from_five_on_and_named_with_consent_only() -> None:
    of_five = {"n_usage_peers": 5, "inquiries_peer_ratio": 0.4}
    assert "0.4 times the inquiries of the middle of 5" in said("few_inquiries", of_five)
    assert "0.4" not in said("few_inquiries", of_five | {"n_usage_peers": 4})
    case = {"peer_name": "Xq Ltd", "case_text": "Went well."}
    assert "Xq Ltd" in said("few_inquiries", case | {"has_case_consent": True})
    for consent in (False, None):
        assert "Xq Ltd" not in said("few_inquiries", case | {"has_case_consent": consent})


def test_a_broken_promise_and_an_incident_are_named_with_their_facts() -> None:
    facts = {
        "promise": "call back",
        "promise_due_on": date(2026, 2, 1),
        "started_at": datetime(2026, 1, 5, 2),
        "ended_at": datetime(2026, 1, 5, 4),
        "incident_facts": "The text service stood still",
        "complaint_on": date(2026, 1, 6),
    }
    track = said("service_dissatisfaction", facts)
    for part in (
        "2026-02-01",
        "call back",
        "2026-01-05 02:00 to 2026-01-05 04:00",
        "The text service stood still",
        "2026-01-06",
    ):
        assert part in track


@pytest.mark.parametrize("bad", ["It doubled, we guarantee the result.", "不关我的事，效果翻倍。"])
def test_words_of_others_that_may_not_be_said_leave_their_sentence_out(bad: str) -> None:
    facts = {"peer_name": "Xq Ltd", "case_text": bad, "has_case_consent": True}
    for language in ("en", "zh"):
        track = said("few_inquiries", facts, language)
        assert "Xq Ltd" not in track and "Xq Ltd" in said("few_inquiries", facts | {"case_text": "Sold more"}, language)
        assert forbidden_in(track, "en") == forbidden_in(track, "zh") == []


def test_words_for_another_than_the_first_contact_say_for_whom() -> None:
    assert said("decision_maker_uninformed", {}).startswith("Say this to: the owner\n")
    assert said("contact_changed", {}, "zh").startswith("谈话对象：决策人\n")
    assert "Say this to" not in said("decision_maker_uninformed", {}, outright=False) + said("few_inquiries", {})


def test_a_fact_in_somebodys_words_gets_its_full_stop() -> None:
    facts = {"changed_on": date(2026, 2, 1), "change_text": "Replies within a day"}
    assert "Replies within a day.\n" in said("few_inquiries", facts)
    assert "Replies within a day。\n" in said("few_inquiries", facts, "zh")
    assert "a day.\n" in said("few_inquiries", facts | {"change_text": "Replies within a day."})


def test_tone_follows_temperament_but_stays_sober_where_a_complaint_is_open() -> None:
    tones = load_tones()
    for name, tone in tones.temperaments.items():
        assert tone.opening.en in said("few_inquiries", {}, temper=name)
        assert tone.closing.zh in said("few_inquiries", {}, "zh", temper=name)
        for play_id in ("service_dissatisfaction", "click_dispute", "over_contacted"):
            assert tones.sober.opening.en in said(play_id, {}, temper=name)
            assert tone.opening.en not in said(play_id, {}, temper=name)
    assert tones.unknown.opening.en in said("few_inquiries", {}) and tones.unknown.opening.en in said(ASK, {}, temper="odd")


def test_notes_are_quoted_only_where_the_customer_said_so() -> None:
    facts = {"evidence_text": "no orders", "evidence_on": date(2026, 1, 2)}
    quoted = [
        tier
        for tier in ("1", "2a", "2b", "3", "4")
        if any("no orders" in text for text in facts_to_bring(PLAYS[ASK], facts | {"reason_tier": tier}, "en"))
    ]
    assert quoted == ["1", "2a"]


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_any_fact_every_part_still_stands_and_nothing_is_left_open(play: Any, language: Language) -> None:
    for facts in ({}, FULL):
        for outright in (True, False):
            track = talk_track(play, facts, language, is_said_outright=outright)
            n_parts = 5 + (play.talk_with is not None) if outright and play.talk else 4
            assert len(track.split("\n")) == n_parts
            assert "{" not in track and "None" not in track and forbidden_in(track, language) == []
        assert restart_text(play, facts, language)
        assert all("{" not in text for text in facts_to_bring(play, facts, language))


@given(st.sampled_from(sorted(FULL)), st.sampled_from(sorted(PLAYS)))
def test_a_sentence_changes_with_its_column_and_goes_with_it(name: str, play_id: str) -> None:
    play = PLAYS[play_id]
    for one in (*play.facts, *(play.talk.tone if play.talk else ())):
        if name in one.facts and one.fill(FULL, "en") is not None:
            changed = OTHER_CODES.get(load_facts()[name].kind) or (FULL[name] + "!" if isinstance(FULL[name], str) else None)
            assert one.fill(FULL | {name: changed}, "en") != one.fill(FULL, "en")
            assert one.fill({k: v for k, v in FULL.items() if k != name}, "en") is None


def test_rows_for_the_warehouse() -> None:
    for language in ("en", "zh"):
        plays, steps = play_rows(language), step_rows(language)
        assert plays.height == 17 and plays["play_id"].n_unique() == 17
        assert plays.drop("code").null_count().sum_horizontal().item() == 0
        assert steps.null_count().sum_horizontal().item() == 0
        week = steps.filter(pl.col("due_days") < 7).group_by("play_id").agg(pl.col("minutes").sum()).sort("play_id")
        assert week["minutes"].to_list() == plays.sort("play_id")["minutes"].to_list()
        assert plays.columns == list(load_contract("core_plays").columns)
        assert steps.columns == list(load_contract("core_play_steps").columns)


def test_one_of_a_thing_is_singular_and_a_tiny_ratio_is_no_zero() -> None:
    sentence = Sentence(
        en="In {usage_days} days: {n_inquiries} inquiries, {n_orders} orders, {inquiries_peer_ratio} times the peers.",
        zh="{usage_days} 天 {n_inquiries} 个咨询、{n_orders} 单，是同行的 {inquiries_peer_ratio} 倍。",
        when=[{"fact": "n_usage_peers", "at_least": 5}],
    )
    facts = {"usage_days": 1, "n_inquiries": 1, "n_orders": 11, "inquiries_peer_ratio": 0.04, "n_usage_peers": 9}
    assert sentence.fill(facts, "en") == "In 1 day: 1 inquiry, 11 orders, less than 0.1 times the peers."
    assert sentence.fill(facts, "zh") == "1 天 1 个咨询、11 单，是同行的 不到 0.1 倍。"
