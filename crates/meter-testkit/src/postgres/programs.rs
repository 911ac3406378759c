//! PostgreSQL's programs, and the user that runs them.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::program;

/// The programs of one installed PostgreSQL.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) postgres: PathBuf,
    pub(super) initdb: PathBuf,
    pub(super) basebackup: PathBuf,
    pub(super) psql: PathBuf,
    other_user: Option<OtherUser>,
}

/// PostgreSQL refuses to run as root; then this user runs it.
#[derive(Debug)]
struct OtherUser {
    setpriv: PathBuf,
    user: u32,
    group: u32,
}

impl Programs {
    /// Finds them: those of Debian's PostgreSQL 15, else of its newest, else in PATH.
    pub(super) fn find() -> Result<Self> {
        let folders = debian_folders();
        let other_user = if rustix::process::geteuid().is_root() {
            Some(OtherUser::find()?)
        } else {
            None
        };
        Ok(Self {
            postgres: program::POSTGRES.find_first_in(&folders)?,
            initdb: program::INITDB.find_first_in(&folders)?,
            basebackup: program::PG_BASEBACKUP.find_first_in(&folders)?,
            psql: program::PSQL.find_first_in(&folders)?,
            other_user,
        })
    }

    /// The command that runs `program` as the user that PostgreSQL accepts.
    pub(super) fn as_its_user(
        &self,
        program: &Path,
        arguments: Vec<OsString>,
    ) -> (PathBuf, Vec<OsString>) {
        let Some(other) = &self.other_user else {
            return (program.to_owned(), arguments);
        };
        let mut all: Vec<OsString> = vec![
            format!("--reuid={}", other.user).into(),
            format!("--regid={}", other.group).into(),
            "--clear-groups".into(),
            "--".into(),
            program.into(),
        ];
        all.extend(arguments);
        (other.setpriv.clone(), all)
    }

    /// Makes that user the owner of a folder.
    pub(super) fn give(&self, folder: &Path) -> Result<()> {
        if let Some(other) = &self.other_user {
            chown(folder, Some(other.user), Some(other.group))
                .with_context(|| format!("give {} to PostgreSQL's user", folder.display()))?;
        }
        Ok(())
    }
}

impl OtherUser {
    /// The user `postgres` of the package, else `nobody`.
    fn find() -> Result<Self> {
        let users = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
        let found = ["postgres", "nobody"]
            .iter()
            .find_map(|name| ids_of(&users, name));
        let (user, group) = found.context(
            "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`",
        )?;
        Ok(Self {
            setpriv: program::SETPRIV.find()?,
            user,
            group,
        })
    }
}

/// User and group number of `name` in the text of `/etc/passwd` (passwd(5)).
fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        Some((user, fields.next()?.parse().ok()?))
    })
}

/// Debian keeps the programs of each version in a folder outside PATH.
fn debian_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut numbers: Vec<u32> = versions
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable_by_key(|&number| (number != TESTED_VERSION, std::cmp::Reverse(number)));
    numbers
        .iter()
        .map(|number| format!("/usr/lib/postgresql/{number}/bin").into())
        .collect()
}

/// That of Debian 12.
const TESTED_VERSION: u32 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:8::/:\npostgres:x:101:104::/:";
        assert_eq!(ids_of(users, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(users, "nobody"), None);
    }
}
