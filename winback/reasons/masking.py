"""Personal data in a note, hidden letter by letter.

Belongs here: which stretches of a text are personal data, and hiding them without moving anything else. Does not belong
here: whose names they are (the caller gives them), where masked text is sent or shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from winback.reasons.normalise import same_length_simplified

MASK = "*"
"""Stands for one hidden character. Blanks and line ends inside a hidden stretch stay, so that clauses keep their borders."""
MIN_CHINESE_NUMERALS = 7
MIN_GROUPED_DIGITS = 9

# Letters and digits that are not Chinese: Chinese text runs on without blanks, so an address must not swallow it.
_WORD = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_HIDDEN_GAP = r"[\u200b-\u200f\u2060\ufeff]*"
_GAP = r"[ \t\u00a0\u3000.\-‐-―()（）·_/\u200b-\u200f\u2060\ufeff]{0,3}"
_DATE = r"(?:19|20)\d\d ?[-/.年] ?\d{1,2} ?[-/.月] ?\d{1,2}(?!\d)"
_SURNAME = (
    "(?:欧阳|上官|司徒|[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘蒋蔡余杜叶程苏魏"
    "吕丁任沈姚卢姜崔钟谭陆汪范石廖贾韦夏付傅邹孟熊秦邱江尹薛阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤])"
)
_NO_WORD_BEFORE = "(?<![前现原继主责历上下每工课流过])"  # 前任老板, 每周经理, 工程总监: no surname
_ADDRESS = r"(?:先生|女士|小姐|太太)"
_TITLE = r"(?:经理|总监|主任|主管|老板|老师|厂长|店长|校长|院长|师傅|董|总(?![共包部体之算量额价结]))"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CHINESE_NAME = re.compile(r"[\u3400-\u9fff·]{2,}")

_ID_MARK = r"(?:号码|号|賬號|账号|帐号|id|no\.?|number|是|为|为)"
_MESSENGER = r"(?:微信|薇信|威信|wechat|weixin|whatsapp|telegram|skype|钉钉|扣扣|qq|(?<![a-z])(?:vx|wx|v信|加v|tg|line id))"
_PHONE_CUE = (
    r"(?:电话|手机|座机|热线|分机|传真|联系方式|打给|拨打"
    r"|(?<![a-z])(?:tel|phone|mobile|cell|call|ring|dial|fax|ext)(?![a-z]))"
)

# Every pattern hides its group `hide`, or the whole match where it has none. They read a lower-cased, Simplified copy.
_PATTERNS = tuple(
    re.compile(p)
    for p in (
        rf"(?<!{_WORD})(?<![.+%\-])(?:{_WORD}|[.+%\-])++ ?[@＠] ?(?:{_WORD}|-)++(?:\.(?:{_WORD}|-)++)+",  # e-mail
        r"[\u3400-\u9fff]{1,4}[@＠][\w\-]+(?:\.[\w\-]+)+",  # e-mail with a Chinese mailbox name
        r"(?:https?|ftp)[:：]//[^\s\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+",  # URL
        r"(?<![a-z0-9\-])(?:www\.[a-z0-9]|(?:[a-z0-9\-]{1,63}\.){1,5}(?:com|cn|net|org|hk|tw|io|cc|top|shop|vip|xyz|info|biz|uk|de|co|me|site)"
        r"(?![a-z0-9]))[!-~]*",  # site without a scheme
        rf"\d(?:{_HIDDEN_GAP}\d){{5,}}x?",  # long runs of digits: ids, accounts, QQ numbers, undivided phone numbers
        rf"[零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖]{{{MIN_CHINESE_NUMERALS},}}",  # numbers written in characters
        rf"{_PHONE_CUE}[^\d\n]{{0,4}}(?!{_DATE})(?P<hide>\+?\d(?:{_GAP}\d){{4,}})",
        rf"{_MESSENGER} ?{_ID_MARK}?(?:[ :：=]|是)*(?P<hide>\d{{5,}})",
        rf"{_MESSENGER} ?(?:{_ID_MARK}[ :：=是]*|[ ]?[:：=] ?)(?P<hide>[a-z][a-z0-9_\-]{{4,}})",
        rf"{_MESSENGER}[ :：=]*(?P<hide>[a-z](?=[a-z_\-]*[0-9_\-])[a-z0-9_\-]{{4,}})",
        r"(?:微信|薇信|威信|钉钉|扣扣)(?P<hide>[a-z][a-z0-9_\-]{4,})",
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][ ·]?"
        r"(?=[a-z0-9]*\d)[a-z0-9]{5,6}(?![a-z0-9])",  # licence plates
        rf"{_NO_WORD_BEFORE}(?P<hide>{_SURNAME}[\u3400-\u9fff]{{0,2}}?){_ADDRESS}",
        rf"{_NO_WORD_BEFORE}(?P<hide>{_SURNAME}){_TITLE}",
    )
)
_TITLED = re.compile(
    rf"(?<!{_WORD})(?:(?i:mr|mrs|mdm)\.? |(?:Ms|Miss|Mx|Dr)\.? (?=[A-Z]))"
    rf"(?P<hide>{_WORD}(?:{_WORD}|['’\-])+(?: [A-Z](?:{_WORD})+)?)"
)
_GROUPED = re.compile(rf"(?<!\d)(?!{_DATE})[+＋(（]?\d{{1,4}}(?:(?!\d){_GAP}(?!{_DATE})\d{{1,8}})+x?")
_DIALLED = re.compile(rf"(?<!\d)(?!{_DATE})[+＋(（]{{0,2}}\d(?:(?!{_GAP}{_DATE}){_GAP}\d){{5,}}")


def mask_personal(text: str, names: Sequence[str] = (), phone_region: str = "CN") -> str:
    """`text` with personal data hidden behind `MASK`, character for character: `len` and every offset stay the same.

    Hidden are phone numbers (of China, of `phone_region`, an ISO 3166 code, and international ones; also in groups or written
    in Chinese numerals), digit runs of 6 and more (identity cards, bank cards, accounts), e-mail addresses, URLs, messenger
    ids after a cue word, licence plates, persons under a title (王经理, Mr Chen: the name goes, the title stays) and `names`
    (whole, either script of Chinese; a Chinese person also as surname and title, a Latin one also by each capitalised part).
    Masking twice changes nothing. What it cannot know: names that are neither given nor titled, and postal addresses.
    """
    given = tuple(_name_patterns(names))
    regions = tuple(dict.fromkeys(("CN", phone_region)))
    while (masked := _mask_once(text, given, regions)) != text:
        text = masked
    return text


def _mask_once(text: str, given: tuple[re.Pattern[str], ...], regions: tuple[str, ...]) -> str:
    simple = _simplified(text)
    plain = "".join(low if len(low := c.lower()) == 1 else c for c in simple)
    spans = [s for p in _PATTERNS for s in _spans(p, plain)]
    spans += [s for p in (_TITLED, *given) for s in _spans(p, simple)]
    spans += [m.span() for m in _GROUPED.finditer(plain) if sum(c.isdigit() for c in m.group()) >= MIN_GROUPED_DIGITS]
    hidden = _hide(text, spans)
    return _hide(hidden, _phone_spans(plain, hidden, regions))


def _simplified(text: str) -> str:
    """Of the same length; OpenCC takes no half of a surrogate pair."""
    return same_length_simplified(_LONE_SURROGATE.sub("?", text))


def _hide(text: str, spans: Sequence[tuple[int, int]]) -> str:
    if not spans:
        return text
    letters = list(text)
    for start, end in spans:
        letters[start:end] = [c if c.isspace() else MASK for c in letters[start:end]]
    return "".join(letters)


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    group = "hide" if "hide" in pattern.groupindex else 0
    return (m.span(group) for m in pattern.finditer(text))


def _phone_spans(text: str, hidden: str, regions: tuple[str, ...]) -> list[tuple[int, int]]:
    """Numbers that a numbering plan knows; asked only about what looks like a number and is not all hidden by now."""
    import phonenumbers

    found = []
    for stretch in _DIALLED.finditer(text):
        if not any(c.isdigit() for c in hidden[stretch.start() : stretch.end()]):
            continue
        for region in regions:
            for match in phonenumbers.PhoneNumberMatcher(stretch.group(), region):
                found.append((stretch.start() + match.start, stretch.start() + match.end))
    return found


def _name_patterns(names: Sequence[str]) -> Iterator[re.Pattern[str]]:
    """What to look for, for each name of two letters and more; read with case, because `Will` is a name and `will` is not."""
    for name in sorted({" ".join(_simplified(n).split()) for n in names}, key=lambda n: (-len(n), n)):
        if len(name) < 2:
            continue
        if _CHINESE_NAME.fullmatch(name):
            yield re.compile(re.escape(name))
            yield re.compile(rf"(?P<hide>{re.escape(name[0])})(?:{_TITLE}|{_ADDRESS})")
            continue
        parts = name.split(" ")
        whole = r"\s+".join(map(re.escape, parts))
        yield re.compile(rf"(?<!{_WORD})(?i:{whole})(?!{_WORD})")
        for part in parts:
            if len(part) >= 2 and part[0].isupper():
                yield re.compile(rf"(?<!{_WORD}){re.escape(part)}(?!{_WORD})")
