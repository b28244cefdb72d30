"""The representative's page: what is on a card, what cannot escape from one, and that it stays the same."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import duckdb
import pytest
from page_market import AS_OF, EN, ZH, put, put_listed, set_week

from winback.pages.deliveries import rep_pages
from winback.pages.rep_page import rep_page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE out_playbook; --",
    "</bdi></article><iframe src=//evil.example>",
    '=HYPERLINK("http://evil.example","x")',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31mred\x07",
    "&lt;b&gt; &amp; ]]> <!-- --",
)


class Structure(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def page_of(con: duckdb.DuckDBPyConnection, settings: Any = EN) -> str:
    (page,) = rep_pages(con, settings).values()
    return page.decode("utf-8")


def test_cards_stand_in_the_order_of_their_rank_with_what_a_call_needs(listed) -> None:
    page = page_of(listed)
    assert re.findall(r'<span class="rank">(\d+)</span>', page) == ["1", "2", "3"]
    for words in ("Customer 2", "Person 2", "Call number 2", "Silent for 200 days.", "Too dear", "Say hello.", "R0000002"):
        assert words in page
    assert "45 %" in page and "22 % – 68 %" in page, "the chance and its range"
    assert "140 CNY" in page and "20.00 – 400" in page, "the value and its range"
    assert "36 minutes" in page, "three rows of twelve minutes"


def test_the_same_week_gives_the_same_bytes(listed) -> None:
    assert rep_pages(listed, ZH) == rep_pages(listed, ZH)


def test_the_language_is_the_workspaces(listed) -> None:
    page = page_of(listed, ZH)
    assert '<html lang="zh-CN">' in page and "回归名单" in page and "流失原因" in page
    assert "Win-back list" not in page


def test_nothing_is_loaded_from_elsewhere_and_only_our_script_may_run(listed) -> None:
    page = page_of(listed)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert len(scripts) == len(styles) == 1
    allowed = policy.group(1).replace("&#39;", "'")
    for text in scripts + styles:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in allowed
    assert "default-src 'none'" in allowed and "unsafe" not in allowed and "http" not in allowed
    tags = Structure(page).tags
    assert not [t for t, a in tags if {"src", "href", "style", "action"} & a.keys() or any(k.startswith("on") for k in a)]
    assert {"script", "link", "img", "iframe", "object", "base", "form"} & {t for t, _ in tags} == {"script"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_cells_stay_text(text: str, empty_tables) -> None:
    """The page has the same elements as one of a harmless name, whatever stands in names, notes, quotes and ids."""
    set_week(empty_tables)
    texts = ("account_name", "person_name", "phone", "action", "why_now", "talk_track", "offer_text", "do_not_say", "taboos")
    plain = put_listed(empty_tables, 1, account_id="A1", **dict.fromkeys(texts, "harmless"))
    for table, column in (("asof_touchpoints", "note_text"), ("score_mentions", "mention_text")):
        put(empty_tables, table, account_id=plain, **{column: "harmless", **_mention(table)})
    put(empty_tables, "score_reasons", account_id=plain, evidence_text="harmless")
    before = Structure(page_of(empty_tables)).tags
    for table, columns in (
        ("out_playbook", texts),
        ("asof_touchpoints", ("note_text",)),
        ("score_mentions", ("mention_text",)),
        ("score_reasons", ("evidence_text",)),
        ("asof_people", ("person_name", "phone", "email")),
    ):
        for column in columns:
            empty_tables.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL", [text])
    page = page_of(empty_tables)
    after = Structure(page).tags
    assert [t for t, _ in after] == [t for t, _ in before]
    assert [sorted(a) for _, a in after] == [sorted(a) for _, a in before]
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", page)


def _mention(table: str) -> dict[str, Any]:
    return {"mention_kind": "rival"} if table == "score_mentions" else {"touched_on": AS_OF}


def test_a_cell_of_a_megabyte_is_cut(empty_tables) -> None:
    set_week(empty_tables)
    put_listed(empty_tables, 1, account_name="长" * 1_000_000, talk_track="y" * 1_000_000)
    assert len(page_of(empty_tables).encode()) < 60_000


def test_a_representative_without_rows_gets_an_empty_list() -> None:
    page = rep_page([], rep_id="R9", week_on=AS_OF, language="en").decode()
    assert "Nobody is on the list this week." in page and "<article" not in page


def test_accounts_with_nothing_but_a_row_still_have_a_card(empty_tables) -> None:
    set_week(empty_tables)
    put(empty_tables, "asof_accounts", account_id="A1")
    put(empty_tables, "out_playbook", account_id="A1", rep_id="R1", row_key="R0000001", rank=1)
    assert page_of(empty_tables).count("<article") == 1


def test_what_is_said_is_marked_with_the_language_it_is_in(empty_tables) -> None:
    set_week(empty_tables, ZH)
    for number, tag in enumerate(("zh-Hant", "en", None), start=1):
        put_listed(empty_tables, number, talk_track=f"talk {number}")
        empty_tables.execute("UPDATE asof_accounts SET language = ? WHERE account_id = ?", [tag, f"A{number:04d}"])
    (page,) = (content.decode() for content in rep_pages(empty_tables, ZH).values())
    said = dict(re.findall(r'<p class="talk"(?: lang="([^"]*)")?><bdi>(talk \d)</bdi>', page)[i][::-1] for i in range(3))
    assert said == {"talk 1": "zh-Hant", "talk 2": "en", "talk 3": ""}
    assert '<html lang="zh-CN">' in page and ":lang(zh-Hant)" in page
