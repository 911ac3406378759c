//! The launcher in the desktop's menu (Linux): a `.desktop` file that calls `onionmeter open`.

use crate::{
    files, home,
    system::os::{self, System},
};
use std::{
    env, io,
    path::{Path, PathBuf},
};

/// The result of writing the launcher.
#[derive(Debug, Eq, PartialEq)]
pub enum Launcher {
    /// This system has no such files, or none that can name the program.
    None,
    /// It exists and starts the program. Lines that a person changed stay changed.
    There(PathBuf),
    /// The file there is not Onionmeter's, and was left unchanged.
    OfAnother(PathBuf),
}

/// Writes the launcher, also over one that another copy of Onionmeter wrote.
///
/// # Errors
/// When it cannot be read or written, with its path and the obstacle.
pub fn put(program: &Path) -> io::Result<Launcher> {
    let (Some(path), Some(text)) = (place(), text(program)) else {
        return Ok(Launcher::None);
    };
    put_at(path.clone(), program, &text).map_err(|error| {
        let error = home::obstacle_at(&path, error);
        io::Error::other(format!("{}: {error}", path.display()))
    })
}

fn put_at(path: PathBuf, program: &Path, text: &str) -> io::Result<Launcher> {
    match files::read_text(&path) {
        Ok(there) if starts(&there, program) => return Ok(Launcher::There(path)),
        Ok(there) if is_untouched(&there) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {}
        Ok(_) => return Ok(Launcher::OfAnother(path)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::NotFound
            ) =>
        {
            return Ok(Launcher::OfAnother(path));
        }
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        files::folders(folder)?;
    }
    files::replace(&path, text.as_bytes(), 0o644)?;
    Ok(Launcher::There(path))
}

/// The launcher, if it starts this program. A launcher written by another copy's `install` belongs
/// to that copy.
///
/// `install` may have run with another `XDG_DATA_HOME`; it `recorded` the place. One of an earlier
/// version did not, and then the launcher is beside the home.
#[must_use]
pub fn of(program: &Path, recorded: Option<&Path>) -> Option<PathBuf> {
    let beside = program.ancestors().nth(3).map(|data| data.join(BELOW_DATA));
    let usual = home::of_user().map(|user| user.join(".local/share").join(BELOW_DATA));
    [recorded.map(Path::to_path_buf), place(), beside, usual]
        .into_iter()
        .flatten()
        .find(|path| files::read_text(path).is_ok_and(|there| starts(&there, program)))
}

/// Below a folder of data.
const BELOW_DATA: &str = "applications/onionmeter.desktop";

/// Whether a launcher starts this program, whatever else a person changed in it.
fn starts(there: &str, program: &Path) -> bool {
    let own = text(program);
    let own = own.as_deref().and_then(command);
    own.is_some() && command(there) == own
}

/// Whether every line is as some copy of Onionmeter wrote it.
fn is_untouched(there: &str) -> bool {
    command(there).is_some_and(|command| with_command(command) == there)
}

fn command(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("Exec="))
}

/// The folder of the XDG base directory specification for a user's own launchers.
pub(crate) fn place() -> Option<PathBuf> {
    if os::HERE != System::Linux {
        return None;
    }
    let data = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(home::of_user()?.join(".local/share")))?;
    Some(data.join(BELOW_DATA))
}

/// Desktop Entry Specification 1.5. `None` for a path that such a file cannot contain.
fn text(program: &Path) -> Option<String> {
    let program = program.to_str()?;
    if program.contains(['\n', '\r', '\t']) {
        return None;
    }
    // Inside quotes four characters are escaped, and once more as in every value; `%` is written
    // twice.
    let mut quoted = String::new();
    for character in program.chars() {
        match character {
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            '\\' => quoted.push_str("\\\\\\"),
            '%' => quoted.push('%'),
            _ => {}
        }
        quoted.push(character);
    }
    Some(with_command(&format!("\"{quoted}\" open")))
}

fn with_command(command: &str) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName=Browse with Onionmeter\n\
         Comment=A browser that reaches nothing except through Onionmeter\n\
         Exec={command}\nIcon=web-browser\nTerminal=false\nCategories=Network;WebBrowser;\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_known_by_what_it_starts_and_another_file_by_its_other_lines() {
        let own = Path::new("/a/bin/onionmeter");
        let text = text(own).expect("a text");
        assert!(starts(&text, own) && is_untouched(&text));
        let edited = text.replace("web-browser", "mine");
        assert!(starts(&edited, own) && !is_untouched(&edited));
        let other = Path::new("/b/bin/onionmeter");
        assert!(!starts(&text, other) && !starts(&edited, other));
        let theirs = "[Desktop Entry]\nName=Mine\nExec=/my/thing\n";
        assert!(!starts(theirs, own) && !is_untouched(theirs));
        assert!(!is_untouched("") && !starts("", Path::new("/a\nb")));
    }

    #[test]
    fn a_path_with_special_characters_is_quoted() {
        let line = |path: &str| {
            let text = text(Path::new(path)).expect("a text");
            let line = text.lines().find(|line| line.starts_with("Exec="));
            line.expect("a command").to_owned()
        };
        assert_eq!(line("/a b/onionmeter"), "Exec=\"/a b/onionmeter\" open");
        assert_eq!(line("/5%/x"), "Exec=\"/5%%/x\" open");
        assert_eq!(line("/a$b/x"), r#"Exec="/a\\$b/x" open"#);
        assert_eq!(line(r"/a\b/x"), r#"Exec="/a\\\\b/x" open"#);
        assert_eq!(text(Path::new("/a\nb")), None);
    }
}
