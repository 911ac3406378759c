//! Finds the installed programs, and tells how to install missing ones.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// A program that the kit needs, with the command that installs it.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its names on different systems; the first one found is used.
    pub(crate) names: &'static [&'static str],
    pub(crate) remedy: &'static str,
}

pub(crate) const TOR: Program = Program {
    names: &["tor"],
    remedy: TOR_REMEDY,
};
pub(crate) const TOR_GENCERT: Program = Program {
    names: &["tor-gencert"],
    remedy: TOR_REMEDY,
};
pub(crate) const FAKETIME: Program = Program {
    names: &["faketime"],
    remedy: "install it with `sudo apt-get install faketime` (Debian, Ubuntu)",
};
pub(crate) const OBFS4PROXY: Program = Program {
    names: &["obfs4proxy"],
    remedy: "install it with `sudo apt-get install obfs4proxy` (Debian, Ubuntu)",
};
pub(crate) const POSTGRES: Program = Program {
    names: &["postgres"],
    remedy: POSTGRES_REMEDY,
};
pub(crate) const INITDB: Program = Program {
    names: &["initdb"],
    remedy: POSTGRES_REMEDY,
};
pub(crate) const PG_BASEBACKUP: Program = Program {
    names: &["pg_basebackup"],
    remedy: POSTGRES_REMEDY,
};
pub(crate) const PSQL: Program = Program {
    names: &["psql"],
    remedy: POSTGRES_REMEDY,
};
/// Starts a program as another user, in place of itself.
pub(crate) const SETPRIV: Program = Program {
    names: &["setpriv"],
    remedy: "install it with `sudo apt-get install util-linux` (Debian, Ubuntu)",
};
/// Branded Chrome is not listed: it ignores `--load-extension` since 137.
pub(crate) const CHROMIUM: Program = Program {
    names: &["chromium", "chromium-browser"],
    remedy: CHROMIUM_REMEDY,
};
pub(crate) const CHROMEDRIVER: Program = Program {
    names: &["chromedriver"],
    remedy: CHROMIUM_REMEDY,
};
pub(crate) const FIREFOX: Program = Program {
    names: &["firefox-esr", "firefox"],
    remedy: "install it with `sudo apt-get install firefox-esr` (Debian) or your system's package",
};
pub(crate) const GECKODRIVER: Program = Program {
    names: &["geckodriver"],
    remedy: "install it with `cargo install geckodriver --root ~/.cache/onionmeter/tools`",
};

impl Program {
    /// Searches PATH, the folders of system programs, and the tools folder (`ONIONMETER_TOOLS`,
    /// else `~/.cache/onionmeter/tools/bin`).
    ///
    /// # Errors
    /// The program is missing. The text names it and the command that installs it.
    pub(crate) fn find(&self) -> Result<PathBuf> {
        self.find_first_in(&[])
    }

    /// The same, but `first` is searched before all other folders.
    ///
    /// # Errors
    /// The program is missing. The text names it and the command that installs it.
    pub(crate) fn find_first_in(&self, first: &[PathBuf]) -> Result<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        let system = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
        let folders: Vec<PathBuf> = first
            .iter()
            .cloned()
            .chain(env::split_paths(&path))
            .chain(system.into_iter().map(PathBuf::from))
            .chain(tools_folder())
            .collect();
        let places = self
            .names
            .iter()
            .flat_map(|name| folders.iter().map(move |at| at.join(name)));
        match places.into_iter().find(|file| is_program(file)) {
            Some(file) => Ok(file),
            None => bail!(
                "the program `{}` was not found: {}",
                self.names.join("`/`"),
                self.remedy
            ),
        }
    }
}

fn tools_folder() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("ONIONMETER_TOOLS") {
        return Some(PathBuf::from(folder));
    }
    Some(PathBuf::from(env::var_os("HOME")?).join(".cache/onionmeter/tools/bin"))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

const TOR_REMEDY: &str = "install Tor with `sudo apt-get install tor` (Debian, Ubuntu), \
     `sudo dnf install tor` (Fedora) or `sudo pacman -S tor` (Arch)";
const POSTGRES_REMEDY: &str = "install PostgreSQL with `sudo apt-get install postgresql-15` \
     (Debian; no cluster of its own needs to run) or your system's package";
const CHROMIUM_REMEDY: &str = "install Chromium and its driver with \
     `sudo apt-get install chromium chromium-driver` (Debian) or your system's packages";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_the_command_that_brings_it() {
        let missing = Program {
            names: &["no-such-program-anywhere"],
            remedy: TOR_REMEDY,
        };
        let text = missing.find().unwrap_err().to_string();
        assert!(
            text.contains("`no-such-program-anywhere` was not found"),
            "{text}"
        );
        assert!(text.contains("sudo apt-get install tor"), "{text}");
    }

    #[test]
    fn a_program_in_the_path_is_found_with_its_folder() {
        let shell = Program {
            names: &["no-such-shell", "sh"],
            remedy: "",
        }
        .find()
        .unwrap();
        assert!(
            shell.is_absolute() && shell.ends_with("sh"),
            "{}",
            shell.display()
        );
    }
}
