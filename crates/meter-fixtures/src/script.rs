//! Scripts that tests write and then run.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

/// Writes a script that everybody may run. Another process writes it: the system runs no program
/// while anybody has its file open to write (`ETXTBSY` of execve(2)), and a thread of this process
/// that starts another one at that moment passes the open file on for an instant.
///
/// # Errors
/// The file cannot be written, or `install` of coreutils is missing.
pub fn put(path: &Path, text: &str) -> Result<()> {
    let mut command = Command::new("install");
    command.args(["-m", "755", "/dev/stdin"]).arg(path);
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("its stdin")?;
    stdin.write_all(text.as_bytes())?;
    drop(stdin);
    let written = child.wait()?;
    ensure!(written.success(), "{}: {written}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_runs_at_once_and_one_that_cannot_be_written_is_an_error() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("script");
        put(&path, "#!/bin/sh\nprintf '%s' \"$1\"\n")?;
        let output = Command::new(&path).arg("said").output()?;
        assert_eq!(output.stdout, b"said");
        assert!(put(&folder.path().join("none/script"), "").is_err());
        Ok(())
    }
}
