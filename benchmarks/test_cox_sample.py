"""A Cox fit on all of 300,000 rows against the fit on a sample of 100,000."""

import numpy as np
import pandas as pd

from winback.survival.family_cox import MAX_ROWS, cox_coefficients

N_ROWS, N_COLUMNS = 300_000, 8
N_FOR_ERRORS = 10_000
TRUE = np.array([0.6, -0.4, 0.25, 0.0, 0.1, -0.15, 0.3, 0.0])


def robust_errors(columns: np.ndarray, days: np.ndarray, returned: np.ndarray) -> np.ndarray:
    """Huber's sandwich standard errors of a fit on the rows.

    lifelines adds them up row by row, so they are those of the first `N_FOR_ERRORS` rows, which are in no order, and shrink with
    the root of the number of rows.
    """
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(columns[:N_FOR_ERRORS]).rename(columns=str)
    frame = frame.assign(days=days[:N_FOR_ERRORS], returned=returned[:N_FOR_ERRORS])
    errors = CoxPHFitter().fit(frame, "days", "returned", robust=True).standard_errors_.to_numpy()
    return errors * np.sqrt(N_FOR_ERRORS / len(days))


def test_a_sample_tells_what_all_rows_tell() -> None:
    from lifelines.utils import concordance_index

    rng = np.random.default_rng(5)
    x = rng.normal(size=(N_ROWS, N_COLUMNS))
    time = rng.exponential(120 / np.exp(x @ TRUE))
    seen = rng.uniform(30, 400, N_ROWS)
    days, returned = np.maximum(np.ceil(np.minimum(time, seen)), 1).astype(np.int64), time <= seen
    sample = rng.permutation(N_ROWS)[:MAX_ROWS]
    whole = cox_coefficients(x, days, returned, 0.0)
    part = cox_coefficients(x[sample], days[sample], returned[sample], 0.0)
    error = robust_errors(x[sample], days[sample], returned[sample])
    print("all rows", np.round(whole, 4), "sample", np.round(part, 4), "robust standard errors", np.round(error, 4))
    assert (np.abs(whole - part) < 3 * error).all()
    judged = rng.permutation(N_ROWS)[:20_000]
    by_all, by_part = (concordance_index(days[judged], -(x[judged] @ b), returned[judged]) for b in (whole, part))
    print("concordance", round(by_all, 4), round(by_part, 4))
    assert abs(by_all - by_part) < 0.003
