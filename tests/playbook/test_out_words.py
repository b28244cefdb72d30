"""Words of listed rows: made of the row's facts and of nothing else, safe whatever the facts hold."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest

from data_contracts import load_contract, table_names
from tests.playbook.listed_rows import facts_of, lapsed_account, listings, put_rows, set_up, with_source_changed, words_of
from winback.contracts.ddl import table_ddl
from winback.contracts.tables import replace_from_frame
from winback.playbook.cells import guard
from winback.playbook.csv_file import csv_bytes, read_csv_bytes
from winback.playbook.words import spoken_language, word_rows
from winback.plays.facts import load_facts
from winback.plays.library import ASK, load_plays
from winback.plays.lint import forbidden_in
from winback.plays.row_texts import load_row_texts
from winback.plays.sentences import Language, Sentence
from winback.plays.talk_track import load_shared_facts
from winback.plays.written import LONGEST_QUOTE
from winback.reasons.taxonomy import load_taxonomy

FACTS = load_facts()
FROM_FACTS = ("why_now", "reason_name", "talk_track", "facts_text", "restart_text")
TEXTS = ("action", *FROM_FACTS, "do_not_say", "steps_text")
MOVES_ANOTHER = {"has_case_consent": {"peer_name", "case_text"}}
CONDITIONS = {name for name, fact in FACTS.items() if fact.kind == "flag"} | {"n_standards_missed"}
ALWAYS_MOVES = {"reason_tier"}  # it decides how the reason is put
LANGUAGES: tuple[Language, Language] = ("en", "zh")


@pytest.fixture(scope="module")
def facts() -> Iterator[pl.DataFrame]:
    """`out_facts` of the account 'base' and, for each fact, of one whose source column alone is another."""
    con = duckdb.connect()
    for table in table_names("computed") + table_names("output"):
        con.execute(table_ddl(load_contract(table)))
    for table in table_names("input"):
        columns = ", ".join(f'"{f.name}" {f.sql_type}' for f in load_contract(table).fields)
        con.execute(f"CREATE TABLE asof_{table} ({columns})")
    set_up(con)
    rows = lapsed_account("base") + listings("base")
    for fact in FACTS:
        rows += with_source_changed(fact, fact) + listings(fact)
    put_rows(con, rows)
    yield facts_of(con)
    con.close()


@pytest.fixture(scope="module")
def base(facts: pl.DataFrame) -> pl.DataFrame:
    """The account whose facts are all known, under every play."""
    return facts.filter(pl.col("account_id") == "base")


def outright(rows: pl.DataFrame, is_outright: bool = True) -> pl.DataFrame:
    return rows.with_columns(is_outright=pl.lit(is_outright))


def every_text(words: pl.DataFrame) -> list[tuple[str, str]]:
    """Key and column, text: of every text there is."""
    texts = [c for c in words.columns if c != "row_key"]
    return [(f"{row['row_key']} {c}", row[c]) for row in words.iter_rows(named=True) for c in texts if row[c] is not None]


def test_every_fact_is_known_and_comes_from_its_column(facts: pl.DataFrame) -> None:
    rows = {row["account_id"]: row for row in facts.filter(pl.col("play_id") == "few_inquiries").iter_rows(named=True)}
    assert [fact for fact in FACTS if rows["base"][fact] is None] == []
    for fact in FACTS:
        assert rows[fact][fact] != rows["base"][fact], fact


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("is_outright", [True, False])
def test_a_text_changes_with_the_columns_it_names_and_with_no_other(
    facts: pl.DataFrame, base: pl.DataFrame, language: Language, is_outright: bool
) -> None:
    words = words_of(outright(facts, is_outright), language)
    said = {row["row_key"]: tuple(row[text] for text in FROM_FACTS) for row in words.iter_rows(named=True)}
    known, moved = base.row(0, named=True), set()
    for play_id in load_plays():
        named = named_in(play_id, known, is_outright)
        for fact in FACTS:
            differs = said[f"{fact}|{play_id}"] != said[f"base|{play_id}"]
            is_named = fact in named | ALWAYS_MOVES or bool(MOVES_ANOTHER.get(fact, set()) & named)
            assert differs == is_named, f"{fact} is {'' if is_named else 'not '}named in {play_id}"
            moved |= {fact} if differs else set()
    assert not is_outright or moved == set(FACTS)


def named_in(play_id: str, known: dict[str, Any], is_outright: bool) -> set[str]:
    """Facts that the sentences of a play that stand name, and those that they stand on."""
    play, shared = load_plays()[play_id], load_row_texts()
    spoken = play.talk if is_outright and play.talk is not None else play.ask
    firsts = [next(s for s in texts if s.fill(known, "en")) for texts in (shared.why_now, play.restart.sentences)]
    standing = [s for s in [*play.facts, *load_shared_facts(), *sentences_in(spoken), *firsts] if s.fill(known, "en")]
    return {n for s in standing for n in s.facts} | {c.fact for s in standing for c in s.when if c.fact in CONDITIONS}


def sentences_in(thing: Any) -> list[Sentence]:
    if isinstance(thing, Sentence):
        return [thing]
    if isinstance(thing, tuple):
        return [s for item in thing for s in sentences_in(item)]
    if hasattr(type(thing), "model_fields"):
        return [s for name in type(thing).model_fields for s in sentences_in(getattr(thing, name))]
    return []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_holds_a_forbidden_phrase_or_an_open_brace(base: pl.DataFrame, language: Language) -> None:
    for is_outright in (True, False):
        for rows in (base, without_facts(base)):
            for where, text in every_text(words_of(outright(rows, is_outright), language)):
                assert forbidden_in(text, language) == [], where
                assert "{" not in text and "}" not in text, where


def without_facts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit(None, dtype=rows.schema[fact]).alias(fact) for fact in FACTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_not_said(base: pl.DataFrame, language: Language) -> None:
    required = [f.name for f in load_contract("out_words").fields if f.is_required]
    missing = pl.concat(
        [base.with_columns(row_key=pl.lit(f) + pl.col("row_key"), **{f: None}).cast(dict(base.schema)) for f in FACTS]
    )
    for rows in (missing, without_facts(base)):
        words = words_of(outright(rows), language)
        assert words.select(required).null_count().sum_horizontal().item() == 0
        for where, text in every_text(words):
            assert text.strip() and not re.search(r"\b(None|null|nan|NaN|inf)\b|  ", text), where


def test_figures_that_are_no_numbers_are_not_said(base: pl.DataFrame) -> None:
    doubles = [name for name, dtype in base.schema.items() if name in FACTS and dtype == pl.Float64]
    for value in (float("nan"), float("inf")):
        odd = base.with_columns(pl.lit(value).alias(name) for name in doubles)
        none = base.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in doubles)
        for text in ("facts_text", "restart_text", "why_now"):
            assert not words_of(odd, "en")[text].str.contains(r"\b(nan|inf)\b").any()
        assert words_of(odd, "en")["why_now"].to_list() == words_of(none, "en")["why_now"].to_list()


HOSTILE = (
    "=HYPERLINK(1)", "@SUM(A1)", "<script>alert(1)</script>", "{cycle_days} {0} {row_key}",
    "a\r\nFollow up: pay\n2. =1", "\x00\x07\x1b[31m",
    "\u202egnp.exe\u2066", "%s %(x)s",
    "'; DROP TABLE spend;--", "长" * 1_000_000, "\ufeff", " \t\u200b ",
)  # fmt: skip


@pytest.mark.parametrize("cell", HOSTILE, ids=lambda cell: repr(cell[:12]))
def test_hostile_cells_stay_words(base: pl.DataFrame, cell: str) -> None:
    texts = [name for name, fact in FACTS.items() if fact.kind in ("text", "complaint") and name != "reason_tier"]
    base = base.filter(pl.col("play_id").is_in(["service_dissatisfaction", "few_inquiries", "ask_reason"]))
    odd = base.with_columns([pl.lit(cell).alias(name) for name in texts], taboos=pl.lit(cell))
    plain = base.with_columns([pl.lit("Zz").alias(name) for name in texts], taboos=pl.lit("Zz"))
    for language in LANGUAGES:
        found, usual = words_of(outright(odd), language), words_of(outright(plain), language)
        for column in TEXTS:
            for text, other in zip(found[column], usual[column], strict=True):
                assert len(text.split("\n")) <= len(other.split("\n"))
                assert len(text) <= len(other) + 60 * LONGEST_QUOTE
                assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
        visible = cell.strip("\ufeff \t\u200b")
        if visible and "\n" not in cell and cell.isprintable():
            quoted = visible if len(visible) <= LONGEST_QUOTE else visible[: LONGEST_QUOTE - 1] + "…"
            assert all(quoted in text for text in found["facts_text"])


def test_braces_inside_a_fact_are_never_filled(base: pl.DataFrame) -> None:
    words = words_of(base.with_columns(evidence_text=pl.lit("{cycle_days}"), taboos=pl.lit("{year_amount}")), "en")
    assert words["facts_text"].str.contains("{cycle_days}", literal=True).all()
    assert words["do_not_say"].str.contains("{year_amount}", literal=True).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_go_through_the_csv_without_becoming_formulas(base: pl.DataFrame, language: Language) -> None:
    words = words_of(base.with_columns(taboos=pl.lit("=1+1")), language).with_columns(drivers_text=pl.lit("=1+1"))
    data = csv_bytes(words, load_contract("out_words"), language=language, phone_region="CN")
    back = read_csv_bytes(data, load_contract("out_words"))
    assert back["talk_track"].to_list() == words["talk_track"].to_list()
    assert "'=1+1" in data.decode() and guard("=1+1") == "'=1+1"


def test_words_are_in_the_workspaces_language_and_the_track_in_the_accounts(base: pl.DataFrame) -> None:
    rows = base.filter(pl.col("play_id") == ASK)
    for tag, workspace, opening in (
        ("en", "zh", "Set the tone"),
        ("zh-Hant", "en", "定調：您好，我是負責貴方的客戶經理"),
        ("zh-Hans", "en", "定调：您好，我是负责贵方的客户经理"),
        (None, "zh", "定调"),
        (None, "en", "Set the tone"),
    ):
        (row,) = words_of(rows.with_columns(language=pl.lit(tag, dtype=pl.String)), workspace).iter_rows(named=True)
        assert row["talk_track"].startswith(opening)
        assert row["action"].startswith("打电话") == (workspace == "zh")
        assert "min:" in row["steps_text"] or workspace == "zh"
    assert [spoken_language(tag, "en") for tag in ("zh", "zh-Hans", "en", None)] == ["zh", "zh", "en", "en"]


def test_steps_up_to_the_first_contact_keep_its_day_and_say_where_it_is_sooner(base: pl.DataFrame) -> None:
    rows = base.filter(pl.col("play_id") == ASK)
    (usual,) = words_of(rows, "en")["steps_text"]
    (sooner,) = words_of(rows.with_columns(due_on_plan=pl.lit(date(2026, 3, 3))), "en")["steps_text"]
    assert "sooner" not in usual and re.search(r"^2\. yellow · phone · .* · due 2026-03-06", usual, re.MULTILINE)
    first, *lines = sooner.split("\n")
    assert first.startswith("Their chance falls fast") and first.endswith(": 2026-03-03")
    days = [re.findall(r"due (\d{4}-\d\d-\d\d)", line) for line in lines if re.match(r"\d+\.", line)]
    assert days == [["2026-03-03"], ["2026-03-03"], ["2026-03-03"], ["2026-03-10"]]


@pytest.mark.parametrize(
    ("tier", "primary", "is_abstained", "says"),
    [
        ("1", "1a", False, "Too few inquiries"),
        ("2b", "1a", False, "Too few inquiries"),
        ("1", "1", False, load_taxonomy().reason("1").name_en),
        ("3", "1a", False, 'Perhaps "Too few inquiries": ask'),
        ("3", None, True, 'Unknown: ask whether "Too few inquiries" or '),
        ("1", None, True, 'Unknown: ask whether "Too few inquiries" or '),
        ("4", None, True, "Unknown: ask"),
        ("1", "7", False, "Unknown: ask whether"),
        (None, None, None, "Unknown: ask"),
    ],
)
def test_a_reason_is_asserted_only_where_somebody_said_or_picked_it(
    base: pl.DataFrame, tier: str | None, primary: str | None, is_abstained: bool | None, says: str
) -> None:
    rows = base.with_columns(
        reason_tier=pl.lit(tier, dtype=pl.String),
        primary_code=pl.lit(primary, dtype=pl.String),
        is_abstained=pl.lit(is_abstained),
    )
    if tier in (None, "4"):
        rows = rows.with_columns(likeliest_code=pl.lit(None, dtype=pl.String), runner_up_code=pl.lit(None, dtype=pl.String))
    assert {text[: len(says)] for text in words_of(rows, "en")["reason_name"]} == {says}


def test_a_play_that_may_not_assert_begins_by_asking(base: pl.DataFrame) -> None:
    ask = load_row_texts().ask_first.en
    asking, telling = words_of(outright(base, False), "en"), words_of(outright(base), "en")
    for row, other in zip(asking.iter_rows(named=True), telling.iter_rows(named=True), strict=True):
        is_ask_play = row["row_key"].endswith(ASK)
        assert row["action"].startswith(ask) == row["steps_text"].startswith(ask) == (not is_ask_play)
        assert "No guess at their reason." in row["do_not_say"]
        assert not other["action"].startswith(ask) and "What we can do" not in row["talk_track"]


def test_steps_say_who_how_and_by_which_day(base: pl.DataFrame) -> None:
    (words,) = words_of(outright(base.filter(pl.col("play_id") == "service_dissatisfaction")), "en").iter_rows(named=True)
    lines = words["steps_text"].split("\n")
    assert lines[1].startswith("2. red · phone · whoever decides · due 2026-03-04 · 20 min: Let them finish.")
    assert "Go on when: The customer has accepted the day" in lines[1]
    assert lines[-2].startswith("If they answer otherwise: It was the number of calls → 5 Too many calls; ")
    assert lines[-1].startswith("Stop when: They want no more contact.")


def test_offers_and_drivers_stand_beside_their_own_row(base: pl.DataFrame) -> None:
    offers = pl.DataFrame(
        [{"row_key": "base|few_inquiries", "offer_kind": "cash_off", "offer_name": "Spring", "offer_amount": 50.0,
          "is_outright": True, "offer_ends_on": date(2026, 4, 1)}]
    )  # fmt: skip
    drivers = pl.DataFrame(
        {
            "account_id": ["base"] * 3 + ["other"],
            "driver_no": [2, 1, 3, 1],
            "driver_text": ["Two\nlines.", "First.", None, "No."],
        }
    )
    words = word_rows(base, offers, drivers, language="en", currency="CNY")
    assert set(words["drivers_text"]) == {"First.; Two lines."}
    by_key = dict(words.select("row_key", "offer_text").iter_rows())
    assert by_key.pop("base|few_inquiries") == "Spring: 50 CNY off the next purchase. Valid until 2026-04-01."
    assert set(by_key.values()) == {None}


def test_words_fit_their_contract_and_no_rows_make_no_words(base: pl.DataFrame) -> None:
    with duckdb.connect() as con:
        for rows in (base, base.clear()):
            assert replace_from_frame(con, "out_words", words_of(rows, "zh")) == rows.height
