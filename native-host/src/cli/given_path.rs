//! Paths that a person gives on the command line.

use clap::builder::{PathBufValueParser, TypedValueParser};
use std::{env, path::PathBuf};

/// Refuses a `~` that the shell has left as it is, as Bash does behind `--option=`: a folder of
/// that name would be made or looked for in the folder that the person is in.
pub(super) fn parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(checked)
}

fn checked(path: PathBuf) -> Result<PathBuf, String> {
    let Ok(rest) = path.strip_prefix("~") else {
        return Ok(path);
    };
    let home = env::home_dir().unwrap_or_default();
    Err(format!(
        "your shell has not replaced the ~; write {}",
        home.join(rest).display()
    ))
}
