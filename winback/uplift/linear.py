"""Linear regression and logistic regression, as the learners use them.

Belongs here: one penalised linear model of an outcome. Does not belong here: what is regressed on what (the learners).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from winback.uplift.experiment import Matrix, Vector

_LOGISTIC_C = 0.1
_RIDGE_PENALTIES = np.logspace(-1, 5, 13)


class Linear:
    """Ridge (numbers) or logistic regression (0/1) on standardised columns; missing numbers: median and an indicator.

    The ridge penalty is chosen by leave-one-out error, the logistic one is fixed: weak beside thousands of rows, and a good
    third off the coefficients at a hundred.
    """

    def __init__(self, x: Matrix, y: Vector, *, is_binary: bool) -> None:
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression, RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._is_binary = is_binary
        self._constant = float(y.mean()) if np.ptp(y) == 0 or x.shape[1] == 0 else None
        self._model: Any = None
        if self._constant is None:
            model = LogisticRegression(C=_LOGISTIC_C, max_iter=200) if is_binary else RidgeCV(alphas=_RIDGE_PENALTIES)
            filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
            self._model = make_pipeline(filled, StandardScaler(), model).fit(x, y)

    def __call__(self, x: Matrix) -> Vector:
        """Predictions: a chance for 0/1 outcomes, else the outcome's unit."""
        if self._constant is not None:
            return np.full(len(x), self._constant)
        found = self._model.predict_proba(x)[:, 1] if self._is_binary else self._model.predict(x)
        return np.asarray(found, dtype=np.float64)
