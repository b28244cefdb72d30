"""One week in the life of the market.

Belongs here: the order in which the parts of a week happen. Does not belong here: any of the parts.
"""

from __future__ import annotations

from winback.simulate.contacts import change_accounts, complaints, exit_talks, routine_contacts
from winback.simulate.draws import Week
from winback.simulate.habits import Touches, apply_touches
from winback.simulate.journal import Journal
from winback.simulate.parameters import Parameters
from winback.simulate.returning import draw_returns
from winback.simulate.service import incidents_and_changes, quiet_events, service_cases
from winback.simulate.spending import begin_second_lifetimes, buy, open_accounts
from winback.simulate.state import MarketState
from winback.simulate.trouble import close_businesses, fade_contacts, leave, start_trouble
from winback.simulate.usage import use_service


def coming_week(state: MarketState, parameters: Parameters) -> Week:
    """The week that the state stands before."""
    return Week(state.seed, state.week_day, parameters)


def live_week(state: MarketState, touches: Touches, week: Week, journal: Journal) -> None:
    """Carry `state` through `week` under the given win-back contacts, writing what happens into `journal`.

    The state is changed in place and afterwards stands before the next week. All events are dated inside the week.
    """
    incidents_and_changes(state, week, journal)
    open_accounts(state, week, journal)
    start_trouble(state, week)
    apply_touches(state, touches, week, journal)
    begin_second_lifetimes(state, draw_returns(state, week), week, journal)
    buy(state, week, journal)
    routine_contacts(state, week, journal)
    complaints(state, week, journal)
    service_cases(state, week, journal)
    quiet_events(state, week, journal)
    change_accounts(state, week, journal)
    exit_talks(state, week, journal)
    use_service(state, week, journal)
    leave(state, week, journal)
    close_businesses(state, week, journal)
    fade_contacts(state.accounts)
    state.week_day = week.end
