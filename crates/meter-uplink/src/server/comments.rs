//! Comments around a server, in the forms in which people and programs write them.

use zeroize::Zeroizing;

use super::url::is_invisible;

const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// A text without its comments: lines that begin with `#` or `//`, and blocks from `/*` to `*/`
/// that begin a line. They may name an old server, which is not the one to be used.
pub(super) fn removed(text: &str) -> Zeroizing<String> {
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while !rest.is_empty() {
        // Blank lines go with the line that follows, so that no line is looked at twice.
        let start = rest.trim_start_matches(is_blank);
        let (line, behind) = first_line(start);
        if let Some(behind) = behind_block(start) {
            rest = behind;
        } else {
            if !is_comment(line, &kept) {
                let blank = rest.strip_suffix(start).unwrap_or_default();
                kept.push_str(blank);
                kept.push_str(line);
            }
            rest = behind;
        }
    }
    kept
}

/// What follows the block with which a text begins, if it begins with one that ends.
fn behind_block(text: &str) -> Option<&str> {
    let block = text.strip_prefix("/*")?;
    block.split_once("*/").map(|(_, behind)| behind)
}

/// Whether a line is a comment, and not the end of a block that began inside a line of JSON.
fn is_comment(line: &str, kept: &str) -> bool {
    let ends_block = line.contains("*/") && kept.rfind("/*") > kept.rfind("*/");
    (line.starts_with('#') || line.starts_with("//")) && !ends_block
}

/// White space, and marks without width.
pub(super) fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || is_invisible(letter)
}

/// The first line with its end, and what follows it.
fn first_line(text: &str) -> (&str, &str) {
    let end = text
        .find(LINE_ENDS)
        .map_or(text.len(), |at| at.saturating_add(1));
    text.split_at_checked(end).unwrap_or((text, ""))
}
