//! Paths in commands that a person copies.

use std::path::Path;

/// The path as one word of a POSIX shell, in quotation marks if it needs them.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+@".contains(letter);
    let is_option = text.starts_with('-');
    match text.chars().all(plain) && !text.is_empty() {
        true if is_option => format!("./{text}"),
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_whatever_it_holds() {
        for (path, word) in [
            ("/home/zoë/.onionmeter", "/home/zoë/.onionmeter"),
            ("/home/my home/key", "'/home/my home/key'"),
            ("it's", r"'it'\''s'"),
            ("a$b`c", "'a$b`c'"),
            ("-x.json", "./-x.json"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
