//! No line of code has more than 100 columns: rustfmt does not split strings and comments.

use crate::files::tracked;

const COLUMNS_MAX: usize = 100;

#[test]
fn no_line_of_code_is_longer_than_100_columns() {
    let mut long = Vec::new();
    for file in tracked(".rs") {
        for (number, line) in file.text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                long.push(format!("{}:{}", file.path, number.saturating_add(1)));
            }
        }
    }
    assert!(long.is_empty(), "wrap these lines: {long:#?}");
}
