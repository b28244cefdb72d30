"""Masking: what is hidden, what stays, and that nothing moves."""

import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat as Shape

from winback.reasons.corpus import load_corpus
from winback.reasons.masking import MASK, mask_personal

HIDDEN = [
    ("手机13800138000，别再打", "13800138000"),
    ("打138 0013 8000找他", "138 0013 8000"),
    ("１３８００１３８０００是他的号", "１３８００１３８０００"),
    ("138\u200b0013\u200b8000", "8000"),
    ("座机0571-88888888", "0571-88888888"),
    ("ring +44 20 7946 0958 today", "20 7946 0958"),
    ("call 555-0123 after six", "555-0123"),
    ("电话一三八零零一三八零零零", "一三八零零一三八零零零"),
    ("身份证11010119900101123X", "11010119900101123X"),
    ("id 110101 1990 0101 123x", "110101 1990 0101 123x"),
    ("发到zhang.san+ad@mail.example.com吧", "zhang.san+ad@mail.example.com"),
    ("看https://a.example/b?c=1，不行", "https://a.example/b?c=1"),
    ("www.example.com.cn太慢", "www.example.com.cn"),
    ("加微信 lily_2020", "lily_2020"),
    ("微信zhangsan", "zhangsan"),
    ("微信号：zhangsan", "zhangsan"),
    ("QQ 12345", "12345"),
    ("whatsapp id: bobby77", "bobby77"),
    ("粤B12345来过", "粤B12345"),
    ("張總說不續", "張"),
    ("王经理说没钱", "王"),
    ("陈建国先生不做了", "陈建国"),
    ("Mrs. O'Neil left, Ms Anna Kowalczyk too", "Kowalczyk"),
]


@pytest.mark.parametrize(("text", "secret"), HIDDEN)
def test_personal_data_is_hidden_in_place(text: str, secret: str) -> None:
    masked = mask_personal(text)
    at = text.index(secret)
    hidden = masked[at : at + len(secret)]
    assert hidden == re.sub(r"\S", MASK, secret)
    assert len(masked) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "今年预算砍光，2026-03-02到2026-04-01先停",
        "price 300-500, spent 1,200,000 with ROI 3.5; call on 2026-03-02 14:30",
        "wechat marketing did nothing, we miss having leads, will call again",
        "周总量没上去，每周经理例会都在讲，前任老板娘说的",
        "",
        "\ud800老板换人了",
        "😀 \n\t ไม่สนใจแล้วครับ",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert mask_personal(text) == text


def test_given_names_in_either_script_and_in_parts() -> None:
    names = ["Will Young", "张伟", "李"]
    masked = mask_personal("will young said: Young men will call. 張偉要停，张董同意。李子园", names)
    assert masked == "**** ***** said: ***** men will call. **要停，*董同意。李子园"


def test_the_region_adds_its_numbers() -> None:
    text = "reach her on 2345 6789 please"
    assert mask_personal(text) == text
    assert mask_personal(text, phone_region="HK") == "reach her on **** **** please"


@pytest.mark.parametrize("region", ["CN", "HK", "TW", "US", "GB", "DE", "SG"])
def test_example_numbers_of_the_numbering_plans_are_hidden_however_written(region: str) -> None:
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(region, kind)
        for shape in (Shape.E164, Shape.INTERNATIONAL, Shape.NATIONAL):
            for before, after in (("客户", "说别打"), ("reach me on ", " after six"), ("tel:", "。")):
                note = before + phonenumbers.format_number(number, shape) + after
                assert re.sub(r"[^\d]", "", mask_personal(note, phone_region=region)) == "", note


def test_few_notes_of_the_corpus_lose_more_than_a_name() -> None:
    """The corpus holds no personal data but invented surnames under a title: little else may go (over-masking)."""
    notes = [note.text for note in load_corpus()][::4]
    n_hidden = sum(mask_personal(note).count(MASK) - note.count(MASK) for note in notes)
    assert n_hidden / sum(map(len, notes)) < 0.005


PIECES = st.sampled_from(
    [
        "138",
        "00",
        "-",
        " ",
        "@",
        ".",
        "com",
        "微信",
        "号",
        "：",
        "王",
        "总",
        "先生",
        "Mr ",
        "abc",
        "一二三",
        "\n",
        "x",
        "电话",
        "*",
        "伟",
        "𠮷",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)), st.lists(st.text(max_size=4), max_size=2)
)
def test_length_stays_and_masking_twice_changes_nothing(text: str, names: list[str]) -> None:
    masked = mask_personal(text, names)
    assert len(masked) == len(text)
    assert mask_personal(masked, names) == masked
    assert all(b in (a, MASK) for a, b in zip(text, masked, strict=True))
    assert re.search(r"\d{6}", masked) is None


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "1 " * 50_000, "138-0013-8000 " * 10_000, "a.b-" * 50_000, "qq:::" * 40_000]
)
def test_long_notes_take_no_time_that_grows_faster_than_they_do(text: str) -> None:
    assert len(mask_personal(text)) == len(text)
