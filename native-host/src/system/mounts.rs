//! Mounted disks.

use std::path::{Path, PathBuf};

/// The mount point of the disk that holds `path`, if programs cannot be started from that disk
/// (`noexec`). `None` otherwise, and where the system does not report it. `path` must exist and
/// have no links in it.
pub(crate) fn noexec(path: &Path) -> Option<PathBuf> {
    system::noexec(path)
}

/// What a disk still takes from a user without privileges.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Room {
    pub(crate) bytes: u64,
    /// Whether a further file can be made. Some disks hold only so many, of whatever size.
    pub(crate) takes_files: bool,
}

/// The room on the disk that holds `path`. `None` where the system does not report it.
pub(crate) fn room(path: &Path) -> Option<Room> {
    free::room(path)
}

#[cfg(unix)]
mod free {
    use super::Room;
    use std::path::Path;

    pub(super) fn room(path: &Path) -> Option<Room> {
        let disk = rustix::fs::statvfs(path).ok()?;
        Some(Room {
            bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            // 0 where the number of files has no limit.
            takes_files: disk.f_files == 0 || disk.f_favail > 0,
        })
    }
}

#[cfg(not(unix))]
mod free {
    use super::Room;
    use std::path::Path;

    pub(super) const fn room(_: &Path) -> Option<Room> {
        None
    }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    use std::{
        fs,
        os::unix::ffi::OsStringExt as _,
        path::{Path, PathBuf},
    };

    pub(super) fn noexec(there: &Path) -> Option<PathBuf> {
        let flags = statvfs(there).ok()?.f_flag;
        if !flags.contains(StatVfsMountFlags::NOEXEC) {
            return None;
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        // proc(5): the fifth field is the place, in which blanks are written as octal numbers.
        let places = mounts
            .lines()
            .filter_map(|line| line.split(' ').nth(4))
            .map(unescaped);
        let above = places.filter(|place| there.starts_with(place));
        above
            .max_by_key(|place| place.as_os_str().len())
            .or_else(|| Some(there.to_path_buf()))
    }

    fn unescaped(field: &str) -> PathBuf {
        let mut bytes = Vec::new();
        let mut rest = field.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let octal = after
                .get(..3)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
            match (first, octal) {
                (b'\\', Some(byte)) => {
                    bytes.push(byte);
                    rest = after.get(3..).unwrap_or_default();
                }
                _ => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        PathBuf::from(std::ffi::OsString::from_vec(bytes))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_mount_with_a_blank_in_its_name_is_read() {
            assert_eq!(
                unescaped(r"/media/my\040disk\134x"),
                Path::new(r"/media/my disk\x")
            );
            assert_eq!(unescaped("/plain"), Path::new("/plain"));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::path::{Path, PathBuf};

    pub(super) const fn noexec(_: &Path) -> Option<PathBuf> {
        None
    }
}
