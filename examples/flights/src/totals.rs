//! [`Totals`]: what is added up for an airline.

use crate::tables::{Airline, FlightOutcome};

/// What is added up for an airline. By `i64`: no number of flights makes these overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) flights: i64,
    pub(crate) cancelled: i64,
    pub(crate) arr_delay_minutes: i64,
}

impl Totals {
    /// Counts a flight in.
    pub(crate) fn count(&mut self, flight: &FlightOutcome) {
        self.flights += 1;
        self.cancelled += i64::from(flight.dep_time.is_none());
        self.arr_delay_minutes += i64::from(flight.arr_delay.unwrap_or(0));
    }

    /// The totals that the airline's row holds.
    pub(crate) fn kept(airline: &Airline) -> Totals {
        let Airline { flights, cancelled, arr_delay_minutes, .. } = *airline;
        Totals { flights, cancelled, arr_delay_minutes }
    }
}
