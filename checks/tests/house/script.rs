//! `build.sh` says what it does instead of showing an error that is none.

use crate::files::read;
use std::process::{Command, Output};

/// The text of one function of the script.
fn function(script: &str, name: &str) -> String {
    let begin = format!("{name}() {{");
    let lines = script.lines().skip_while(|line| !line.starts_with(&begin));
    let mut text = String::new();
    for line in lines {
        text += line;
        text.push('\n');
        if line == "}" || line.ends_with("; }") && line.starts_with(&begin) {
            break;
        }
    }
    assert!(!text.is_empty(), "{name}");
    text
}

/// Installs a tool with a `cargo` that fails with the lock file, and without it if this says so.
fn install(fails_without: bool) -> Output {
    let script = read("build.sh");
    let code = format!(
        "set -euo pipefail; TOOLS=/nowhere\n{}{}
         cargo() {{
             case \" $* \" in
                 *\" --locked \"*) echo 'error: version 0.9.0 is yanked' >&2; return 101 ;;
                 *) {fails_without} && echo 'error: no network' >&2 && return 101; return 0 ;;
             esac
         }}
         install_tool some-tool 1.2.3",
        function(&script, "say"),
        function(&script, "install_tool"),
    );
    let run = Command::new("bash").args(["-c", &code]).output();
    run.expect("bash")
}

#[test]
fn a_tool_whose_lock_file_is_out_of_date_is_one_line_and_no_error() {
    let output = install(false);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("some-tool 1.2.3 does not build"), "{said}");
    assert!(!said.contains("error"), "{said}");
}

#[test]
fn a_tool_that_cannot_be_installed_shows_both_errors() {
    let output = install(true);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    for error in ["error: no network", "error: version 0.9.0 is yanked"] {
        assert!(said.contains(error), "{said}");
    }
}
