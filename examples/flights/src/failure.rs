//! [`Failure`]: what ends the program, as the user reads it.

use std::{
    error::Error,
    fmt::{self, Display},
};

/// What went wrong, and where: in which file and line, as far as that is known.
#[derive(Debug)]
pub(crate) struct Failure {
    place: Option<String>,
    cause: Box<dyn Error + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(place: impl Display, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure { place: Some(place.to_string()), cause: cause.into() }
    }
}

/// Says where something went wrong.
pub(crate) trait At<T> {
    /// Adds the place to an error.
    fn at(self, place: impl Display) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> At<T> for Result<T, E> {
    fn at(self, place: impl Display) -> Result<T, Failure> {
        self.map_err(|cause| Failure::new(place, cause))
    }
}

impl From<tripline::Error> for Failure {
    fn from(error: tripline::Error) -> Self {
        Failure { place: None, cause: error.into() }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}", self.cause)?;
        // An error of a hook says which hook; what happened in it is its source.
        let mut source = self.cause.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
