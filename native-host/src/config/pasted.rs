//! Bridges as a command line gives them.

use super::Refusal;
use meter_tor::Bridge;
use toml_edit::{Array, Value};

/// Most lines that are named with what is wrong in each. A person mends no more at once, and a page
/// gets the answer in one message of limited length.
const NAMED_MAX: usize = 20;

/// Bridges, one or several in each word. Written as they were understood, so that a person who
/// reads the file sees what Tor is told. The error names the lines that are no bridge.
pub(super) fn bridges(words: &[String]) -> Result<Value, Refusal> {
    // An empty word or list alone switches them off; a comment, or a mark that was left over, does
    // not.
    let is_empty = |text: &str| {
        let written: String = text.split_whitespace().collect();
        ["", "\"\"", "''", "[]", "[\"\"]", "['']"].contains(&written.as_str())
    };
    let texts = words.iter().filter(|text| !is_empty(text));
    let all: Vec<_> = texts.flat_map(|text| Bridge::parse_all(text)).collect();
    let count = all.len();
    let mut lines = Array::new();
    let (mut faults, mut causes) = (Vec::new(), Vec::new());
    for (bridge, number) in all.into_iter().zip(1..) {
        match bridge {
            Ok(bridge) => lines.push(bridge.line()),
            Err(reason) if count == 1 => {
                faults.push(format!("tor.bridges cannot be used: {reason}"));
                causes.push(reason.cause());
            }
            Err(reason) => {
                faults.push(format!(
                    "line {number} of {count} for tor.bridges cannot be used: {reason}"
                ));
                causes.push(format!("{number} {}", reason.cause()));
            }
        }
    }
    if let Some(more) = faults.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        faults.truncate(NAMED_MAX);
        causes.truncate(NAMED_MAX);
        faults.push(format!("and {more} more of them cannot be used"));
    }
    match faults.is_empty() {
        true => Ok(Value::Array(lines)),
        false => Err(Refusal::caused_by(faults.join("\n"), causes.join("\n"))),
    }
}
