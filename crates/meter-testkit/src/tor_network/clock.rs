//! Programs whose clock is wrong: `faketime`'s library is loaded before them, in a script of their
//! own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::program;

/// Makes `folder/name`, which runs `program` with a clock that is off by `days`; negative: behind.
/// The process stays the one that was started, so that signals reach it.
pub(crate) fn off_by(days: i8, program: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    let (library, program) = (library()?, program.display());
    let text =
        format!("#!/bin/sh\nLD_PRELOAD='{library}' FAKETIME='{days:+}d' exec '{program}' \"$@\"\n");
    fs::write(&file, text)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700))?;
    Ok(file)
}

/// Where the library is, by what the program that is made for it sets.
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
