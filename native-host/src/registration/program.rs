//! The program where browsers find it: a copy in the home, which no build or download changes.

use crate::{
    files,
    home::{Home, nearest, obstacle_at, of_user, without_links},
    system::{files as system_files, mounts},
};
use std::{
    env, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// The reason why the program is not in its place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It was replaced or removed meanwhile.
    #[error("{path} is no longer the program that runs now; run `install` with the new \
        one", path = .0.display())]
    Gone(PathBuf),
    /// Another user put it into a folder of their own.
    #[error("you may not read {path}, the program that runs now, so it cannot be copied; put it \
        where you may read it, for example into your home folder, and run `install` with that \
        one", path = .0.display())]
    Closed(PathBuf, #[source] io::Error),
    /// The system does not say which program this is.
    #[error("the system does not say which program this is")]
    Unknown(#[source] io::Error),
    /// Programs cannot be started from there.
    #[error("{path} is mounted noexec: no program can be started from there. Install into a folder \
        on another disk: `ONIONMETER_HOME=/another/folder {program} \
        install`", path = .mount.display(), program = .program.display())]
    Noexec {
        /// Where it is mounted.
        mount: PathBuf,
        /// This program.
        program: PathBuf,
    },
    /// It cannot be written.
    #[error("{path} cannot be written", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
}

/// Programs that a manifest or link of ours may name.
pub(crate) fn own_programs(home: &Home) -> Vec<PathBuf> {
    let packaged = env::current_exe()
        .ok()
        .filter(|program| is_packaged(program));
    std::iter::once(home.program()).chain(packaged).collect()
}

/// A program that a package manager put under /usr stays there.
fn is_packaged(program: &Path) -> bool {
    let of_user = of_user().is_some_and(|home| program.starts_with(without_links(&home)));
    program.starts_with("/usr") && !program.starts_with("/usr/home") && !of_user
}

/// Where browsers will find the program. Changes nothing.
///
/// # Errors
/// When no program can be started from there.
pub(crate) fn place_for_program(home: &Home) -> Result<PathBuf, ProgramError> {
    let current = env::current_exe().map_err(ProgramError::Unknown)?;
    match fs::metadata(&current) {
        Ok(found) if found.is_file() => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(ProgramError::Closed(current, error));
        }
        Ok(_) | Err(_) => return Err(ProgramError::Gone(current)),
    }
    if is_packaged(&current) {
        return Ok(current);
    }
    match noexec_mount(&home.program()) {
        Some(mount) => Err(ProgramError::Noexec {
            mount,
            program: current,
        }),
        None => Ok(home.program()),
    }
}

/// Copies this program into the home if it is not there yet, and makes it executable.
///
/// # Errors
/// When it cannot be written, or could not be started there.
pub(crate) fn put_program(home: &Home) -> Result<PathBuf, ProgramError> {
    let target = place_for_program(home)?;
    if target != home.program() {
        return Ok(target);
    }
    let current = env::current_exe().map_err(ProgramError::Unknown)?;
    let put = || {
        if let Some(folder) = target.parent() {
            files::folders(folder)?;
        }
        if without_links(&current) != without_links(&target) {
            let program = fs::read(&current)?;
            if !read(&target).is_ok_and(|installed| installed == program) {
                files::replace(&target, &program, 0o755)?;
            }
        }
        let mode = system_files::mode(&fs::metadata(&target)?);
        if mode & 0o700 != 0o700 {
            system_files::set_mode(&target, 0o755)?;
        }
        Ok(())
    };
    put().map_err(|error| ProgramError::Write(target.clone(), obstacle_at(&target, error)))?;
    Ok(target)
}

/// The content of a file. A pipe or device in its place is an error.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    files::open(path)?.read_to_end(&mut content)?;
    Ok(content)
}

/// The mount point of the disk of `path`, if programs cannot be started from it.
pub(crate) fn noexec_mount(path: &Path) -> Option<PathBuf> {
    mounts::noexec(&without_links(nearest(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_package_manager_put_there_stays_where_it_is() {
        assert!(is_packaged(Path::new("/usr/bin/onionmeter")));
        assert!(!is_packaged(Path::new(
            "/usr/home/me/target/debug/onionmeter"
        )));
        assert!(!is_packaged(Path::new("/opt/onionmeter")));
    }
}
