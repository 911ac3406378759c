//! Setting the state of the embedded Tor aside, for one that cannot start with it.

use super::paths::Home;
use crate::files;
use std::{fs, io, path::PathBuf};

impl Home {
    /// Renames the state of the embedded Tor, its choice of guards included, to `state.old-N`
    /// beside it. Returns where it is kept; `None` where there was no state.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(crate) fn set_embedded_state_aside(&self) -> io::Result<Option<PathBuf>> {
        let data = self.embedded_data();
        let aside = files::first_free(|number| data.join(format!("state.old-{number}")))?;
        match fs::rename(data.join("state"), &aside) {
            Ok(()) => Ok(Some(aside)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_kept_under_the_next_free_name_and_the_cache_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().to_path_buf());
        let data = home.embedded_data();
        fs::create_dir_all(data.join("cache")).expect("made");
        assert_eq!(home.set_embedded_state_aside().ok(), Some(None));
        for number in 1..=2 {
            fs::create_dir(data.join("state")).expect("made");
            let guards = format!("guards of {number}");
            fs::write(data.join("state/guards.json"), &guards).expect("written");
            let aside = home.set_embedded_state_aside().expect("renamed");
            let aside = aside.expect("there was one");
            assert_eq!(aside, data.join(format!("state.old-{number}")));
            let kept = fs::read_to_string(aside.join("guards.json"));
            assert_eq!(kept.ok(), Some(guards));
            assert!(!data.join("state").try_exists().expect("looked for"));
        }
        assert!(data.join("cache").try_exists().expect("looked for"));
    }
}
