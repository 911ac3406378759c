//! Which program runs: this one, the daemon's, the extension's, and the built-in Tor. A daemon
//! continues with the program that it was started with, whatever is installed meanwhile.

use crate::{ipc, program::VERSION, system::files::Stamp};
use meter_wire::DaemonParts;
use std::{
    fmt, fs,
    io::{self, Read as _},
    path::Path,
};

/// The running daemon, compared with another program.
pub(crate) struct Daemon {
    /// Its version.
    pub(crate) version: String,
    /// Its process, if the kernel tells.
    pub(crate) process: Option<i32>,
    /// What it tells about itself; `None` if it is too old for that.
    pub(crate) parts: Option<DaemonParts>,
    /// How it differs from the program that it was compared with.
    pub(crate) difference: Option<Difference>,
}

/// How a daemon's program differs from another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Difference {
    /// Its version.
    Version,
    /// Another program was put in its place since it started.
    Replaced,
    /// It is another file with other bytes, of the same version.
    Build,
}

impl Daemon {
    /// The daemon behind a connection, compared with the program at `file`.
    pub(crate) fn of(connection: &ipc::Connection, file: &Path) -> Self {
        let hello = connection.hello();
        Self {
            version: hello.version.clone(),
            process: connection.process(),
            difference: difference(&hello.version, hello.parts.as_ref(), file),
            parts: hello.parts.clone(),
        }
    }

    /// Whether nobody uses it.
    pub(crate) fn is_idle(&self) -> bool {
        let parts = self.parts.as_ref();
        parts.is_some_and(|parts| parts.connections.0 == 0)
    }

    /// One sentence about the difference, with the remedy.
    pub(crate) fn advice(&self) -> Option<String> {
        let what = match self.difference? {
            Difference::Version => {
                format!("is of version {}, this program of {VERSION}", self.version)
            }
            Difference::Replaced => "runs a program that was replaced since".to_owned(),
            Difference::Build => "runs another build than this program".to_owned(),
        };
        Some(format!(
            "the daemon{} {what}; `onionmeter stop` ends it, and the next browser or command \
                starts the one that is installed",
            Process(self.process)
        ))
    }

    /// Versions of connected extensions that differ from this program's.
    pub(crate) fn other_extensions(&self) -> Vec<&str> {
        let parts = self.parts.iter();
        let extensions = parts.flat_map(|parts| &parts.extensions);
        extensions
            .map(String::as_str)
            .filter(|version| *version != VERSION)
            .collect()
    }
}

/// ` (process 4711)`, or nothing.
struct Process(Option<i32>);

impl fmt::Display for Process {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(out, " (process {number})"),
            None => Ok(()),
        }
    }
}

fn difference(version: &str, parts: Option<&DaemonParts>, file: &Path) -> Option<Difference> {
    if version != VERSION {
        return Some(Difference::Version);
    }
    // A daemon that does not tell is older, whatever version it names.
    let Some(parts) = parts else {
        return Some(Difference::Build);
    };
    if parts.replaced {
        return Some(Difference::Replaced);
    }
    let theirs = Path::new(&parts.program);
    let is_one = Stamp::of(theirs).is_some() && Stamp::of(theirs) == Stamp::of(file);
    let is_same = is_one || has_same_bytes(theirs, file).unwrap_or(false);
    (!is_same).then_some(Difference::Build)
}

fn has_same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (fs::File::open(one)?, fs::File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    loop {
        for (file, piece) in [(&one, &mut mine), (&other, &mut theirs)] {
            piece.clear();
            file.take(PIECE_BYTES).read_to_end(piece)?;
        }
        if mine != theirs || mine.is_empty() {
            return Ok(mine == theirs);
        }
    }
}

/// Bytes read at once, from programs of many megabytes.
const PIECE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::U64Text;

    fn parts(program: &Path, replaced: bool) -> DaemonParts {
        DaemonParts {
            program: program.display().to_string(),
            replaced,
            embedded_tor: None,
            extensions: Vec::new(),
            connections: U64Text(0),
        }
    }

    #[test]
    fn programs_differ_in_version_in_place_and_in_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("ours");
            path
        };
        let (one, copy, other) = (at("a", b"1"), at("b", b"1"), at("c", b"2"));
        let longer = at("d", b"11");
        let of = |file: &Path, replaced| difference(VERSION, Some(&parts(file, replaced)), &one);
        assert_eq!(of(&one, false), None);
        assert_eq!(of(&copy, false), None, "a copy is the same program");
        assert_eq!(of(&other, false), Some(Difference::Build));
        assert_eq!(of(&longer, false), Some(Difference::Build));
        assert_eq!(of(&one, true), Some(Difference::Replaced));
        assert_eq!(of(Path::new("/nowhere"), false), Some(Difference::Build));
        assert_eq!(difference(VERSION, None, &one), Some(Difference::Build));
        let older = difference("0.0.0", Some(&parts(&one, false)), &one);
        assert_eq!(older, Some(Difference::Version));
    }
}
