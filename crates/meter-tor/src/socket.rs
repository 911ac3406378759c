//! Checks that only the expected user could have made the Unix socket of another program.
//!
//! The folder decides who can make a socket there. The permissions of the socket itself are not
//! checked: they decide who may connect, and the connection attempt shows that.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use meter_core::TorAddr;

/// The reason why a Unix socket is not used, although it may answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SocketFault {
    /// The path is a file, a folder or a symbolic link.
    #[error("is not a socket")]
    NotASocket,
    /// Any user could have replaced it.
    #[error("lies in a folder that other users may write to, so it may belong to another program")]
    OpenFolder,
    /// Its owner is neither this user, nor root, nor the owner of its folder.
    #[error("belongs to a user who does not own its folder")]
    OtherOwner,
}

/// Checks the socket at `path`. If nothing is there, or nothing that we may look at, there is no
/// objection: the connection attempt will fail.
///
/// # Errors
/// The reason why it must not be used.
pub(crate) fn judge(path: &Path) -> Result<(), SocketFault> {
    let Ok(socket) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !socket.file_type().is_socket() {
        return Err(SocketFault::NotASocket);
    }
    let Ok((is_closed, owner)) = folder_of(path) else {
        return Ok(());
    };
    if !is_closed {
        return Err(SocketFault::OpenFolder);
    }
    let us = rustix::process::geteuid().as_raw();
    match socket.uid() {
        user if [us, ROOT, owner].contains(&user) => Ok(()),
        _ => Err(SocketFault::OtherOwner),
    }
}

/// Whether both are the same place. `/var/run` and `/run` may be.
pub(crate) fn is_same(one: &TorAddr, other: &TorAddr) -> bool {
    match (one, other) {
        (TorAddr::Unix(one), TorAddr::Unix(other)) => {
            let real = |path: &Path| path.canonicalize().ok();
            one == other || real(one).is_some_and(|one| Some(one) == real(other))
        }
        (TorAddr::Tcp(_), _) | (_, TorAddr::Tcp(_)) => one == other,
    }
}

/// Whether other users cannot change the content of the folder of `path` or of a folder above it,
/// and the owner of that folder.
fn folder_of(path: &Path) -> io::Result<(bool, u32)> {
    // Resolve links in the path (`/var/run` is one) to the place of the socket.
    let folder = path.parent().unwrap_or(path).canonicalize()?;
    let found = fs::metadata(&folder)?;
    let mut is_closed = found.mode() & WRITABLE_BY_OTHERS == 0;
    for above in folder.ancestors().skip(1) {
        let mode = fs::metadata(above)?.mode();
        // In a sticky folder (`/tmp`) other users can add names but cannot change existing ones.
        is_closed &= mode & WRITABLE_BY_OTHERS == 0 || mode & STICKY != 0;
    }
    Ok((is_closed, found.uid()))
}

const ROOT: u32 = 0;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;

#[cfg(test)]
mod tests {
    use std::os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    };

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_socket_is_as_good_as_the_folders_above_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("tor");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("socks");
        assert_eq!(judge(&path), Ok(()), "nothing there");
        let _listener = UnixListener::bind(&path).unwrap();
        // Anybody may connect to Debian's socket; Tor decides about that.
        set_mode(&path, 0o777);
        for (mode, above, expected) in [
            (0o700, 0o700, Ok(())),
            (0o2755, 0o755, Ok(())),
            (0o757, 0o700, Err(SocketFault::OpenFolder)),
            (0o1777, 0o700, Err(SocketFault::OpenFolder)),
            (0o755, 0o757, Err(SocketFault::OpenFolder)),
            (0o755, 0o1777, Ok(())),
        ] {
            set_mode(&folder, mode);
            set_mode(root.path(), above);
            assert_eq!(judge(&path), expected, "{mode:o} below {above:o}");
        }
    }

    #[test]
    fn a_file_and_a_link_to_a_socket_are_refused_and_a_link_above_it_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(judge(&file), Err(SocketFault::NotASocket));

        let folder = root.path().join("tor");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("socks");
        let _listener = UnixListener::bind(&path).unwrap();
        let link = root.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(judge(&link), Err(SocketFault::NotASocket));

        let above = root.path().join("run");
        symlink(&folder, &above).unwrap();
        assert_eq!(judge(&above.join("socks")), Ok(()));
        assert!(is_same(
            &TorAddr::Unix(above.join("socks")),
            &TorAddr::Unix(path)
        ));
        set_mode(&folder, 0o777);
        assert_eq!(
            judge(&above.join("socks")),
            Err(SocketFault::OpenFolder),
            "judged where it is"
        );
    }

    #[test]
    fn a_socket_of_a_third_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let owned = |path: &Path, user| std::os::unix::fs::chown(path, Some(user), None).unwrap();
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("socks");
        let _listener = UnixListener::bind(&path).unwrap();
        owned(&path, 4_000);
        assert_eq!(judge(&path), Err(SocketFault::OtherOwner));
        owned(root.path(), 4_000);
        assert_eq!(judge(&path), Ok(()), "as Debian's, of the user debian-tor");
        owned(&path, ROOT);
        assert_eq!(judge(&path), Ok(()));
    }
}
