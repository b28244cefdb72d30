"""The catalogue: complete, in both languages, held together, and clear about its faults."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from data_contracts import UnknownTableError, load_contract
from tests.plays.shipped_texts import shipped_texts
from winback.errors import UsageError
from winback.plays.facts import load_facts
from winback.plays.library import ASK, load_plays, play_for
from winback.plays.play import LONGEST_SENTENCE, LONGEST_STEP, PRICE_KINDS, Channel, Lane, OfferKind, Role
from winback.plays.sentences import Sentence
from winback.reasons.taxonomy import LEAF_CODES, load_taxonomy

SHIPPED = Path(__file__).parents[2] / "winback" / "plays" / "library"
PLAYS = load_plays()
BY_CODE = {play.code: play for play in PLAYS.values()}


def test_every_leaf_code_has_its_play_under_the_name_of_the_reason() -> None:
    assert [play.code for play in PLAYS.values()] == [*LEAF_CODES, None]
    for code in LEAF_CODES:
        assert BY_CODE[code].id == load_taxonomy().reason(code).slug
    assert BY_CODE[None].id == ASK


def test_words_of_the_contracts_are_used() -> None:
    playbook, offers, people = load_contract("out_playbook"), load_contract("offers"), load_contract("people")
    assert set(get_args(Lane)) == set(playbook.field("lane").allowed)
    assert set(get_args(Channel)) == set(playbook.field("play_channel").allowed)
    assert set(get_args(OfferKind)) | {"other"} == set(offers.field("kind").allowed)
    assert set(get_args(Role)) | {"other"} == set(people.field("role").allowed)


def test_every_fact_is_a_column_that_a_contract_promises() -> None:
    for name, fact in load_facts().items():
        table, column = fact.source.split(".")
        try:
            assert column in load_contract(table).columns, name
        except UnknownTableError:
            pytest.fail(f"{name}: no contract for {table}")
        for guard in (fact.peers, fact.consent):
            assert guard is None or guard in load_facts()


def test_every_fact_that_is_listed_is_used() -> None:
    used = {name for _, t in shipped_texts() if isinstance(t, Sentence) for name in t.facts | {c.fact for c in t.when}}
    assert used == set(load_facts())


def test_codes_4_and_1f_start_red_with_the_incident_and_the_complaint() -> None:
    for code in ("4", "1f"):
        assert BY_CODE[code].lane == BY_CODE[code].steps[0].lane == "red"
        named = {fact for sentence in BY_CODE[code].facts for fact in sentence.facts}
        assert {"incident_facts", "started_at", "ended_at", "notice_sent_at", "complaint_on"} <= named
    said = {fact for sentence in BY_CODE["4"].talk.tone for fact in sentence.facts}
    assert {"promise", "promise_due_on", "complaint_on"} <= said
    assert {play.code for play in PLAYS.values() if play.lane == "red"} == {"4", "1f"}


def test_no_green_step_comes_before_the_red_ones_are_done() -> None:
    for play in PLAYS.values():
        lanes = [step.lane for step in play.steps]
        if "red" in lanes:
            assert "green" not in lanes[: len(lanes) - lanes[::-1].index("red")]


def test_code_5_has_a_cap_of_one_contact_and_no_way_round_it() -> None:
    play = BY_CODE["5"]
    assert play.contact_cap.contacts == 1 and play.contact_cap.within_days >= 90
    assert sum(step.is_contact for step in play.steps) == 1
    assert play.offers == ("early_notice",)


def test_chains_and_branches_are_those_of_the_case() -> None:
    assert {c for c in LEAF_CODES if BY_CODE[c].then == "2a"} == {"3", "6", "7"}
    assert BY_CODE["2d"].then == "1c"
    goes = {code: {b.go_to for b in play.branches} for code, play in BY_CODE.items()}
    assert {"1a", "1b", "1c", "2a"} <= goes["1d"]
    for code in ("2c", "2e"):
        assert {"1a", "1d", "4", "7"} <= goes[code]
    assert goes[None] == set(LEAF_CODES)
    assert goes["7"] | {"7", BY_CODE["7"].then} == set(LEAF_CODES)


def test_every_play_can_be_reached_by_asking_and_can_end() -> None:
    reached, new = set(), {b.go_to for b in BY_CODE[None].branches}
    while new:
        reached |= new
        new = {c for code in new for c in (*(b.go_to for b in BY_CODE[code].branches), BY_CODE[code].then) if c} - reached
    assert reached == set(LEAF_CODES)
    assert all(play.stop and play.restart.sentences for play in PLAYS.values())


def test_price_cuts_come_last_and_never_in_the_red_lane_or_while_asking() -> None:
    for play in PLAYS.values():
        first_price = next((i for i, kind in enumerate(play.offers) if kind in PRICE_KINDS), len(play.offers))
        assert all(kind in PRICE_KINDS for kind in play.offers[first_price:])
        if play.offers:
            assert play.offers[0] not in PRICE_KINDS
    assert BY_CODE["4"].offers[0] == "service_recovery"
    assert PLAYS[ASK].offers == ()


def test_asking_words_only_ask() -> None:
    for play in PLAYS.values():
        assert all(s.en.endswith("?") and s.zh.endswith("？") for s in play.ask.diagnosis)
        for sentence in (*play.ask.tone, *play.ask.diagnosis, *play.ask.sum_up, *play.ask.follow_up):
            assert "you told us" not in sentence.en.lower() and "you said" not in sentence.en.lower()
            assert "您说过" not in sentence.zh and "您提到" not in sentence.zh
            assert sentence.facts <= {"promise", "promise_due_on", "started_at", "ended_at"}


def test_texts_fit_a_phone() -> None:
    for play in PLAYS.values():
        for step in play.steps:
            assert len(step.do.zh) <= LONGEST_STEP["zh"] and len(step.do.en) <= LONGEST_STEP["en"]
        assert len(play.action.zh) <= 60 and len(play.action.en) <= 160
    for where, text in shipped_texts():
        if ".do" not in where:
            assert len(text.zh) <= LONGEST_SENTENCE["zh"] and len(text.en) <= LONGEST_SENTENCE["en"], where


def test_chinese_uses_chinese_punctuation_and_english_its_own() -> None:
    for where, text in shipped_texts():
        bare_zh = re.sub(r"\{[^}]*\}", "", text.zh)
        assert not set(bare_zh) & set(",;?!"), where
        assert not set(text.en) & set("，。；：？！“”、"), where


def test_first_step_is_due_early_and_the_first_contact_within_the_week() -> None:
    for play in PLAYS.values():
        assert play.steps[0].due_days <= 2
        assert play.first_contact.due_days <= 6
        assert play.minutes_within(7) <= 90


@pytest.mark.parametrize(
    ("code", "tier", "is_abstained", "play_id", "is_said_outright"),
    [
        (None, None, None, ASK, False),
        ("7", "4", True, ASK, False),
        ("1a", "3", True, ASK, False),
        ("1a", "1", True, ASK, False),
        ("1a", "3", False, "few_inquiries", False),
        ("1a", "1", False, "few_inquiries", True),
        ("4", "2a", False, "service_dissatisfaction", True),
        ("5", "2b", False, "over_contacted", False),
        ("7", "1", False, "reason_unknown", True),
        ("7", "3", False, ASK, False),
    ],
)
def test_which_play_a_reason_gets(
    code: str | None, tier: str | None, is_abstained: bool | None, play_id: str, is_said_outright: bool
) -> None:
    play, outright = play_for(code, tier, is_abstained=is_abstained)
    assert (play.id, outright) == (play_id, is_said_outright)


def set_in(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(play: dict[str, Any]) -> None:
        place: Any = play
        for key in path[:-1]:
            place = place[key]
        if to is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return change


TWO = {"en": "{n_visits} visits.", "zh": "访问 {n_visits}。"}
A = "1a_few_inquiries"
BARE = {"en": "It works.", "zh": "有用。"}
TOLD = {"en": "It was thin.", "zh": "效果不好。"}
UNLISTED = {"en": "{n_sales} sales.", "zh": "{n_sales} 单。"}
UNEQUAL = {"en": "{n_visits} visits.", "zh": "访问很多。"}
FAULTS: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    (A, set_in("minutes", to=3), "1a_few_inquiries.yaml: minutes: is no key of a play"),
    (A, set_in("stop", to=...), "1a_few_inquiries.yaml: stop: is missing"),
    (A, set_in("lane", to="blue"), "lane: 'blue' is not one of 'green', 'yellow' or 'red'"),
    (A, set_in("steps", 0, "minutes", to=500), "steps.0.minutes: Input should be less than or equal to 90, not '500'"),
    (A, set_in("steps", 1, "due_days", to=40), "steps.1.due_days: Input should be less than or equal to 28"),
    (A, set_in("steps", 3, "due_days", to=0), "steps are in order, so due_days may not go down"),
    (A, set_in("steps", 0, "do", "zh", to="长" * 161), "step 'audit': the zh text has 161 characters"),
    (A, set_in("steps", 0, "do", "en", to="x" * 321), "step 'audit': the en text has 321 characters"),
    (A, set_in("steps", 0, "channel", to="phone"), "channel desk goes with contact_role"),
    (A, set_in("action", "zh", to=...), "action.zh: is missing"),
    (A, set_in("action", "zh", to="Look"), "the Chinese text has no Chinese in it"),
    (A, set_in("action", "en", to="Call {person}"), "may name no fact in braces"),
    (A, set_in("facts", 0, to=UNLISTED), "'{n_sales}' is not in facts.yaml"),
    (A, set_in("facts", 0, to=UNEQUAL), "English names ['n_visits'], Chinese []"),
    (A, set_in("facts", 1, "when", to=[]), "needs `n_usage_peers` to be at least 5"),
    (A, set_in("facts", 1, "when", 0, "at_least", to=3), "needs `n_usage_peers` to be at least 5"),
    (A, set_in("facts", 1, "when", 0, "above", to=1), "compares in exactly one way, not in 2"),
    ("1c_low_awareness", set_in("facts", 3, "when", to=[]), "needs `has_case_consent` to be true"),
    (A, set_in("talk", "tone", to=[TWO]), "`tone` needs one sentence that stands without any fact"),
    (A, set_in("talk", "solution", 0, "evidence", to=[BARE]), "evidence must name a fact"),
    (A, set_in("ask", "diagnosis", to=[TOLD]), "is a question"),
    (A, set_in("offers", to=["discount", "usage_help"]), "offers that cut the price come last"),
    (A, set_in("contact_cap", "contacts", to=2), "3 contacts within 28 days, the cap is 2"),
    (A, set_in("talk_with", to="finance"), "talk_with: no step meets the finance"),
    ("4_service_dissatisfaction", set_in("lane", to="green"), "code 4 starts in the red lane, not in green"),
    (A, set_in("branches", 0, "go_to", to="9z"), "branches.0.go_to: there is no play for code '9z'"),
    (A, set_in("branches", 0, "go_to", to="1a"), "branches.0.go_to: a play cannot branch to itself"),
    (A, set_in("then", to="8"), "then: there is no play for code '8'"),
    ("2a_contact_changed", set_in("then", to="3"), "then: the chain 2a -> 3 -> 2a has no exit"),
    (A, set_in("code", to="1b"), "code 1a has 0 files, one is needed"),
    (A, set_in("id", to="few"), "the play 'few' of code 1a belongs in 1a_few.yaml"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "says"), FAULTS, ids=[says[:60] for *_, says in FAULTS])
def test_a_fault_is_said_with_file_and_key(
    tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    shutil.copytree(SHIPPED, tmp_path / "library")
    file = tmp_path / "library" / f"{name}.yaml"
    play = yaml.safe_load(file.read_text("utf-8"))
    change(play)
    file.write_text(yaml.safe_dump(play, allow_unicode=True), "utf-8")
    with pytest.raises(UsageError) as caught:
        load_plays(tmp_path / "library")
    assert says in str(caught.value)
    assert f"{name}.yaml" in str(caught.value) or "code 1a" in str(caught.value)


def test_a_missing_play_and_a_broken_file_are_said(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "a")
    (tmp_path / "a" / "2c_off_season.yaml").unlink()
    with pytest.raises(UsageError, match="code 2c has 0 files, one is needed"):
        load_plays(tmp_path / "a")
    shutil.copytree(SHIPPED, tmp_path / "b")
    (tmp_path / "b" / "2c_off_season.yaml").write_text("id: {", "utf-8")
    with pytest.raises(UsageError, match=r"2c_off_season\.yaml: not readable as YAML"):
        load_plays(tmp_path / "b")
