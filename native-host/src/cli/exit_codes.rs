//! `exit-codes`: the list of exit statuses.

use super::{
    exit::ALL,
    outcome::Outcome,
    output::{Answer, Format},
};
use serde_json::json;

/// The last line in the help of a group of commands.
pub(super) const GROUP_HELP: &str = "\
Exit status: 0 done; the help of each command lists its own, `onionmeter help exit-codes` all.";

/// Prints the whole list.
pub(super) fn list(format: Format) -> Outcome {
    let rows: Vec<_> = ALL
        .iter()
        .map(|(code, name, meaning)| json!({"code": code, "name": name, "meaning": meaning}))
        .collect();
    Answer::new("exit_codes", table())
        .with("exit_codes", rows)
        .print(format)
}

/// Width of a narrow terminal, and the column where the meanings begin.
const WIDTH: usize = 80;
const MEANING_AT: usize = 25;

/// The list as text.
pub(super) fn table() -> String {
    let mut text = String::from("Exit statuses:\n");
    for (code, name, meaning) in ALL {
        text += &format!("  {code:>3}  {name:<18}");
        let mut column = MEANING_AT;
        for word in meaning.split(' ') {
            if column + word.len() >= WIDTH {
                text += "\n";
                text.extend(std::iter::repeat_n(' ', MEANING_AT));
                column = MEANING_AT;
            }
            text += " ";
            text += word;
            column += 1 + word.len();
        }
        text += "\n";
    }
    text + "\nThe name is `error.code` in JSON, unless the daemon has a more exact one\n\
        (docs/spec/native-messages.md, \"Error codes\"). A signal ends a command as it ends any \
        other.\n"
}
