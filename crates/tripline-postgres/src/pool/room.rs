//! [`Room`]: how many connections may be out at once.
//!
//! As many as the options say, until the server takes no more: then as many as there are, so that whoever asks waits
//! for one of those, and not for a server that has none. It grows again step by step, since whoever else has the
//! server's other connections may give them up.

use std::{
    pin::pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};
use tripline_core::{Error, Result};

/// How long a server that had no room is not asked for more.
const PAUSE: Duration = Duration::from_millis(500);

/// Places for connections, which are given in the order of asking.
#[derive(Debug)]
pub(super) struct Room {
    places: Semaphore,
    /// Whether there is something in `lacks`, so that it need not be locked to be told there is not.
    is_smaller: AtomicBool,
    lacks: Mutex<Option<Lack>>,
}

/// What the room lacks.
#[derive(Debug)]
struct Lack {
    places: usize,
    /// When the next place is tried again.
    until: Instant,
    /// What the server said.
    why: Error,
}

impl Room {
    pub(super) fn new(places: usize) -> Room {
        Room { places: Semaphore::new(places), is_smaller: AtomicBool::new(false), lacks: Mutex::new(None) }
    }

    /// A place; an error at the deadline, which came after `limit`.
    pub(super) async fn place(&self, deadline: Instant, limit: Duration) -> Result<SemaphorePermit<'_>> {
        if self.is_smaller.load(Ordering::Acquire) {
            self.grow(Instant::now());
        }
        // Most often there is one, and no clock need be set.
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let mut place = pin!(self.places.acquire());
        loop {
            let until = self.lack().as_ref().map_or(deadline, |lack| lack.until.min(deadline));
            match timeout_at(until, &mut place).await {
                Ok(place) => return place.map_err(|_| Error::Closed),
                Err(_) if Instant::now() < deadline => self.grow(Instant::now()),
                Err(_) => {
                    let why = self.lack().as_ref().map(|lack| lack.why.clone());
                    return Err(why.unwrap_or(Error::Timeout { what: "waiting for a connection", limit }));
                }
            }
        }
    }

    /// A place comes free.
    pub(super) fn leave(&self) {
        self.places.add_permits(1);
    }

    pub(super) fn close(&self) {
        self.places.close();
    }

    /// The server had no room for one more: this place is given up, and so are those that nobody has and for which
    /// there is no idle connection.
    pub(super) fn shrink(&self, place: SemaphorePermit<'_>, idle: usize, why: Error) {
        let mut lack = self.lack();
        place.forget();
        let spare = self.places.available_permits().saturating_sub(idle);
        let gone = 1 + self.places.forget_permits(spare);
        let places = lack.as_ref().map_or(0, |lack| lack.places) + gone;
        *lack = Some(Lack { places, until: Instant::now() + PAUSE, why });
        self.is_smaller.store(true, Ordering::Release);
    }

    /// Gives one place back, if it is time.
    fn grow(&self, now: Instant) {
        let mut lack = self.lack();
        let Some(Lack { places, until, .. }) = &mut *lack else { return };
        if now < *until {
            return;
        }
        self.places.add_permits(1);
        *until = now + PAUSE;
        *places -= 1;
        if *places == 0 {
            *lack = None;
            self.is_smaller.store(false, Ordering::Release);
        }
    }

    fn lack(&self) -> MutexGuard<'_, Option<Lack>> {
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place, if there is one now.
    async fn try_place(room: &Room) -> Result<SemaphorePermit<'_>> {
        room.place(Instant::now(), Duration::ZERO).await
    }

    #[tokio::test]
    async fn a_room_that_turned_out_smaller_has_as_many_places_as_connections_and_grows_again() {
        let room = Room::new(5);
        // Two are out, one is idle; the fourth is refused.
        let (a, _b) = (try_place(&room).await.unwrap(), try_place(&room).await.unwrap());
        let refused = try_place(&room).await.unwrap();
        room.shrink(refused, 1, Error::Full);
        let _c = try_place(&room).await.unwrap();
        assert_eq!(try_place(&room).await.unwrap_err().code(), "full");
        drop(a);
        let _a = try_place(&room).await.unwrap();
        let now = Instant::now();
        room.grow(now + PAUSE);
        let _d = try_place(&room).await.unwrap();
        room.grow(now + PAUSE);
        assert_eq!(try_place(&room).await.unwrap_err().code(), "full", "one place at a time");
        room.grow(now + 3 * PAUSE);
        let _e = try_place(&room).await.unwrap();
        room.grow(now + 9 * PAUSE);
        assert_eq!(try_place(&room).await.unwrap_err().code(), "timeout", "it is as large as it was");
    }

    #[tokio::test]
    async fn a_closed_room_says_so_at_once_also_to_those_that_wait() {
        let room = Room::new(1);
        let place = room.place(Instant::now() + PAUSE, PAUSE).await.unwrap();
        let far = Instant::now() + 1000 * PAUSE;
        let (error, ()) = tokio::join!(room.place(far, 1000 * PAUSE), async { room.close() });
        assert_eq!(error.unwrap_err().code(), "closed");
        drop(place);
    }
}
