//! Removes one thing, or says that it would be removed.

use crate::{
    cli::parts::{Part, Parts},
    home::{RunMode, obstacle_at},
};
use std::{io, path::Path};

/// Removes things, or says what would be removed.
pub(super) struct Undo {
    pub(super) parts: Parts,
    pub(super) mode: RunMode,
    /// Whether a manifest stays because it is for another copy of Onionmeter.
    pub(super) others: bool,
}

impl Undo {
    /// Removes one thing; `false` if it stays although it should be removed.
    pub(super) fn take(
        &mut self,
        part: &str,
        name: &str,
        path: &Path,
        remove: impl FnOnce() -> io::Result<()>,
    ) -> bool {
        let removed = match self.mode {
            RunMode::Real => gone(remove()),
            RunMode::DryRun => Ok(()),
        };
        let removed = removed.map_err(|error| obstacle_at(path, error));
        match &removed {
            Ok(()) => self.gone(part, name, path, ""),
            Err(error) => self.fails(part, name, path, error),
        }
        removed.is_ok()
    }

    /// Reports that one thing was removed, or would be.
    pub(super) fn gone(&mut self, part: &str, name: &str, path: &Path, more: &str) {
        let (outcome, word) = match self.mode {
            RunMode::Real => ("removed", "removed"),
            RunMode::DryRun => ("would_be_removed", "would be removed"),
        };
        self.parts.tell(
            Part::new(part, outcome).name(name.trim_end()).at(path),
            format_args!("{name:12}  {word}  {}{more}", path.display()),
        );
    }

    /// Reports that the home was emptied, or would be, and why the folder itself stays.
    pub(super) fn emptied(&mut self, root: &Path, losses: &str, why: &str) {
        let (outcome, word) = match self.mode {
            RunMode::Real => ("emptied", "emptied"),
            RunMode::DryRun => ("would_be_emptied", "would be emptied"),
        };
        let (root, part) = (
            root.display(),
            Part::new("home", outcome).at(root).because(why),
        );
        let home = "Home";
        let line =
            format!("{home:12}  {word}  {root}, with {losses}; the folder itself stays: {why}");
        self.parts.tell(part, line);
    }

    /// Reports that one thing stays although it should be removed.
    pub(super) fn fails(&mut self, part: &str, name: &str, path: &Path, error: &io::Error) {
        self.parts.tell(
            Part::new(part, "not_removed")
                .name(name.trim_end())
                .at(path)
                .because(error),
            format_args!("{name:12}  NOT removed  {}: {error}", path.display()),
        );
    }
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
