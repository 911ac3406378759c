//! `build.sh` has all its parts, works from everywhere, and says what it does instead of showing an
//! error that is none.

use crate::files::{read, root, tracked};
use std::{
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
};

/// Runs the script, which is called by this path, in this folder.
fn run(script: &Path, word: &str, folder: &Path) -> Output {
    let run = Command::new(script).arg(word).current_dir(folder).output();
    run.expect("bash is installed")
}

#[test]
fn the_script_reads_every_part_and_bash_understands_each() {
    let script = read("build.sh");
    let mut parts = tracked(".sh");
    parts.retain(|part| part.path.starts_with("build/"));
    assert!(parts.len() > 3, "{}", parts.len());
    for part in parts {
        let line = format!("\n. {}\n", part.path);
        assert!(
            script.contains(&line),
            "build.sh does not read {}",
            part.path
        );
        let mut bash = Command::new("bash");
        let parsed = bash.args(["-n", &part.path]).current_dir(root());
        let output = parsed.output().expect("bash is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }
}

#[test]
fn the_script_works_from_another_folder_and_through_a_link() {
    let script = root().join("build.sh").canonicalize().expect("a path");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = elsewhere.path().join("linked");
    symlink(&script, &link).expect("a link");
    let here = run(&script, "help", &root());
    assert!(here.status.success(), "{here:?}");
    assert!(here.stdout.starts_with(b"./build.sh build "), "{here:?}");
    for called in [&script, &link] {
        let there = run(called, "help", elsewhere.path());
        assert_eq!(there, here, "{}", called.display());
    }
    let left = elsewhere.path().read_dir().expect("a folder").count();
    assert_eq!(left, 1, "the script left something where it was called");
}

#[test]
fn a_word_that_the_script_does_not_know_ends_with_its_help() {
    let script = root().join("build.sh");
    let help = run(&script, "help", &root());
    let wrong = run(&script, "helpp", &root());
    assert_eq!(wrong.status.code(), Some(64));
    assert_eq!(wrong.stderr, help.stdout);
    assert_eq!(wrong.stdout, b"");
}

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
    let code = format!(
        "set -euo pipefail; TOOLS=/nowhere\n{}{}
         cargo() {{
             case \" $* \" in
                 *\" --locked \"*) echo 'error: version 0.9.0 is yanked' >&2; return 101 ;;
                 *) {fails_without} && echo 'error: no network' >&2 && return 101; return 0 ;;
             esac
         }}
         install_tool some-tool 1.2.3",
        function(&read("build.sh"), "say"),
        function(&read("build/tools.sh"), "install_tool"),
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
