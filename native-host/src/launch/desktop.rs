//! The launcher in the desktop's menu (Linux): a `.desktop` file that calls `onionmeter open`.

use crate::{
    files, home,
    system::os::{self, System},
};
use std::{
    env, io,
    path::{Path, PathBuf},
};

/// Writes the launcher and returns its path. `None` if this system has no such files.
///
/// # Errors
/// When it cannot be written.
pub fn put(program: &Path) -> io::Result<Option<PathBuf>> {
    let Some(path) = place() else {
        return Ok(None);
    };
    let Some(text) = text(program) else {
        return Ok(None);
    };
    if files::read_text(&path).is_ok_and(|there| there == text) {
        return Ok(Some(path));
    }
    if let Some(folder) = path.parent() {
        files::folders(folder)?;
    }
    files::replace(&path, text.as_bytes(), 0o644)?;
    Ok(Some(path))
}

/// The launcher, if it starts this program. A launcher written by another copy's `install` belongs
/// to that copy.
#[must_use]
pub fn of(program: &Path) -> Option<PathBuf> {
    let path = place()?;
    let there = files::read_text(&path).ok()?;
    (there == text(program)?).then_some(path)
}

/// The folder of the XDG base directory specification for a user's own launchers.
fn place() -> Option<PathBuf> {
    if os::HERE != System::Linux {
        return None;
    }
    let data = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(home::of_user()?.join(".local/share")))?;
    Some(data.join("applications/onionmeter.desktop"))
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
    Some(format!(
        "[Desktop Entry]\nType=Application\nName=Browse with Onionmeter\n\
         Comment=A browser that reaches nothing except through Onionmeter\n\
         Exec=\"{quoted}\" open\nIcon=web-browser\nTerminal=false\nCategories=Network;WebBrowser;\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
