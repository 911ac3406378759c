//! Bridges as a command line gives them.

use meter_tor::Bridge;
use toml_edit::Value;

/// Bridges, one or several in each word. Written as they were understood, so that whoever reads the
/// file sees what Tor is told.
pub(super) fn bridges(words: &[String]) -> Result<Value, String> {
    // An empty word alone switches them off; a comment does not.
    let texts = words.iter().filter(|text| !text.trim().is_empty());
    let all: Vec<_> = texts.flat_map(|text| Bridge::parse_all(text)).collect();
    let count = all.len();
    let lines = all.into_iter().zip(1..).map(|(bridge, number)| {
        let line = bridge.map(|bridge| Value::from(bridge.line()));
        line.map_err(|reason| match count {
            1 => format!("tor.bridges cannot be used: {reason}"),
            _ => format!("line {number} of {count} for tor.bridges cannot be used: {reason}"),
        })
    });
    lines.collect::<Result<_, _>>().map(Value::Array)
}
