"""What is written over a mailed list.

Belongs here: title and text of the message, in the workspace's language, without anything about a customer. Does not belong here:
sending it (`assets.list_mails`).
"""

from __future__ import annotations

from datetime import date

from winback.plays.written import Language

_TEXTS = {
    "en": (
        "Win-back list, week of {week}{revision}",
        "Your win-back list for the week of {week} is attached; promises still to be kept, if any, are in the second file.\n\n"
        "Work from the top. Fill in the last columns, leave the others as they are, and hand the file back where you always do.\n\n"
        "The files hold personal data and are for you alone: do not forward them.\n",
    ),
    "zh": (
        "客户回归名单 {week} 周{revision}",
        "附件是 {week} 这一周的客户回归名单；如有尚未兑现的承诺，见第二个文件。\n\n"
        "请从第一行开始处理，填写最后几列，其他列保持不变，然后照常交回文件。\n\n"
        "文件含个人信息，仅供本人使用，请勿转发。\n",
    ),
}
_REVISIONS = {"en": " (corrected, no. {n})", "zh": "（更正 {n}）"}


def cover_note(week_on: date, revision: int, language: Language) -> tuple[str, str]:
    """Title and text of the mail that brings a list; a revision says that it corrects the list before."""
    title, text = _TEXTS[language]
    told = _REVISIONS[language].format(n=revision) if revision > 1 else ""
    return title.format(week=week_on, revision=told), text.format(week=week_on)
