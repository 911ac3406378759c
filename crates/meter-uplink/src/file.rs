//! Reads the file with the server. It must be small and readable for this user only. Its text is
//! wiped from memory after it was parsed.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use zeroize::Zeroizing;

use crate::{
    Server,
    error::{FILE_BYTES_MAX, FileFault, UplinkError},
};

/// Reads the server in the file at `path`.
///
/// # Errors
/// An error of the file or of its content.
pub(crate) fn load(path: &Path) -> Result<Server, UplinkError> {
    let text = read(path).map_err(UplinkError::File)?;
    Server::parse(&text).map_err(UplinkError::Server)
}

fn read(path: &Path) -> Result<Zeroizing<String>, FileFault> {
    let file = open_own(path)?;
    // Allocated for the whole file at once: a buffer that grows leaves copies in memory.
    let capacity = usize::try_from(FILE_BYTES_MAX)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    let mut limited = file.take(FILE_BYTES_MAX.saturating_add(1));
    let read = limited.read_to_string(&mut text);
    let bytes = read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => FileFault::NotText,
        kind => FileFault::Io(kind),
    })?;
    if bytes >= capacity {
        return Err(FileFault::TooLong);
    }
    Ok(text)
}

/// Opens the file if it is a plain one that its owner alone can read, and we are that.
#[cfg(unix)]
fn open_own(path: &Path) -> Result<File, FileFault> {
    use rustix::{fs as rfs, process::geteuid};
    use std::os::unix::fs::MetadataExt as _;
    let fault = |errno: rustix::io::Errno| FileFault::Io(io::Error::from(errno).kind());
    // Non-blocking: if the path is a pipe, the open must not wait.
    let flags =
        rfs::OFlags::RDONLY | rfs::OFlags::NOFOLLOW | rfs::OFlags::CLOEXEC | rfs::OFlags::NONBLOCK;
    let file = match rfs::open(path, flags, rfs::Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Err(FileFault::Missing),
        Err(rustix::io::Errno::LOOP) => return Err(FileFault::NotAFile),
        Err(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => {
            return Err(FileFault::NoMoreFiles);
        }
        Err(errno) => return Err(fault(errno)),
    };
    let meta = file.metadata();
    let meta = meta.map_err(|error| FileFault::Io(error.kind()))?;
    if !meta.is_file() {
        return Err(FileFault::NotAFile);
    }
    if meta.uid() != geteuid().as_raw() {
        return Err(FileFault::OtherOwner);
    }
    let mode = meta.mode() & 0o7777;
    if mode & 0o177 != 0 {
        return Err(FileFault::OpenToOthers { mode });
    }
    Ok(file)
}

/// The seam for Windows: who can read a file is told by lists there, which nothing asks for yet.
#[cfg(not(unix))]
fn open_own(_: &Path) -> Result<File, FileFault> {
    Err(FileFault::Io(io::ErrorKind::Unsupported))
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
        path::PathBuf,
    };

    use super::*;

    fn written(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shadowsocks");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_that_is_ours_alone_is_read_with_the_line_end_of_an_editor() {
        for mode in [0o600, 0o400] {
            let (_folder, path) = written("ss://aes-256-gcm:secret@192.0.2.1:8388\n", mode);
            assert_eq!(load(&path).unwrap().method(), "aes-256-gcm");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_before_it_is_read() {
        for mode in [0o644, 0o640, 0o606, 0o700] {
            let (_folder, path) = written("nonsense", mode);
            let expected = UplinkError::File(FileFault::OpenToOthers { mode });
            assert_eq!(load(&path).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_link_a_folder_nothing_and_too_much_are_refused() {
        let (folder, path) = written(&" ".repeat(70_000), 0o600);
        assert_eq!(read(&path), Err(FileFault::TooLong));
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link), Err(FileFault::NotAFile));
        assert_eq!(read(folder.path()), Err(FileFault::NotAFile));
        let (_folder, utf16) = written("", 0o600);
        fs::write(&utf16, b"\xff\xfes\0s\0").unwrap();
        assert_eq!(read(&utf16), Err(FileFault::NotText));
        assert_eq!(read(&folder.path().join("none")), Err(FileFault::Missing));
    }
}
