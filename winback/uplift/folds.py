"""Folds by lot: each row once in the part that is judged.

Belongs here: the lot of one seed. Does not belong here: fitting on folds (`cross_fitting`).
"""

from __future__ import annotations

import numpy as np

from winback.uplift.experiment import Codes, Experiment


def fold_of_rows(experiment: Experiment, n_folds: int, seed: int) -> Codes:
    """Fold (0..) of each row: the same number per arm, clusters kept whole.

    Rows of one customer in two folds would let a model recognise whom it is judged on.
    """
    first = np.arange(len(experiment.arm))
    unit = first
    if experiment.cluster is not None:
        _, first, unit = np.unique(experiment.cluster, return_index=True, return_inverse=True)
    arm = experiment.arm[first]
    order = np.random.default_rng(seed).permutation(len(arm))
    by_arm = order[np.argsort(arm[order], kind="stable")]
    fold = np.empty(len(arm), dtype=np.int64)
    fold[by_arm] = np.arange(len(arm)) % n_folds
    return fold[unit]
