//! Programs that tests then run. Another process writes them, for the reason that
//! `meter_fixtures::script` gives.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Copies a program; `more` follows its end, which changes nothing of what an ELF file does.
pub(crate) fn copy_program(from: &Path, to: &Path, more: &str) {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "cp \"$0\" \"$1\" && printf %s \"$2\" >>\"$1\" && chmod 755 \"$1\"",
    ]);
    let copied = command.args([from, to]).arg(more).status();
    assert!(copied.expect("it starts").success(), "{}", to.display());
}

/// A program of this folder's C code.
pub(crate) fn c_program(source: &str, folder: &Path) -> PathBuf {
    meter_fixtures::compile::program(&here().join(source), folder).expect("it compiles")
}

/// A library of this folder's C code, to load before the C library.
pub(crate) fn c_library(source: &str, folder: &Path) -> PathBuf {
    meter_fixtures::compile::library(&here().join(source), folder).expect("it compiles")
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}
