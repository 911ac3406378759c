//! Looks once a second whether the key in use is still in its file. This process may hold the last
//! copy of it, and ends with it.

use crate::{
    key::{self, KeyError},
    problems,
    system::files::Stamp,
};
use meter_core::DeviceSigner;
use meter_wire::{ErrorCode, Problem};
use std::path::Path;
use tracing::{info, warn};

/// The key's file as it was seen. A change is acted on at the tick after it: a file that is just
/// being written is then complete, and a home that is just being removed is gone as a whole.
pub(super) struct KeyFile {
    /// At the last tick; `None` if it was not there.
    seen: Option<Stamp>,
    /// When it was last read.
    read: Option<Stamp>,
    problem: Option<Problem>,
}

impl KeyFile {
    /// For a file from which the key in use was read a moment ago.
    pub(super) fn just_read(path: &Path) -> Self {
        let seen = Stamp::of(path);
        Self {
            seen,
            read: seen,
            problem: None,
        }
    }

    /// Whether the next look reads and writes no file if nothing changes until then.
    pub(super) fn rests(&self) -> bool {
        self.seen.is_some() && self.seen == self.read
    }

    /// What is wrong with the file while the key in use is not in it.
    pub(super) const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Writes the key back if its file is gone, and notes a problem if something else is in its
    /// place.
    pub(super) fn look(&mut self, path: &Path, signer: &DeviceSigner) -> Look {
        let before = std::mem::replace(&mut self.seen, Stamp::of(path));
        if self.seen != before || self.rests() {
            return Look::NothingNew;
        }
        let looked = match self.seen {
            Some(_) => is_it(path, signer),
            None => write_back(path, signer),
        };
        if self.seen.is_none() && looked.is_ok() {
            *self = Self::just_read(path);
            return Look::WrittenBack;
        }
        self.read = self.seen;
        let problem = looked.err();
        if problem != self.problem {
            match &problem {
                Some(problem) => warn!(detail = problem.detail, "the key in use is not in place"),
                None => info!("the key in use is in its place again"),
            }
        }
        self.problem = problem;
        Look::NothingNew
    }
}

/// Result of one look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// The file is as it was, or cannot be mended.
    NothingNew,
    /// The file was gone.
    WrittenBack,
}

fn is_it(path: &Path, signer: &DeviceSigner) -> Result<(), Problem> {
    let found = key::load(path).map_err(|error| problems::key(&error))?;
    if found.key() == signer.key() {
        return Ok(());
    }
    let detail = format!(
        "{}: another key is in the place of the one in use; move it away, and the key in use is \
            written there again",
        path.display()
    );
    Err(Problem::with_detail(ErrorCode::KeyRefused, detail))
}

fn write_back(path: &Path, signer: &DeviceSigner) -> Result<(), Problem> {
    key::write_back(path, signer).map_err(|error| {
        let mut problem = match error {
            KeyError::Io(path, error) => problems::unwritable(&error, &path),
            error => problems::key(&error),
        };
        let detail = problem.detail.take().unwrap_or_default();
        problem.detail = Some(format!(
            "{detail}; the file of the signing key is gone, and only the running daemon still has \
                the key: repair this before the daemon ends"
        ));
        problem
    })
}
