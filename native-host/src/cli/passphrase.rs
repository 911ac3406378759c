//! The passphrase of a backup: asked for at a terminal, or read from a file or a pipe.

use super::{exit, given_path, outcome::CommandError};
use crate::{EXIT_USAGE, system::terminal};
use clap::Args;
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::PathBuf,
};
use zeroize::Zeroizing;

#[derive(Args)]
pub(super) struct From {
    /// Read the passphrase from the first line of this file instead of asking for it
    #[arg(long, value_name = "FILE", value_parser = given_path::parser())]
    passphrase_file: Option<PathBuf>,
}

/// A passphrase that somebody guesses opens the signing key.
const CHARACTERS_MIN: usize = 12;
const DIFFERENT_MIN: usize = 5;
/// A longer line is no passphrase, but another file.
const BYTES_MAX: u64 = 4_096;

/// A new passphrase: asked for twice at a terminal, else the first line.
pub(super) fn new(from: &From) -> Result<Zeroizing<String>, CommandError> {
    let chosen = read(from, "Passphrase for the backup: ")?;
    if let Some(why) = weakness(&chosen) {
        return Err(usage(why));
    }
    let is_asked = from.passphrase_file.is_none() && terminal::is_stdin();
    if is_asked && *read(from, "The same once more: ")? != *chosen {
        return Err(usage("the two passphrases differ; nothing was written"));
    }
    Ok(chosen)
}

/// The passphrase of a backup that exists.
pub(super) fn known(from: &From) -> Result<Zeroizing<String>, CommandError> {
    read(from, "Passphrase of the backup: ")
}

fn weakness(passphrase: &str) -> Option<&'static str> {
    let different: BTreeSet<char> = passphrase.chars().collect();
    if passphrase.is_empty() {
        return Some("the passphrase is empty; nothing was written");
    }
    (passphrase.chars().count() < CHARACTERS_MIN || different.len() < DIFFERENT_MIN).then_some(
        "a backup holds your signing key, so its passphrase needs at least 12 characters, 5 of \
            them different: four or more random words are good; nothing was written",
    )
}

fn read(from: &From, question: &str) -> Result<Zeroizing<String>, CommandError> {
    match &from.passphrase_file {
        Some(path) => first_line(File::open(path), &path.display().to_string()),
        None if terminal::is_stdin() => asked(question),
        None => first_line(Ok(io::stdin()), "standard input"),
    }
}

fn asked(question: &str) -> Result<Zeroizing<String>, CommandError> {
    let mut screen = io::stderr().lock();
    let shown = screen.write_all(question.as_bytes());
    shown
        .and_then(|()| screen.flush())
        .map_err(CommandError::Output)?;
    let hidden = terminal::Hidden::begin();
    let _hidden = hidden
        .map_err(|error| usage(&format!("the terminal cannot hide what is typed: {error}")))?;
    first_line(Ok(io::stdin()), "the terminal")
}

fn first_line(file: io::Result<impl Read>, name: &str) -> Result<Zeroizing<String>, CommandError> {
    let mut read = Zeroizing::new(Vec::new());
    let most = BYTES_MAX.saturating_add(1);
    let got = file.and_then(|file| BufReader::new(file.take(most)).read_until(b'\n', &mut read));
    let unreadable = |why: &str| {
        let text = format!("no passphrase can be read from {name}: {why}");
        CommandError::Exit(exit::NO_INPUT, text)
    };
    got.map_err(|error| unreadable(&error.to_string()))?;
    if u64::try_from(read.len()).is_ok_and(|bytes| bytes > BYTES_MAX) {
        let why = format!("the first line of {name} has more than {BYTES_MAX} bytes");
        return Err(usage(&why));
    }
    let line = str::from_utf8(&read).map_err(|_| unreadable("it is not UTF-8"))?;
    // Some editors put a mark before the text, which nobody types.
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    Ok(Zeroizing::new(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

fn usage(why: &str) -> CommandError {
    CommandError::Exit(EXIT_USAGE, why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_that_is_soon_guessed_is_refused() {
        for weak in ["", "short", "aaaaaaaaaaaaaaaaaaa", "ababababababab"] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        for strong in ["correct horse battery", "пароль из слов"] {
            assert_eq!(weakness(strong), None, "{strong}");
        }
    }
}
