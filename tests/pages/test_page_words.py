"""Words and formats of the pages: complete in both languages, and written as people read them."""

import re
from datetime import date
from decimal import Decimal
from importlib import resources

import polars as pl
import pytest
import yaml

from data_contracts import dictionary, load_contract
from winback.pages import formats, manager_sections
from winback.pages.measures import cell_text, title_of, unit_of
from winback.pages.words import Words
from winback.track import effect, recovery, regained

WORDS = yaml.safe_load((resources.files("winback.pages") / "words.yaml").read_text("utf-8"))
TEMPLATES = [p.read_text("utf-8") for p in (resources.files("winback.pages") / "templates").iterdir()]


def test_every_word_is_said_in_both_languages() -> None:
    for kind in ("labels", "sections", "notes", "measures"):
        for name, entry in WORDS[kind].items():
            assert entry.keys() == {"en", "zh"} and entry["en"] and entry["zh"], name
    for kind, codes in WORDS["values"].items():
        for code, entry in codes.items():
            assert isinstance(code, str) and entry.keys() == {"en", "zh"}, (kind, code)


def test_templates_name_only_words_that_exist() -> None:
    named = {name for text in TEMPLATES for name in re.findall(r'words\.label\("(\w+)"', text)}
    kinds = {name for text in TEMPLATES for name in re.findall(r'words\.value\("(\w+)"', text)}
    assert named and named <= WORDS["labels"].keys()
    assert kinds and kinds <= WORDS["values"].keys()


def test_codes_of_the_contracts_have_words() -> None:
    for kind, column in (
        ("lane", "lane"), ("channel", "channel"), ("role", "role"), ("temperament", "temperament"), ("tier", "reason_tier"),
        ("cause", "cause"), ("issue_kind", "issue_kind"), ("lapse_basis", "lapse_basis"), ("uplift_status", "uplift_status"),
    ):  # fmt: skip
        assert set(dictionary()[column]["allowed"]) <= WORDS["values"][kind].keys(), kind


def test_what_hides_a_figure_is_said_in_the_readers_language() -> None:
    said = [effect._hidden_reason(3), effect._hidden_reason(12), recovery._share({"n_worked_accounts": 4})["hidden_reason"]]
    said.append(regained._plain(pl.DataFrame({"returned_days": [40, 5], "is_kept_30": [True, None]}), 30)["hidden_reason"])
    for text in said:
        assert cell_text("hidden_reason", text, Words("en")) == text
        chinese = cell_text("hidden_reason", text, Words("zh"))
        assert chinese != text and re.findall(r"[0-9]+", text)[0] in chinese and not re.search("[a-z]", chinese)
    assert cell_text("usage_warning", "small_sample;contaminated", Words("zh")) == "样本少 · 部分对照客户被联系"
    assert cell_text("play_id", "ask_reason", Words("zh")) == "询问原因"
    assert cell_text("play_id", "few_inquiries", Words("en")).startswith("1a ")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_section_and_measure_has_a_title(language: str, empty_tables) -> None:
    words = Words(language)
    for section in manager_sections.manager_sections(empty_tables, default_weekly_minutes=600):
        assert words.section(section.name)
        for measure in section.measures:
            assert title_of(measure, words, section.table) != measure, f"{section.name}.{measure}"


def test_units_follow_the_naming_law() -> None:
    names = (
        "n_cases",
        "growth_share",
        "return_prob",
        "value_amount",
        "amount",
        "overdue_days",
        "lapses_on",
        "is_slipping",
        "rep_id",
    )
    assert [unit_of(n, "CNY") for n in names] == [
        "count", "share", "share", "CNY", "CNY", "days", "date", "flag", None,
    ]  # fmt: skip


def test_numbers_are_written_as_people_read_them() -> None:
    assert [formats.amount(v) for v in (Decimal("1234567.8"), 12.345, 0, None)] == ["1,234,568", "12.35", "0", "–"]
    assert [formats.share(v) for v in (0.0316, 0.316, None)] == ["3.2 %", "32 %", "–"]
    assert [formats.signed_share(v) for v in (-0.25, 0.1)] == ["−25 %", "+10 %"]
    assert [formats.number(v, 2) for v in (5.0, 5.25, 1234)] == ["5", "5.25", "1,234"]
    assert formats.day(date(2026, 3, 2)) == "2026-03-02"
    words = Words("en")
    assert cell_text("is_slipping", True, words) == "yes" and cell_text("growth_share", 0.5, words) == "+50 %"
    assert cell_text("issue_kind", "overdue_promise", Words("zh")) == "承诺逾期"


def test_text_loses_what_cannot_be_seen_and_is_cut() -> None:
    assert formats.words("a\x00b\u202ec\u2066d\ne") == "abcd\ne"
    assert formats.words("x" * 700) == "x" * 600 + "…"
    assert formats.words(None) == ""


def test_the_contract_lists_the_rows() -> None:
    assert load_contract("out_manager").key == ("figure_no",)
