//! No line of code has more than 100 columns: rustfmt does not split strings and comments, and no
//! tool formats scripts, styles and pages.

use crate::files::tracked;

const COLUMNS_MAX: usize = 100;

/// The languages of the products, their tests and the scripts that build them.
const CODE: [&str; 8] = [".rs", ".js", ".css", ".html", ".sh", ".sql", ".py", ".c"];

/// The pages of the extension. Templates of the ledger hold sentences with markup, one on each
/// line: a break in them would be a space on the page.
fn is_page(path: &str) -> bool {
    let folder = path.split('/').next().unwrap_or_default();
    ["dashboard", "options", "popup", "welcome"].contains(&folder)
}

#[test]
fn no_line_of_code_is_longer_than_100_columns() {
    let mut long = Vec::new();
    for ending in CODE {
        let mut files = tracked(ending);
        files.retain(|file| ending != ".html" || is_page(&file.path));
        assert!(!files.is_empty(), "{ending}");
        for file in files {
            for (number, line) in file.text.lines().enumerate() {
                if line.chars().count() > COLUMNS_MAX {
                    long.push(format!("{}:{}", file.path, number.saturating_add(1)));
                }
            }
        }
    }
    assert!(long.is_empty(), "wrap these lines: {long:#?}");
}
