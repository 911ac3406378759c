//! Why the record of the last signed report cannot be used.

use super::{because, disk_of, problem, too_many_files};
use crate::last_signed::RecordError;
use meter_wire::{ErrorCode, Problem};
use std::{io, path::Path};

/// The record of the last signed report cannot be read.
pub(crate) fn last_signed(error: &RecordError) -> Problem {
    problem(ErrorCode::HomeUnusable, error)
}

/// The record of the last signed report cannot be written.
pub(crate) fn record(error: &io::Error, path: &Path) -> Problem {
    let code = disk_of(error.kind()).unwrap_or(ErrorCode::HomeUnusable);
    let detail = format!(
        "{} cannot be written: {error}; it is tried again each second, and the reports themselves \
            are in the book",
        path.display()
    );
    too_many_files(error)
        .unwrap_or_else(|| because(Problem::with_detail(code, detail), Some(error)))
}
