//! A program at a terminal.

use crate::{said::Said, support::TestHome};
use std::process::Command;

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/terminal.py");

/// Runs a program, and gives each answer when the next question is asked. Fails when the terminal
/// shows what is typed.
pub(crate) fn answered(home: &TestHome, answers: &[&str], program: &[&str]) -> Said {
    let mut command = Command::new("python3");
    command
        .arg(DRIVER)
        .arg(answers.join(","))
        .args(program)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.user())
        .env("ONIONMETER_HOME", home.root());
    Said::of(&mut command)
}
