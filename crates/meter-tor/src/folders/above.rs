//! Checks whether other users could replace a folder above ours. Arti refuses such a place without
//! naming the folder.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::OpenFolder;

/// The nearest folder above `path` whose content other users could replace, and how. A folder with
/// the sticky bit, such as `/tmp`, is safe; a group with this user as its only member counts as
/// this user.
pub(crate) fn open_above(path: &Path) -> Option<(PathBuf, OpenFolder)> {
    let me = rustix::process::geteuid().as_raw();
    let groups = Groups::of_system();
    path.ancestors().skip(1).find_map(|folder| {
        let found = fs::metadata(folder).ok()?;
        let why = openness(found.uid(), found.gid(), found.mode(), me, &groups)?;
        Some((folder.to_owned(), why))
    })
}

/// `None` if only `me` and the system can change the content of the folder.
fn openness(owner: u32, group: u32, mode: u32, me: u32, groups: &Groups) -> Option<OpenFolder> {
    if ![0, me].contains(&owner) {
        return Some(OpenFolder::Theirs);
    }
    let is_sticky = mode & 0o1000 != 0;
    let by_group = mode & 0o020 != 0 && !groups.is_alone(me, group);
    let by_anybody = mode & 0o002 != 0;
    let is_open = (by_group || by_anybody) && !is_sticky;
    is_open.then_some(if owner == me {
        OpenFolder::Ours
    } else {
        OpenFolder::Roots
    })
}

/// Users and groups from the system's files (passwd(5), group(5)).
struct Groups {
    passwd: String,
    group: String,
}

impl Groups {
    fn of_system() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            passwd: read("/etc/passwd"),
            group: read("/etc/group"),
        }
    }

    /// Whether a group belongs to this user alone: it has the user's name, as many systems make one
    /// for every user, and no other member. A group that the files do not list may contain anybody.
    fn is_alone(&self, user: u32, group: u32) -> bool {
        let name = named(&self.passwd, user).map(|[name, _]| name);
        let Some([group_name, members]) = named(&self.group, group) else {
            return false;
        };
        let others = members.split(',').filter(|member| !member.is_empty());
        let mut others = others.filter(|member| Some(*member) != name);
        let has_others = others.next().is_some() || self.is_first_group_of_others(user, group);
        name == Some(group_name) && !has_others
    }

    fn is_first_group_of_others(&self, user: u32, group: u32) -> bool {
        let (user, group) = (user.to_string(), group.to_string());
        self.passwd.lines().any(|line| {
            let mut numbers = line.split(':').skip(2);
            numbers.next() != Some(&user) && numbers.next() == Some(&group)
        })
    }
}

/// Fields one and four of the line with this number in its third field.
fn named(file: &str, number: u32) -> Option<[&str; 2]> {
    let number = number.to_string();
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, its, fourth) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        (its == number).then_some([name, fourth])
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::TorProblem;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_above_that_others_may_write_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        fs::create_dir_all(&path).unwrap();
        assert_eq!(open_above(&path), None);
        for mode in [0o777, 0o770, 0o722] {
            set_mode(&root.path().join("a"), mode);
            let found = Some((root.path().join("a"), OpenFolder::Ours));
            let is_alone = mode == 0o770 && {
                let made = fs::metadata(root.path()).unwrap();
                Groups::of_system().is_alone(made.uid(), made.gid())
            };
            let expected = found.filter(|_| !is_alone);
            assert_eq!(open_above(&path), expected, "{mode:o}");
        }
        set_mode(&root.path().join("a"), 0o1777);
        assert_eq!(open_above(&path), None);
    }

    #[test]
    fn a_folder_is_open_by_who_else_can_write_to_it_and_told_by_who_can_mend_that() {
        let groups = Groups {
            passwd: "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/:\nbert:x:1001:1001::/:\n\
                     carl:x:1002:100::/:\ndora:x:1003:1003::/:\nemil:x:1004:1003::/:\n"
                .into(),
            group: "root:x:0:\nanna:x:1000:\nbert:x:1001:anna,bert\nusers:x:100:\n\
                    carl:x:1002:carl\ndora:x:1003:\n"
                .into(),
        };
        let of = |me, owner, group, mode| openness(owner, group, mode, me, &groups);
        for (me, owner, group, mode, expected) in [
            (1000, 1000, 1000, 0o755, None),
            (1000, 1000, 1000, 0o775, None),
            (1000, 1000, 1000, 0o777, Some(OpenFolder::Ours)),
            (1000, 1000, 1000, 0o1777, None),
            (1000, 1000, 100, 0o775, Some(OpenFolder::Ours)),
            (1000, 1000, 1001, 0o775, Some(OpenFolder::Ours)),
            // Another user is a member, or has it as first group. A group that is not listed may
            // contain anybody.
            (1001, 1001, 1001, 0o775, Some(OpenFolder::Ours)),
            (1003, 1003, 1003, 0o775, Some(OpenFolder::Ours)),
            (1000, 1000, 77, 0o775, Some(OpenFolder::Ours)),
            (1002, 1002, 1002, 0o775, None),
            (1000, 0, 1000, 0o775, None),
            (1000, 0, 0, 0o755, None),
            (1000, 0, 0, 0o775, Some(OpenFolder::Roots)),
            (0, 0, 0, 0o775, None),
            (1000, 1001, 1001, 0o700, Some(OpenFolder::Theirs)),
        ] {
            let found = of(me, owner, group, mode);
            assert_eq!(found, expected, "{me}: {owner}:{group} {mode:o}");
        }
    }

    #[test]
    fn only_the_owner_is_told_to_change_the_mode() {
        let says = |why| {
            let folder = PathBuf::from("/srv/x");
            TorProblem::OpenAbove { folder, why }.to_string()
        };
        assert!(says(OpenFolder::Ours).ends_with("run `chmod go-w /srv/x`"));
        assert!(says(OpenFolder::Roots).contains("`sudo chmod go-w /srv/x`"));
        let theirs = says(OpenFolder::Theirs);
        assert!(
            !theirs.contains("chmod") && theirs.contains("ONIONMETER_HOME"),
            "{theirs}"
        );
    }
}
