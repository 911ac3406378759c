//! The files and folders of a managed Tor: makes and checks them, and removes those of an earlier
//! Tor.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    FolderFault, TorProblem,
    folders::{check_socket_path, private_folder},
};

/// Files and folders of one managed Tor, all absolute.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) data: PathBuf,
    pub(super) socks: PathBuf,
    pub(super) control: PathBuf,
    pub(super) cookie: PathBuf,
    /// An empty file that keeps Tor from reading the system's defaults. Tor refuses /dev/null.
    pub(super) defaults: PathBuf,
}

impl Paths {
    pub(super) fn below(data: &Path, run: &Path) -> Self {
        Self {
            data: data.to_owned(),
            socks: run.join("socks"),
            control: run.join("control"),
            cookie: run.join("cookie"),
            defaults: run.join("torrc-defaults"),
        }
    }

    /// Makes and checks the folders, and removes what an earlier Tor left.
    pub(super) fn prepare(data: &Path, run: &Path) -> Result<Self, TorProblem> {
        let io_fault = |error: io::Error| FolderFault::of(&error);
        let data_bad = TorProblem::DataDirUnusable;
        let run_bad = TorProblem::RunDirUnusable;
        let data = std::path::absolute(data).map_err(|error| data_bad(io_fault(error)))?;
        let run = std::path::absolute(run).map_err(|error| run_bad(io_fault(error)))?;
        let paths = Self::below(&data, &run);
        check_socket_path(&paths.control)?;
        check_socket_path(&paths.socks)?;
        private_folder(&data).map_err(data_bad)?;
        private_folder(&run).map_err(run_bad)?;
        paths.clear().map_err(|error| run_bad(io_fault(error)))?;
        fs::write(&paths.defaults, "").map_err(|error| run_bad(io_fault(error)))?;
        Ok(paths)
    }

    /// Removes sockets and cookie, so that an orphaned Tor of ours is not taken for the new one.
    fn clear(&self) -> io::Result<()> {
        for path in [&self.socks, &self.control, &self.cookie] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn clear_best_effort(&self) {
        if let Err(error) = self.clear() {
            tracing::debug!(kind = %error.kind(), "tor's sockets could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_of_107_bytes_fits_and_of_108_does_not() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        let run_of = |bytes: usize| {
            let rest = bytes - root.path().as_os_str().len() - "/".len() - "/control".len();
            root.path().join("r".repeat(rest))
        };
        assert!(Paths::prepare(&data, &run_of(107)).is_ok());
        let too_long = TorProblem::SocketPathTooLong {
            bytes: 108,
            bytes_max: 107,
        };
        assert_eq!(Paths::prepare(&data, &run_of(108)).unwrap_err(), too_long);
    }
}
