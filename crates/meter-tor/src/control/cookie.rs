//! Reads a control cookie and distrusts its path, because the program that listens on the control
//! port names it.
//!
//! SAFECOOKIE never sends the cookie, so a false path gains nothing. These rules also prevent
//! opening a file that is not a cookie.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
};

use crate::{ControlRefusal, CookieFault};

/// Size of every cookie (control-spec §3.5).
pub(crate) const COOKIE_BYTES: usize = 32;

/// File names that Tor, Debian's service and Tor Browser use for their cookie.
const COOKIE_NAMES: [&str; 2] = ["control_auth_cookie", "control.authcookie"];

/// A cookie. It cannot be printed.
pub(crate) struct Cookie(pub(crate) [u8; COOKIE_BYTES]);

/// The cookie files that may be read.
#[derive(Clone, Debug)]
pub(crate) enum CookieRule {
    /// The cookie of our own Tor.
    Exactly(PathBuf),
    /// Files with one of Tor's names, and these.
    TorsOr(Vec<PathBuf>),
}

impl CookieRule {
    fn allows(&self, path: &Path) -> bool {
        match self {
            Self::Exactly(own) => path == own,
            Self::TorsOr(also) => {
                let name = path.file_name().and_then(|name| name.to_str());
                let tors = name.is_some_and(|name| COOKIE_NAMES.contains(&name));
                path.is_absolute() && (tors || also.iter().any(|allowed| allowed == path))
            }
        }
    }
}

/// Reads the cookie at `path`.
///
/// # Errors
/// [`ControlRefusal::NoAccess`] if the file belongs to another user, else the fault of the file.
pub(crate) fn read_cookie(path: &Path, rule: &CookieRule) -> Result<Cookie, ControlRefusal> {
    let unsafe_file = ControlRefusal::CookieUnsafe;
    if !rule.allows(path) {
        return Err(unsafe_file(CookieFault::UnexpectedPlace));
    }
    // NOFOLLOW refuses links. NONBLOCK prevents a hang when the file is a pipe.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::ACCESS | Errno::PERM => ControlRefusal::NoAccess,
        Errno::LOOP | Errno::NXIO => unsafe_file(CookieFault::NotAFile),
        _ => unsafe_file(CookieFault::Unreadable),
    })?;
    let stat = rustix::fs::fstat(&fd).map_err(|_| unsafe_file(CookieFault::Unreadable))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(unsafe_file(CookieFault::NotAFile));
    }
    // One byte more than a cookie has, to detect a longer file.
    let mut bytes = Vec::with_capacity(COOKIE_BYTES + 1);
    let limit = u64::try_from(COOKIE_BYTES + 1).expect("33 fits");
    let read = File::from(fd).take(limit).read_to_end(&mut bytes);
    read.map_err(|_| unsafe_file(CookieFault::Unreadable))?;
    let cookie = <[u8; COOKIE_BYTES]>::try_from(bytes.as_slice());
    Ok(Cookie(
        cookie.map_err(|_| unsafe_file(CookieFault::WrongSize))?,
    ))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[track_caller]
    fn check(path: &Path, expected: Result<[u8; 32], CookieFault>) {
        let read = read_cookie(path, &CookieRule::TorsOr(Vec::new())).map(|cookie| cookie.0);
        assert_eq!(read, expected.map_err(ControlRefusal::CookieUnsafe));
    }

    #[test]
    fn only_a_regular_file_of_32_bytes_with_tors_name_is_a_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control_auth_cookie");
        check(&path, Err(CookieFault::Unreadable));
        for (bytes, expected) in [
            (&[7; 32][..], Ok([7; 32])),
            (&[7; 31], Err(CookieFault::WrongSize)),
            (&[7; 33], Err(CookieFault::WrongSize)),
            (&[], Err(CookieFault::WrongSize)),
        ] {
            fs::write(&path, bytes).unwrap();
            check(&path, expected);
        }
    }

    #[test]
    fn links_pipes_folders_and_other_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("id_ed25519");
        fs::write(&other, [7; 32]).unwrap();
        check(&other, Err(CookieFault::UnexpectedPlace));
        check(
            Path::new("control_auth_cookie"),
            Err(CookieFault::UnexpectedPlace),
        );

        let link = folder.path().join("control_auth_cookie");
        symlink(&other, &link).unwrap();
        check(&link, Err(CookieFault::NotAFile));

        let fifo = folder.path().join("control.authcookie");
        let mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, mode, 0).unwrap();
        check(&fifo, Err(CookieFault::NotAFile));

        let inner = folder.path().join("d/control_auth_cookie");
        fs::create_dir_all(&inner).unwrap();
        check(&inner, Err(CookieFault::NotAFile));
    }

    #[test]
    fn a_configured_file_is_read_and_our_own_rule_knows_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own");
        fs::write(&path, [9; 32]).unwrap();
        assert!(read_cookie(&path, &CookieRule::TorsOr(vec![path.clone()])).is_ok());
        assert!(read_cookie(&path, &CookieRule::Exactly(path.clone())).is_ok());
        let elsewhere = CookieRule::Exactly(folder.path().join("control_auth_cookie"));
        assert!(read_cookie(&path, &elsewhere).is_err());
    }
}
