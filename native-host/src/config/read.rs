//! Reads the text of `config.toml`, or reports what else is in its place.

use super::ConfigError;
use crate::system::files as system;
use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

/// A file of settings has a few hundred lines at most.
pub(super) const FILE_BYTES_MAX: u64 = 1_000_000;

/// The file's text; `None` when it does not exist.
///
/// # Errors
/// When it exists and cannot be read as text; the source says why.
pub(crate) fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let failed = |error| ConfigError::Read(path.to_path_buf(), error);
    let other = |why: &str| failed(io::Error::new(io::ErrorKind::InvalidData, why.to_owned()));
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(other("it is a folder")),
        // Reading a pipe would wait for ever.
        Ok(there) if !there.is_file() => return Err(other("it is no file")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if fs::symlink_metadata(path).is_ok() {
                Err(other("it is a link that leads nowhere"))
            } else {
                Ok(None)
            };
        }
        // In a circle.
        Err(error) if system::is_of_a_link(&error) => {
            return Err(other("it is a link that leads nowhere"));
        }
        Err(error) => return Err(failed(error)),
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    let limit = FILE_BYTES_MAX + 1;
    let count = file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(count).is_ok_and(|count| count > FILE_BYTES_MAX) {
        return Err(other("it has more than 1,000,000 bytes"));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(good);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        other(&format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Kept, parse, set};
    use std::os::unix::fs::symlink;

    fn said(path: &Path) -> String {
        let error = Config::load(path).expect_err("no settings");
        crate::problems::chain(&error)
    }

    #[test]
    fn what_is_no_readable_file_is_told_and_never_taken_for_defaults() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        assert_eq!(Config::load(&path).expect("absent"), Config::default());
        symlink("/nowhere/config.toml", &path).expect("a link");
        assert!(
            said(&path).ends_with("it is a link that leads nowhere"),
            "{}",
            said(&path)
        );
        fs::remove_file(&path).expect("ours");
        symlink("config.toml", &path).expect("a circle");
        assert!(said(&path).ends_with("it is a link that leads nowhere"));
        fs::remove_file(&path).expect("ours");
        fs::create_dir(&path).expect("a folder");
        assert!(said(&path).ends_with("it is a folder"));
        fs::remove_dir(&path).expect("ours");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).expect("a pipe");
        assert!(said(&path).ends_with("it is no file"));
        fs::remove_file(&path).expect("ours");
        fs::write(&path, b"# one\n[log] # \xe9\n").expect("written");
        assert!(
            said(&path).ends_with("line 2 is not UTF-8"),
            "{}",
            said(&path)
        );
        fs::write(&path, "#".repeat(1_000_001)).expect("written");
        assert!(said(&path).contains("1,000,000 bytes"));
    }

    #[test]
    fn editors_of_other_systems_may_have_written_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        for text in [
            "\u{feff}[relay]\nport = 9200\n",
            "[relay]\r\nport = 9200\r\n",
            "\u{feff}[relay]\r\nport = 9200 # mine\r\n",
        ] {
            fs::write(&path, text).expect("written");
            assert_eq!(
                Config::load(&path).expect("in order").relay_port,
                9200,
                "{text:?}"
            );
            set(&path, "relay.port", &9201.into(), Kept::Written).expect("set");
            let after = fs::read_to_string(&path).expect("there");
            assert_eq!(after, text.replace("9200", "9201"), "nothing else changed");
        }
    }

    #[test]
    fn repeated_and_unknown_keys_and_sections_are_named_by_line() {
        let message = |text: &str| {
            parse(text, Path::new("config.toml"))
                .expect_err("refused")
                .to_string()
        };
        for (text, line, word) in [
            ("[relay]\nport = 9200\nport = 9201\n", 3, "port"),
            ("[log]\n[relay]\n[log]\n", 3, "log"),
            ("[relay]\nprot = 9200\n", 2, "prot"),
            (
                "[log]\nlevel = 'info'\n[accounts]\nurl = 'x'\n",
                3,
                "accounts",
            ),
            ("relay.port = 9200\r\nrelay.port = 9201\r\n", 2, "port"),
        ] {
            let said = message(text);
            assert!(
                said.contains(&format!("line {line}")) && said.contains(word),
                "{text:?}: {said}"
            );
        }
    }

    #[test]
    fn what_is_in_the_place_of_a_section_or_a_value_is_called_what_it_is() {
        for (text, said) in [
            (
                "relay = []",
                "line 1: it has a list, and a section is needed",
            ),
            (
                "session = [20000]",
                "it has a list, and a section is needed",
            ),
            (
                "[log]\n[[relay]]\nport = 9200",
                "it has a list, and a section is needed",
            ),
            (
                "relay = 9200",
                "it has the number 9200, and a section is needed",
            ),
            (
                "[relay]\nport = 99999999999999999999999",
                "line 2: it has the number 99999999999999999999999, which is too large",
            ),
            (
                "[log]\nlevel = 1979-05-27",
                "line 2: it has a date or a time, and a text",
            ),
            ("[log]\nlevel = {}", "line 2: it has a section, and a text"),
            (
                "[relay]\nport\u{a0}= 9200",
                "line 2: it holds the character U+00A0 outside",
            ),
            ("\u{2028}[relay]", "line 1: it holds the character U+2028"),
            (
                "[relay]\nport = \u{ff19}200",
                "line 2: it holds the character U+FF19",
            ),
            (
                "[log]\nlevel = \u{201c}info\u{201d}",
                "line 2: it holds the character U+201C",
            ),
            (
                "[relay]\nport = 9200\0",
                "line 2: it holds the character U+0000",
            ),
            ("[relay]\nport = 1 2 # \u{fc}", "line 2: "),
        ] {
            let refused = parse(text, Path::new("config.toml"))
                .expect_err(text)
                .to_string();
            assert!(refused.contains(said), "{text:?}: {refused}");
            assert!(!refused.contains("U+00FC"), "{refused}");
        }
        let inline = parse("relay = { port = 9200 }", Path::new("config.toml"));
        assert_eq!(inline.expect("a section").relay_port, 9200);
    }
}
