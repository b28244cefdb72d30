"""Why an account left, from several witnesses that err: how each of them errs is learned without knowing the truth.

Belongs here: the likelihood of what witnesses say given the true code, expectation-maximisation from priors, and the
probabilities. Does not belong here: who the witnesses are and what they say (`witnesses`), what is concluded
(`account_reasons`).

Each witness is a table P(says s | true code c), after Dawid & Skene (1979), with a Dirichlet prior from what is known before:
the labeller's cross-validated confusion, the expected chances of a sign, how staff play down our own faults. The priors are
heavy: without the truth, a free model soon explains every silent account by the code that says least. A witness that says
nothing about an account counts neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from winback.reasons.calibration import softmax

Matrix = NDArray[np.float64]
N_ROUNDS = 40
CLOSE = 1e-5
_MOST_GROUPS = 1 << 62
"""Numbers of groups fit in 64 bits below this."""


@dataclass(frozen=True)
class Witness:
    """One witness's statements: `said[k]` about account `account[k]`, counting `weight[k]` (about 0 to 1).

    `prior` holds a row per code and a column per thing it can say: expected chances times their worth in accounts. Codes
    with the same number in `shared` are learned as one. `trust` (0 to 1) scales its log-likelihood: witnesses that look at
    the same thing must not count twice.
    """

    name: str
    prior: Matrix
    shared: NDArray[np.int64]
    account: NDArray[np.int64]
    said: NDArray[np.int64]
    weight: Matrix
    trust: float


@dataclass(frozen=True)
class AccountModel:
    """What was learned: the mix of codes (sums to 1) and per witness the table P(says | code)."""

    mix: Matrix
    tables: tuple[Matrix, ...]


@dataclass(frozen=True)
class KnownCodes:
    """Accounts whose code is known: `is_known[i]`, and the probabilities to hold them at, one row per account."""

    is_known: NDArray[np.bool_]
    probabilities: Matrix


@dataclass(frozen=True)
class Alike:
    """Accounts of whom all witnesses say the same, as one: how many they are, and which of them (`group`) each account is.

    `witnesses` and `known` speak of groups in place of accounts; `statements` holds a matrix per witness, groups x things to say:
    the weight with which it says each of each.
    """

    witnesses: tuple[Witness, ...]
    statements: tuple[csr_array, ...]
    known: KnownCodes
    n_accounts: Matrix
    group: NDArray[np.int64]


def put_together(witnesses: Sequence[Witness], known: KnownCodes) -> Alike:
    """Put accounts together: most have no note and no pick, and signs have few levels.

    Who is known, or of whom somebody says more than one thing or says it with a weight of its own, stays by himself.
    """
    n = len(known.is_known)
    group, n_groups, is_alone = np.zeros(n, np.int64), 1, known.is_known.copy()
    for witness in witnesses:
        if _says_one_thing(witness):
            n_says = witness.prior.shape[1] + 1
            if n_groups > _MOST_GROUPS // n_says:
                met, group = np.unique(group, return_inverse=True)
                n_groups = len(met)
            spoken = np.zeros(n, np.int64)
            spoken[witness.account] = witness.said + 1
            group, n_groups = group * n_says + spoken, n_groups * n_says
        else:
            is_alone[witness.account] = True
    group = np.where(is_alone, -1 - np.arange(n), group)
    _, first, group, counts = np.unique(group, return_index=True, return_inverse=True, return_counts=True)
    is_first = np.zeros(n, bool)
    is_first[first] = True
    kept = tuple(_kept(witness, is_first, group) for witness in witnesses)
    return Alike(
        kept,
        tuple(_statements(witness, len(first)) for witness in kept),
        KnownCodes(known.is_known[first], known.probabilities[first]),
        counts.astype(np.float64),
        group,
    )


def _says_one_thing(witness: Witness) -> bool:
    """Whether the witness says at most one thing of every account, at full weight."""
    return bool((np.diff(witness.account) > 0).all() and (witness.weight == 1).all())


def _kept(witness: Witness, is_kept: NDArray[np.bool_], group: NDArray[np.int64]) -> Witness:
    kept = is_kept[witness.account]
    return replace(witness, account=group[witness.account[kept]], said=witness.said[kept], weight=witness.weight[kept])


def fit_account_model(alike: Alike, mix_prior: Matrix, fixed_share: float) -> AccountModel:
    """Expectation-maximisation from the priors; the same input gives the same model.

    `mix_prior` is expected shares times their worth in accounts. The last code ("nobody knows") keeps `fixed_share`: it is
    the one that explains silence best, so its share cannot be learned from silence.
    """
    witnesses = alike.witnesses
    model = AccountModel(_mix(mix_prior, fixed_share), tuple(_rows_to_one(_pooled(w.prior, w.shared)) for w in witnesses))
    for _ in range(N_ROUNDS):
        p = group_probabilities(model, alike) * alike.n_accounts[:, None]
        learned = tuple(_learned(w, said.T @ p) for w, said in zip(witnesses, alike.statements, strict=True))
        fresh = AccountModel(_mix(p.sum(axis=0) + mix_prior, fixed_share), learned)
        change = float(np.abs(fresh.mix - model.mix).max())
        model = fresh
        if change < CLOSE:
            break
    return model


def group_probabilities(model: AccountModel, alike: Alike) -> Matrix:
    """P(code | all statements), one row per group, one column per leaf code; rows of known accounts are what is known."""
    total = np.zeros_like(alike.known.probabilities)
    for _, support in group_support(model, alike):
        total += support
    return np.where(alike.known.is_known[:, None], alike.known.probabilities, softmax(np.log(model.mix) + total))


def group_support(model: AccountModel, alike: Alike) -> Iterator[tuple[Witness, Matrix]]:
    """Each witness with the log-likelihood of its statements by code, one row per group (zeros where it is silent)."""
    for witness, table, said in zip(alike.witnesses, model.tables, alike.statements, strict=True):
        yield witness, np.asarray(said @ (witness.trust * np.log(table).T))


def _statements(witness: Witness, n_groups: int) -> csr_array:
    shape = (n_groups, witness.prior.shape[1])
    return coo_array((witness.weight, (witness.account, witness.said)), shape).tocsr()


def _mix(counts: Matrix, fixed_share: float) -> Matrix:
    mix = counts.copy()
    mix[-1] = 0.0
    mix *= (1 - fixed_share) / mix.sum()
    mix[-1] = fixed_share
    return mix


def _learned(witness: Witness, counts: Matrix) -> Matrix:
    """The witness's table from things said x codes in numbers of accounts."""
    return _rows_to_one(_pooled(counts.T + witness.prior, witness.shared))


def _pooled(counts: Matrix, shared: NDArray[np.int64]) -> Matrix:
    total = np.zeros_like(counts)
    np.add.at(total, shared, counts)
    return total[shared]


def _rows_to_one(values: Matrix) -> Matrix:
    return np.asarray(values / values.sum(axis=1, keepdims=True))
