//! Bridges as a command line gives them.

use meter_tor::Bridge;
use toml_edit::{Array, Value};

/// Bridges, one or several in each word. Written as they were understood, so that whoever reads the
/// file sees what Tor is told. The error names every line that is none.
pub(super) fn bridges(words: &[String]) -> Result<Value, String> {
    // An empty word alone switches them off; a comment does not.
    let texts = words.iter().filter(|text| !text.trim().is_empty());
    let all: Vec<_> = texts.flat_map(|text| Bridge::parse_all(text)).collect();
    let count = all.len();
    let (mut lines, mut faults) = (Array::new(), Vec::new());
    for (bridge, number) in all.into_iter().zip(1..) {
        match bridge {
            Ok(bridge) => lines.push(bridge.line()),
            Err(reason) if count == 1 => {
                faults.push(format!("tor.bridges cannot be used: {reason}"));
            }
            Err(reason) => faults.push(format!(
                "line {number} of {count} for tor.bridges cannot be used: {reason}"
            )),
        }
    }
    match faults.is_empty() {
        true => Ok(Value::Array(lines)),
        false => Err(faults.join("\n")),
    }
}
