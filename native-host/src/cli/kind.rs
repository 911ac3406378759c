//! What a file is, for commands that read files of a person. Backups, exports and files of reports
//! are easily taken for one another, so the refusal says which one it is and what reads it.

use super::{exit, outcome::CommandError};
use crate::{
    EXIT_DATA,
    backup::{AGE, ARMOR},
    export::FORMATS,
};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    io::{self, ErrorKind},
    path::Path,
};

/// A kind of file, by its content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Empty,
    Backup,
    /// A backup in the letters of mail.
    BackupAsText,
    /// Its end is missing.
    Cut,
    Book,
    Export,
    /// A file of reports, or anything else.
    Other,
}

/// The first bytes of every SQLite file.
pub(super) const SQLITE: &[u8] = b"SQLite format 3\0";

/// The command that reads the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reader {
    Verify,
    Restore,
}

impl Kind {
    /// The kind of a whole file.
    pub(super) fn of(content: &[u8]) -> Self {
        match content {
            [] => Self::Empty,
            _ if content.starts_with(AGE) => Self::Backup,
            _ if content.starts_with(ARMOR) => Self::BackupAsText,
            _ if content.starts_with(SQLITE) => Self::Book,
            _ if [AGE, ARMOR, SQLITE]
                .iter()
                .any(|begin| begin.starts_with(content)) =>
            {
                Self::Cut
            }
            _ if is_export(content) => Self::Export,
            _ => match serde_json::from_slice::<IgnoredAny>(content) {
                Err(error) if error.is_eof() => Self::Cut,
                Ok(_) | Err(_) => Self::Other,
            },
        }
    }
}

/// Whether the text is an export, of whatever version.
fn is_export(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct OfFormat {
        format: String,
    }
    let named = serde_json::from_slice::<OfFormat>(text);
    named.is_ok_and(|named| named.format.starts_with(FORMATS))
}

impl Reader {
    /// Why a file of this kind is not read, and what to do; `None` for a kind that may be.
    pub(super) fn refuses(self, kind: Kind, name: &str) -> Option<CommandError> {
        let takes = self.takes();
        let why = match (kind, self) {
            (Kind::Other, _) | (Kind::Export, Self::Verify) => return None,
            (Kind::Empty, _) => {
                format!("{name} is empty; copy it again from where it was made, or make another")
            }
            (Kind::Cut, _) => {
                format!("the end of {name} is missing; copy it again from where it was made")
            }
            (Kind::Export, Self::Restore) => {
                format!("{name} is an export, which `onionmeter verify` reads; {takes}")
            }
            (Kind::Backup, Self::Restore) => {
                format!("{name} is a backup, which cannot come through a pipe; name its file")
            }
            (Kind::BackupAsText, Self::Restore) => format!(
                "{name} is a backup as text; `base64 -d` of the lines between its first and its \
                    last makes the file that `onionmeter backup` wrote"
            ),
            (Kind::Backup | Kind::BackupAsText, Self::Verify) => {
                format!("{name} is a backup, which `onionmeter restore` puts back; {takes}")
            }
            (Kind::Book, Self::Restore) => {
                format!("{name} is a book, which cannot come through a pipe; name its file")
            }
            (Kind::Book, Self::Verify) => format!(
                "{name} is a book, whose reports `onionmeter reports --json --book FILE` writes; \
                    {takes}"
            ),
        };
        Some(CommandError::Exit(EXIT_DATA, why + self.end()))
    }

    /// Why a file of no known kind is not read.
    pub(super) fn unknown(self, name: &str, why: &str) -> CommandError {
        let (takes, end) = (self.takes(), self.end());
        let text = format!("{name} is no file of reports: {why}; {takes}{end}");
        CommandError::Exit(EXIT_DATA, text)
    }

    /// Why a file cannot be read.
    pub(super) fn unreadable(self, path: &Path, error: &io::Error) -> CommandError {
        let name = path.display();
        let text = match error.kind() {
            ErrorKind::IsADirectory => {
                let (takes, end) = (self.takes(), self.end());
                format!("{name} is a folder, so name a file in it; {takes}{end}")
            }
            _ => format!("{name} cannot be read: {error}"),
        };
        CommandError::Exit(exit::NO_INPUT, text)
    }

    const fn takes(self) -> &'static str {
        match self {
            Self::Verify => {
                "`verify` takes a file of `onionmeter export` or of `onionmeter reports --json`"
            }
            Self::Restore => {
                "`restore` takes a file of `onionmeter backup` or of `onionmeter reports --json`, \
                    or a book"
            }
        }
    }

    const fn end(self) -> &'static str {
        match self {
            Self::Verify => "",
            Self::Restore => "; nothing was changed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_content_however_much_of_it_is_there() {
        for (content, kind) in [
            (&b""[..], Kind::Empty),
            (b"age-encryption.org/v1\n-> scrypt", Kind::Backup),
            (b"age-enc", Kind::Cut),
            (b"-----BEGIN AGE ENCRYPTED FILE-----\n", Kind::BackupAsText),
            (b"-----BEGIN AGE", Kind::Cut),
            (b"SQLite format 3\0\x10", Kind::Book),
            (
                b"{\"format\":\"onionmeter-export/9\",\"x\":1}",
                Kind::Export,
            ),
            (b"{\"format\":\"onionmeter-export/1\",", Kind::Cut),
            (b"{\"format\":\"onionmeter-reports/1\"}", Kind::Other),
            (b"[]", Kind::Other),
            (b"words", Kind::Other),
            (b"\xff\xfe", Kind::Other),
        ] {
            assert_eq!(Kind::of(content), kind, "{content:?}");
        }
    }
}
