"""What to say for one row, filled from its facts.

Belongs here: putting a play's sentences, tone and facts together. Does not belong here: the sentences (`library/*.yaml`,
`tone.yaml`) or which play a row has (`library.play_for`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

import yaml

from winback.plays.facts import load_facts
from winback.plays.lint import forbidden_in
from winback.plays.play import AskTalk, Play, Solution, Talk
from winback.plays.sentences import Language, Sentence
from winback.plays.tone import Part, load_tones


def talk_track(
    play: Play, facts: Mapping[str, Any], language: Language, *, is_said_outright: bool, temperament: str | None = None
) -> str:
    """One line per part (tone, diagnosis, solution, sum-up, follow-up), each with its title; no solution where we only ask.

    `facts` are a row's values by the names of `facts.yaml`, plus `currency`; a sentence whose facts are missing is left out, and
    so is one to which a fact in somebody's own words brings a forbidden phrase.
    """
    talk = play.talk if is_said_outright and play.talk is not None else play.ask
    tones = load_tones()
    tone = tones.of(temperament, is_sober=play.is_sober)
    parts: dict[Part, list[str]] = {
        "tone": [tone.opening.said_in(language), *_sayable(talk.tone, facts, language)],
        "diagnosis": _sayable(talk.diagnosis, facts, language),
        "solution": _solved(talk, facts, language),
        "sum_up": _sayable(talk.sum_up, facts, language),
        "follow_up": [*_sayable(talk.follow_up, facts, language), tone.closing.said_in(language)],
    }
    lines = [(tones.parts[part], "".join(_ended(said, language))) for part, said in parts.items() if said]
    if play.talk_with is not None and talk is play.talk:
        lines.insert(0, (tones.said_to, tones.roles[play.talk_with].said_in(language)))
    colon = "：" if language == "zh" else ": "
    return "\n".join(f"{title.said_in(language)}{colon}{said.strip()}" for title, said in lines)


@functools.cache
def load_shared_facts() -> tuple[Sentence, ...]:
    """The fact sentences that every play brings."""
    text = (resources.files("winback.plays") / "shared_facts.yaml").read_text("utf-8")
    return tuple(Sentence.model_validate(entry) for entry in yaml.safe_load(text))


def facts_to_bring(play: Play, facts: Mapping[str, Any], language: Language) -> list[str]:
    """The facts for the representative's eyes that are known for this row: those of every play, then the play's own."""
    return _said((*load_shared_facts(), *play.facts), facts, language)


def restart_text(play: Play, facts: Mapping[str, Any], language: Language) -> str:
    """When to come back to the account: the first sentence that stands."""
    return _said(play.restart.sentences, facts, language)[0]


def _solved(talk: Talk | AskTalk, facts: Mapping[str, Any], language: Language) -> list[str]:
    if isinstance(talk, AskTalk):
        return []
    return [sentence for solution in talk.solution for sentence in _sayable(_four(solution), facts, language)]


def _four(solution: Solution) -> tuple[Sentence, ...]:
    return (solution.feature, solution.advantage, solution.benefit, *solution.evidence)


def _said(sentences: Iterable[Sentence], facts: Mapping[str, Any], language: Language) -> list[str]:
    filled = (sentence.fill(facts, language) for sentence in sentences)
    return [text for text in filled if text is not None]


def _sayable(sentences: Iterable[Sentence], facts: Mapping[str, Any], language: Language) -> list[str]:
    """The sentences that stand and may be said to the customer; facts may be in either language."""
    return [
        text
        for sentence in sentences
        for text in _said([sentence], facts, language)
        if not _quotes(sentence) or not (forbidden_in(text, "en") or forbidden_in(text, "zh"))
    ]


def _quotes(sentence: Sentence) -> bool:
    """Whether it names a fact in somebody's own words."""
    return any(load_facts()[name].kind == "text" for name in sentence.facts)


def _ended(sentences: Iterable[str], language: Language) -> Iterator[str]:
    """Sentences that can stand in a row: one that ends on a fact in somebody's own words gets its full stop."""
    stop, gap = ("。", "") if language == "zh" else (".", " ")
    for text in sentences:
        bare = text.rstrip()
        yield (bare if bare.endswith((".", "!", "?", "。", "！", "？", "”", '"')) else bare + stop) + gap
