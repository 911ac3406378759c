//! Programs that tests write and then run.
//!
//! Another process writes them. The system runs no program while anybody has its file open to write
//! (`ETXTBSY` of execve(2)), and a thread of this process that starts another one at that moment
//! passes the open file on for an instant.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// Writes a script that everybody may run.
pub(crate) fn put_script(path: &Path, text: &str) {
    let mut command = Command::new("install");
    command.args(["-m", "755", "/dev/stdin"]).arg(path);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(text.as_bytes()).expect("read");
    drop(stdin);
    assert!(child.wait().expect("ours").success(), "{}", path.display());
}

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
