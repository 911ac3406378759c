//! Folders for this user alone, and the program to run. This module checks and never repairs: other
//! users may already have changed a folder that was open to them.

mod above;
mod inside;

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

pub(crate) use self::{above::open_above, inside::fault_inside};
use crate::{FolderFault, ProgramFault, TorProblem};

/// Folders that are searched after `PATH`.
const PROGRAM_FOLDERS: [&str; 5] = [
    "/usr/local/bin",
    "/usr/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/opt/homebrew/bin",
];

/// Longest path in a socket address, without its final NUL (unix(7), `sun_path`).
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Checks that a socket can have this path.
pub(crate) fn check_socket_path(path: &Path) -> Result<(), TorProblem> {
    let (bytes, bytes_max) = (path.as_os_str().len(), SOCKET_PATH_BYTES_MAX);
    if bytes > bytes_max {
        return Err(TorProblem::SocketPathTooLong { bytes, bytes_max });
    }
    Ok(())
}

/// Makes `path` with mode 700 (and its parents), or checks that only this user has access to it.
pub(crate) fn private_folder(path: &Path) -> Result<(), FolderFault> {
    let io_fault = |error: io::Error| FolderFault::of(&error);
    match fs::symlink_metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(io_fault)?;
        }
        Err(error) => return Err(io_fault(error)),
    }
    let found = fs::symlink_metadata(path).map_err(io_fault)?;
    let mode = found.mode() & 0o7777;
    if !found.is_dir() {
        Err(FolderFault::NotAFolder)
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        Err(FolderFault::OtherOwner)
    } else if mode & 0o077 != 0 {
        Err(FolderFault::OpenToOthers { mode })
    } else {
        Ok(())
    }
}

/// Finds the program: a bare name in `PATH` and the usual folders, a path unchanged. Of several
/// with one name, the first usable one is taken.
///
/// # Errors
/// [`TorProblem::Missing`] for a name, [`TorProblem::ProgramUnusable`] for a path, or
/// [`TorProblem::ProgramUnsafe`] when other users may write to it.
pub fn find_program(program: &Path) -> Result<PathBuf, TorProblem> {
    if program.components().count() > 1 {
        if !program.is_absolute() {
            return Err(TorProblem::ProgramUnsafe);
        }
        return check_program(program).unwrap_or_else(|| {
            Err(TorProblem::ProgramUnusable {
                program: program.to_owned(),
                why: why_none(program),
            })
        });
    }
    let from_path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&from_path).chain(PROGRAM_FOLDERS.iter().map(PathBuf::from));
    first_usable(program, folders.filter(|folder| folder.is_absolute()))
}

fn first_usable(
    program: &Path,
    folders: impl Iterator<Item = PathBuf>,
) -> Result<PathBuf, TorProblem> {
    let mut none = TorProblem::Missing;
    for folder in folders {
        match check_program(&folder.join(program)) {
            Some(Ok(found)) => return Ok(found),
            Some(Err(unusable)) => none = unusable,
            None => {}
        }
    }
    Err(none)
}

/// Why there is no program at this path.
fn why_none(path: &Path) -> ProgramFault {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => ProgramFault::NotRunnable,
        Ok(_) => ProgramFault::NotAFile,
        Err(_) => ProgramFault::NotThere,
    }
}

/// `None` if there is no program at this path.
fn check_program(path: &Path) -> Option<Result<PathBuf, TorProblem>> {
    let mode = fs::metadata(path)
        .ok()
        .filter(fs::Metadata::is_file)?
        .permissions()
        .mode();
    if mode & 0o111 == 0 {
        return None;
    }
    let is_safe = mode & 0o002 == 0;
    Some(if is_safe {
        Ok(path.to_owned())
    } else {
        Err(TorProblem::ProgramUnsafe)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_missing_folder_is_made_for_us_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        assert_eq!(private_folder(&path), Ok(()));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(private_folder(&path), Ok(()));
    }

    #[test]
    fn an_open_folder_a_link_and_a_file_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("open");
        fs::create_dir(&path).unwrap();
        set_mode(&path, 0o750);
        assert_eq!(
            private_folder(&path),
            Err(FolderFault::OpenToOthers { mode: 0o750 })
        );

        let link = root.path().join("link");
        symlink(root.path(), &link).unwrap();
        assert_eq!(private_folder(&link), Err(FolderFault::NotAFolder));

        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(private_folder(&file), Err(FolderFault::NotAFolder));
        let below_a_file = private_folder(&file.join("x"));
        assert!(
            matches!(below_a_file, Err(FolderFault::Io { .. })),
            "{below_a_file:?}"
        );
    }

    #[test]
    fn a_program_must_exist_run_and_be_safe() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("tor");
        let unusable = |why| {
            let program = path.clone();
            Err(TorProblem::ProgramUnusable { program, why })
        };
        assert_eq!(find_program(&path), unusable(ProgramFault::NotThere));
        fs::create_dir(&path).unwrap();
        assert_eq!(find_program(&path), unusable(ProgramFault::NotAFile));
        fs::remove_dir(&path).unwrap();
        assert_eq!(
            find_program(Path::new("no-such-tor-program")),
            Err(TorProblem::Missing)
        );
        assert_eq!(
            find_program(Path::new("./tor")),
            Err(TorProblem::ProgramUnsafe)
        );

        fs::write(&path, "").unwrap();
        for (mode, expected) in [
            (0o644, unusable(ProgramFault::NotRunnable)),
            (0o777, Err(TorProblem::ProgramUnsafe)),
            (0o755, Ok(path.clone())),
        ] {
            set_mode(&path, mode);
            assert_eq!(find_program(&path), expected, "{mode:o}");
        }
        assert!(find_program(Path::new("sh")).unwrap().is_absolute());
    }

    #[test]
    fn of_programs_with_one_name_the_first_that_can_be_used_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["open", "with space", "last"].map(|name| root.path().join(name));
        for (folder, mode) in folders.iter().zip([0o777, 0o755, 0o755]) {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("tor"), "").unwrap();
            fs::set_permissions(folder.join("tor"), fs::Permissions::from_mode(mode)).unwrap();
        }
        let found = |folders: &[PathBuf]| first_usable(Path::new("tor"), folders.iter().cloned());
        assert_eq!(found(&folders), Ok(folders[1].join("tor")));
        assert_eq!(found(&folders[..1]), Err(TorProblem::ProgramUnsafe));
        assert_eq!(found(&[]), Err(TorProblem::Missing));
    }
}
