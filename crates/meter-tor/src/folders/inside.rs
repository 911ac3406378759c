//! Checks what is in a data folder. Arti refuses the whole without naming what it refuses.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::InsideFault;

/// Deeper than any folder that Arti makes.
const DEPTH_MAX: u32 = 4;

/// The first thing below `folder` that its user cannot use, or that others could change, and why.
pub(crate) fn fault_inside(folder: &Path) -> Option<(PathBuf, InsideFault)> {
    find(folder, rustix::process::geteuid().as_raw(), DEPTH_MAX)
}

fn find(folder: &Path, me: u32, depth: u32) -> Option<(PathBuf, InsideFault)> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths.into_iter().find_map(|path| {
        let found = fs::metadata(&path).ok()?;
        match fault(&found, me) {
            Some(why) => Some((path, why)),
            None if found.is_dir() => find(&path, me, depth.checked_sub(1)?),
            None => None,
        }
    })
}

fn fault(found: &fs::Metadata, me: u32) -> Option<InsideFault> {
    // Nobody else comes to a file through a folder that is closed to them; Arti's own lock files
    // can be read by all.
    let (others, own) = match found.is_dir() {
        true => (0o077, 0o700),
        false => (0o022, 0o600),
    };
    let mode = found.mode();
    if found.uid() != me {
        Some(InsideFault::OtherOwner { me })
    } else if mode & others != 0 {
        Some(InsideFault::OpenToOthers)
    } else if mode & own != own && me != 0 {
        Some(InsideFault::ShutToUs)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::TorProblem;

    #[test]
    fn what_arti_refuses_in_its_folder_is_named_with_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let (folder, file) = (root.path().join("state"), root.path().join("state/x.json"));
        fs::create_dir(&folder).unwrap();
        fs::write(&file, "").unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let me = rustix::process::geteuid().as_raw();
        for (folder_mode, file_mode, expected) in [
            (0o700, 0o644, None),
            (0o750, 0o600, Some((&folder, InsideFault::OpenToOthers))),
            (0o700, 0o666, Some((&file, InsideFault::OpenToOthers))),
        ] {
            set(&folder, folder_mode);
            set(&file, file_mode);
            let expected = expected.map(|(path, why)| (path.clone(), why));
            assert_eq!(find(root.path(), me, 4), expected, "{folder_mode:o}");
        }
        set(&file, 0o400);
        let found = fs::metadata(&file).unwrap();
        assert_eq!(
            fault(&found, me + 1),
            Some(InsideFault::OtherOwner { me: me + 1 })
        );
        let shut = (me != 0).then_some(InsideFault::ShutToUs);
        assert_eq!(fault(&found, me), shut);

        let says = |path: &PathBuf, why| {
            let path = path.clone();
            TorProblem::Inside { path, why }.to_string()
        };
        let shown = file.display();
        let words = says(&file, InsideFault::OpenToOthers);
        assert!(
            words.ends_with(&format!("run `chmod 600 {shown}`")),
            "{words}"
        );
        let words = says(&folder, InsideFault::ShutToUs);
        assert!(words.contains("run `chmod 700 "), "{words}");
        let words = says(&file, InsideFault::OtherOwner { me: 7 });
        assert!(
            words.contains(&format!("`sudo chown -R 7 {shown}`")),
            "{words}"
        );
    }
}
