"""Does the champion hold its ground? One verdict per line of what a protocol asks.

Belongs here: the tolerances and how figures are held against peers and baselines. Does not belong here: the peers' figures
(`protocols/*.yaml`), metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from winback.evaluation.bootstrap import Interval
from winback.evaluation.metrics import METRICS
from winback.evaluation.protocols import Protocol

TOLERANCES: dict[str, float] = {"roc_auc": 0.003, "harrell_c": 0.003, "pr_auc": 0.005, "brier": 0.0005}
"""How far the champion may be on the wrong side of the best peer."""

MAX_ECE = 0.03
"""Largest expected calibration error, over bins of equal width and of equal mass alike."""

Figures = Mapping[str, Mapping[str, Interval]]


@dataclass(frozen=True)
class Verdict:
    """One line: the champion's figure against its bar.

    `kind` is 'hold' (must be) or 'aim' (is wanted). `peer` names who sets the bar, None where it is a fixed number; `source`
    says whether the peer's figure is 'published' with the protocol or 'measured' on these rows. `is_met` is None where the
    figure or the peer is lacking: then nothing was shown, which is not the same as held.
    """

    kind: Literal["hold", "aim"]
    metric: str
    value: float | None
    bar: float | None
    peer: str | None
    source: Literal["published", "measured", "fixed"]
    is_met: bool | None
    words: str


def judge(protocol: Protocol, champion: str, figures: Figures, differences: Figures) -> list[Verdict]:
    """The verdicts, what must hold first.

    Peers are the published ones of the protocol, or the measured baselines where it has none. `figures` are those of every
    model, `differences` those of the champion less each baseline.
    """
    own = {metric: figures[champion][metric].value for metric in METRICS}
    peers = _Peers(protocol, champion, figures)
    lines = [_against_peer("hold", metric, own[metric], peers, slack) for metric, slack in TOLERANCES.items()]
    lines += [_fixed_bar(metric, own[metric]) for metric in ("ece", "ece_equal_mass")]
    lines += [_must_beat(baseline, differences.get(baseline)) for baseline in protocol.must_beat]
    if protocol.aim_auc_gain is not None:
        lines.append(_against_peer("aim", "roc_auc", own["roc_auc"], peers, -protocol.aim_auc_gain))
        lines += [_against_peer("aim", metric, own[metric], peers, 0.0) for metric in ("brier", "ece_equal_mass")]
    return lines


class _Peers:
    """Who the champion is held against."""

    def __init__(self, protocol: Protocol, champion: str, figures: Figures) -> None:
        self.source: Literal["published", "measured"] = "published" if protocol.published_peers else "measured"
        published = {name: peer.model_dump() for name, peer in protocol.published_peers.items()}
        measured = {
            name: {metric: interval.value for metric, interval in of.items()}
            for name, of in figures.items()
            if name != champion
        }
        self._values = published or measured

    def best(self, metric: str) -> tuple[str, float] | None:
        """The best peer of a metric and its figure; ties go to the first in the alphabet."""
        sign = 1 if METRICS[metric] == "higher" else -1
        values = {name: of[metric] for name, of in sorted(self._values.items()) if of.get(metric) is not None}
        if not values:
            return None
        name = max(values, key=lambda n: sign * values[n])
        return name, values[name]


def _against_peer(kind: Literal["hold", "aim"], metric: str, value: float | None, peers: _Peers, slack: float) -> Verdict:
    best = peers.best(metric)
    is_higher = METRICS[metric] == "higher"
    side = "at least" if is_higher else "at most"
    if best is None or value is None:
        lacking = "there is no peer" if best is None else "the champion has no figure"
        return Verdict(kind, metric, value, None, None, peers.source, None, f"{metric} {side} the best peer's: {lacking}")
    peer, figure = best
    # bars are sums of two- to four-digit decimals; what binary fractions add to them is not part of the bar
    bar = round(figure - slack if is_higher else figure + slack, 9)
    is_met = value >= bar if is_higher else value <= bar
    words = f"{metric} {side} {bar:.4f} (best peer {peer}, {peers.source}, {figure:.4f})"
    return Verdict(kind, metric, value, bar, peer, peers.source, is_met, words)


def _fixed_bar(metric: str, error: float | None) -> Verdict:
    is_met = None if error is None else error <= MAX_ECE
    return Verdict("hold", metric, error, MAX_ECE, None, "fixed", is_met, f"{metric} at most {MAX_ECE}")


def _must_beat(baseline: str, difference: Mapping[str, Interval] | None) -> Verdict:
    words = f"roc_auc above that of {baseline}, whole interval of the paired difference above zero"
    if difference is None or difference["roc_auc"].low is None:
        return Verdict("hold", "roc_auc", None, 0.0, baseline, "measured", None, f"{words}: not measured")
    gain = difference["roc_auc"]
    is_met = gain.low is not None and gain.low > 0
    return Verdict("hold", "roc_auc", gain.value, 0.0, baseline, "measured", is_met, words)
