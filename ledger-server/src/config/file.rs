//! The file of settings, as text.

use rustix::fs::{Mode, OFlags};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Most bytes of the file.
const BYTES_MAX: u64 = 64 << 10;

/// Reads a file of settings, and nothing that is no file or that never ends.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(..=BYTES_MAX) => Ok(text),
        _ => Err(io::Error::other("it is larger than 64 KiB")),
    }
}
