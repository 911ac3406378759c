//! Where an export does not hold.

use std::{error::Error, fmt};

/// Where a file does not hold, and why.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ExportError {
    /// A path in the file, such as `chains[0].reports[2]`; entries are counted from 0.
    pub(crate) place: String,
    pub(crate) why: String,
}

impl ExportError {
    pub(super) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            why: why.into(),
        }
    }

    /// A function that names the place of an error.
    pub(super) fn at<E: Error>(place: &str) -> impl FnOnce(E) -> Self {
        move |error| Self::new(place, error.to_string())
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.why)
    }
}
