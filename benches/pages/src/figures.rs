//! Writes figures to stdout, and between the marks of a document.

use std::{
    fs,
    io::{Write as _, stdout},
    path::Path,
};

use anyhow::{Context as _, Result};

const BEGIN: &str = "<!-- bench-pages: begin -->\n";
const END: &str = "<!-- bench-pages: end -->";

/// Prints the text. Where there is a document, puts the text between its marks, below the heading
/// that this program's caller gave: command, date, machine.
///
/// # Errors
/// The document has no such marks, or cannot be written.
pub(crate) fn publish(text: &str, document: Option<&Path>) -> Result<()> {
    stdout().write_all(text.as_bytes())?;
    let Some(document) = document else {
        return Ok(());
    };
    let heading = std::env::var("BENCH_HEADING").unwrap_or_default();
    let old = fs::read_to_string(document)?;
    let new = replaced(&old, &format!("{heading}\n\n{text}"))?;
    Ok(fs::write(document, new)?)
}

fn replaced(old: &str, text: &str) -> Result<String> {
    let (before, rest) = old.split_once(BEGIN).context("no mark for the bench")?;
    let (_, after) = rest.split_once(END).context("no mark for its end")?;
    Ok(format!("{before}{BEGIN}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("words\n{BEGIN}old\n{END}\nmore\n");
        let new = replaced(&page, "new\n").expect("its marks are there");
        assert_eq!(new, page.replace("old\n", "new\n"));
        assert!(replaced(BEGIN, "new\n").is_err());
    }
}
