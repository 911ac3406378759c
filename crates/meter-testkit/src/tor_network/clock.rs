//! Programs with a wrong clock: a script loads `faketime`'s library before the program.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use meter_fixtures::script;

use crate::program;

/// Makes `folder/name`, which runs `program` with a clock that is off by `days`; negative means
/// behind. The process keeps its id, so that signals reach it.
pub(crate) fn off_by(days: i8, program: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    let (library, program) = (library()?, program.display());
    let text =
        format!("#!/bin/sh\nLD_PRELOAD='{library}' FAKETIME='{days:+}d' exec '{program}' \"$@\"\n");
    script::put(&file, &text)?;
    Ok(file)
}

/// Finds the library: asks `faketime` which path it would set.
fn library() -> Result<String> {
    let faketime = program::FAKETIME.find()?;
    let mut asked = Command::new(faketime);
    asked.args(["-f", "+0", "printenv", "LD_PRELOAD"]);
    let output = asked.output().context("faketime does not run")?;
    let library = String::from_utf8(output.stdout)?.trim().to_owned();
    let is_plain = !library.is_empty() && !library.contains(['\'', '\n', ' ']);
    ensure!(is_plain, "faketime names no library");
    Ok(library)
}
