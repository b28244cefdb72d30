"""One small market for all tests of the simulator."""

from datetime import date

import pytest

from winback.simulate.market import Market, simulate_market
from winback.simulate.parameters import default_parameters

END_ON = date(2026, 11, 2)


@pytest.fixture(scope="session")
def market() -> Market:
    return simulate_market(n_accounts=4000, n_weeks=60, seed=7, end_on=END_ON, parameters=default_parameters())
