//! Makes `onionmeter` a command: a link in a folder that desktops put into `PATH`.

use super::manifest::same_program;
use crate::{
    files,
    home::{self, Home, obstacle_at},
    system::files::make_link,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What is at the link's path after `install`.
#[derive(Debug)]
pub(crate) enum Command {
    /// The program needs no link: a package manager put it into `PATH`.
    NotNeeded,
    /// The link, as it should be.
    Here(PathBuf),
    /// The link, corrected: it had another target before.
    Mended {
        /// The link.
        link: PathBuf,
        /// Its earlier target.
        from: PathBuf,
    },
    /// Something that we did not make, with a description.
    Taken {
        /// The path of the link.
        link: PathBuf,
        /// What is there.
        what: String,
    },
    /// It cannot be made.
    Failed(PathBuf, io::Error),
}

/// Makes or corrects the link. A link of another copy is taken over, like its manifests; anything
/// else there stays.
pub(crate) fn put_command(program: &Path, home: &Home) -> Command {
    let Some(link) = command_link().filter(|_| program == home.program()) else {
        return Command::NotNeeded;
    };
    let there = match fs::symlink_metadata(&link) {
        Ok(meta) if meta.is_symlink() => fs::read_link(&link).ok(),
        Ok(_) => {
            let what = "a file that Onionmeter did not put there".to_owned();
            return Command::Taken { link, what };
        }
        Err(_) => None,
    };
    let Some(target) = there else {
        return match make(program, &link) {
            Ok(()) => Command::Here(link),
            Err(error) => Command::Failed(link, error),
        };
    };
    if fs::metadata(&link).is_ok() && same_program(&link, program) {
        return Command::Here(link);
    }
    if !is_onionmeter(&link, &target) {
        let what = format!("a link to {}", target.display());
        return Command::Taken { link, what };
    }
    match fs::remove_file(&link).and_then(|()| make(program, &link)) {
        Ok(()) => Command::Mended { link, from: target },
        Err(error) => Command::Failed(link, error),
    }
}

/// Whether a copy of Onionmeter made this link: it leads into a home, or nowhere.
fn is_onionmeter(link: &Path, target: &Path) -> bool {
    let nowhere = fs::metadata(link).is_err();
    let root = fs::canonicalize(link)
        .ok()
        .and_then(|program| program.parent()?.parent().map(Path::to_path_buf));
    nowhere && target.ends_with("bin/onionmeter")
        || root.is_some_and(|root| Home::at(root).registered().is_file())
}

fn make(program: &Path, link: &Path) -> io::Result<()> {
    let make = || {
        if let Some(folder) = link.parent() {
            files::folders(folder)?;
        }
        make_link(program, link)
    };
    make().map_err(|error| obstacle_at(link, error))
}

/// The link, where it was made (`recorded`) or would be made now, if it leads to one of `programs`
/// or to where one of them was.
pub(crate) fn command_of(programs: &[PathBuf], recorded: Option<&Path>) -> Option<PathBuf> {
    let leads_to_ours = |link: &PathBuf| {
        let target = fs::read_link(link).ok();
        let target = target.and_then(|target| Some(link.parent()?.join(target)));
        target.is_some_and(|target| programs.iter().any(|own| same_program(&target, own)))
    };
    let recorded = recorded.map(Path::to_path_buf);
    [recorded, command_link()]
        .into_iter()
        .flatten()
        .find(leads_to_ours)
}

/// Removes the link.
///
/// # Errors
/// When it cannot be removed, with the obstacle.
pub(crate) fn remove_command(link: &Path) -> io::Result<()> {
    fs::remove_file(link).map_err(|error| obstacle_at(link, error))
}

/// The folder of the XDG base directory specification for a user's own programs.
fn command_link() -> Option<PathBuf> {
    home::of_user().map(|home| home.join(".local/bin/onionmeter"))
}
