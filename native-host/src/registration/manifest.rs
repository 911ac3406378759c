//! Host manifests: written as a whole or not at all, and recognised when read back.

use super::{Family, Place};
use crate::{
    files,
    home::{obstacle_at, without_links},
    ids,
};
use meter_wire::HOST_NAME;
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What is at a place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ManifestState {
    /// Nothing.
    Absent,
    /// The manifest that we would write, for the same program by any of its paths.
    Current,
    /// A manifest for our program from an earlier version, or one that allows another extension.
    Stale,
    /// A manifest for another program, usually another copy of Onionmeter.
    Another(PathBuf),
    /// A manifest for a program that does not exist.
    ProgramMissing(PathBuf),
    /// Not readable as a manifest.
    Broken(String),
}

/// The result of a removal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Removed {
    /// There was no manifest.
    Nothing,
    /// It was removed.
    Gone,
    /// It is for another program, and stays.
    OfAnother(PathBuf),
}

/// The manifest for one family, with `program` as the host.
#[must_use]
pub fn manifest_json(family: Family, program: &Path) -> String {
    let mut manifest = json!({
        "name": HOST_NAME,
        "description": "Onionmeter: meters this browser's traffic through Tor",
        // A path that is not text was refused when the home was found.
        "path": program.to_string_lossy(),
        "type": "stdio",
    });
    let (key, allowed) = match family {
        Family::Chromium => ("allowed_origins", ids::chromium_origin()),
        Family::Firefox => ("allowed_extensions", ids::firefox_id().to_owned()),
    };
    manifest[key] = json!([allowed]);
    format!("{manifest:#}\n")
}

/// Whether two paths lead to one program. Also true for two paths that no longer exist and once
/// were the same.
pub(crate) fn same_program(one: &Path, other: &Path) -> bool {
    without_links(one) == without_links(other)
}

/// Compares the file at `path` with the manifest that should be there.
#[must_use]
pub fn inspect(path: &Path, family: Family, program: &Path) -> ManifestState {
    let text = match files::read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match fs::symlink_metadata(path) {
                Ok(_) => ManifestState::Broken("it is a link that leads nowhere".to_owned()),
                Err(_) => ManifestState::Absent,
            };
        }
        // A file is in the place of a folder on the way.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return ManifestState::Absent,
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            return ManifestState::Broken("it is a folder; remove it".to_owned());
        }
        Err(error) => return ManifestState::Broken(error.to_string()),
    };
    let Ok(manifest) = serde_json::from_str::<Value>(&text) else {
        return ManifestState::Broken("it is not JSON".to_owned());
    };
    let Some(named) = manifest["path"].as_str().map(PathBuf::from) else {
        return ManifestState::Broken("it names no program".to_owned());
    };
    if !named.is_file() {
        return ManifestState::ProgramMissing(named);
    }
    if !same_program(&named, program) {
        ManifestState::Another(named)
    } else if text == manifest_json(family, &named) {
        ManifestState::Current
    } else {
        ManifestState::Stale
    }
}

/// The program that a manifest names.
pub(crate) fn program_of(path: &Path) -> Option<PathBuf> {
    let manifest: Value = serde_json::from_str(&files::read_text(path).ok()?).ok()?;
    manifest["path"].as_str().map(PathBuf::from)
}

/// Every path by which a manifest names one of `programs`; with links there may be several.
pub(crate) fn spelled(programs: &[PathBuf], places: &[Place]) -> Vec<PathBuf> {
    let mut paths = programs.to_vec();
    for named in places
        .iter()
        .filter_map(|place| program_of(&place.manifest))
    {
        if programs.iter().any(|own| same_program(&named, own)) && !paths.contains(&named) {
            paths.push(named);
        }
    }
    paths
}

/// Writes a manifest in one step; a reader sees the old one or the new one.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write(path: &Path, family: Family, program: &Path) -> io::Result<()> {
    let write = || {
        if let Some(folder) = path.parent() {
            files::folders(folder)?;
        }
        if path.is_dir() {
            return Err(io::Error::other("it is a folder; remove it"));
        }
        files::replace(path, manifest_json(family, program).as_bytes(), 0o644)
    };
    write().map_err(|error| obstacle_at(path, error))
}

/// What [`remove`] would do: [`Removed::Gone`] means that it would remove the manifest. A manifest
/// that names no program is useless, and would be removed.
///
/// # Errors
/// When it cannot be read.
pub fn would_remove(path: &Path, programs: &[PathBuf]) -> io::Result<Removed> {
    let error = match files::read_text(path) {
        Ok(text) => {
            let manifest = serde_json::from_str::<Value>(&text).unwrap_or_default();
            let named = manifest["path"].as_str().map(PathBuf::from);
            let ours = |named: &PathBuf| programs.iter().any(|own| same_program(named, own));
            return Ok(match named.filter(|named| !ours(named)) {
                Some(named) => Removed::OfAnother(named),
                None => Removed::Gone,
            });
        }
        Err(error) => error,
    };
    match (error.kind(), fs::symlink_metadata(path)) {
        (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, Err(_)) => Ok(Removed::Nothing),
        // No browser reads it, and we never made it.
        (io::ErrorKind::IsADirectory, Ok(_)) => Ok(Removed::Nothing),
        // A link that leads nowhere, or bytes that are no text.
        (io::ErrorKind::NotFound | io::ErrorKind::InvalidData, Ok(_)) => Ok(Removed::Gone),
        _ => Err(error),
    }
}

/// Removes a manifest for one of `programs`, and the folder if it is then empty.
///
/// # Errors
/// When it cannot be read, or should be removed and cannot be.
pub fn remove(path: &Path, programs: &[PathBuf]) -> io::Result<Removed> {
    let removed = would_remove(path, programs)?;
    if removed == Removed::Gone {
        fs::remove_file(path).map_err(|error| obstacle_at(path, error))?;
        if let Some(folder) = path.parent() {
            // Only an empty folder can be removed in this way; a folder with other manifests stays.
            crate::ignore_because("the folder holds other hosts", fs::remove_dir(folder));
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_written_recognised_and_removed_without_a_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("onionmeter");
        fs::write(&program, "").expect("a program");
        let path = folder.path().join("hosts/x.json");
        for family in [Family::Chromium, Family::Firefox] {
            assert_eq!(inspect(&path, family, &program), ManifestState::Absent);
            write(&path, family, &program).expect("written");
            write(&path, family, &program).expect("written again");
            assert_eq!(inspect(&path, family, &program), ManifestState::Current);
            let programs = [program.clone()];
            assert_eq!(remove(&path, &programs).expect("removed"), Removed::Gone);
            assert_eq!(
                remove(&path, &programs).expect("none left"),
                Removed::Nothing
            );
            assert!(!folder.path().join("hosts").is_dir());
        }
    }

    #[test]
    fn a_folder_in_its_place_is_named_and_never_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts/x.json");
        fs::create_dir_all(&path).expect("made");
        let program = Path::new("/bin/true");
        let said = write(&path, Family::Firefox, program).expect_err("refused");
        assert!(
            said.to_string().contains("it is a folder; remove it"),
            "{said}"
        );
        let state = inspect(&path, Family::Firefox, program);
        assert!(
            matches!(&state, ManifestState::Broken(why) if why.contains("it is a folder")),
            "{state:?}"
        );
        let removed = remove(&path, &[program.to_path_buf()]).expect("looked");
        assert_eq!(removed, Removed::Nothing);
        assert!(path.is_dir());
    }

    #[test]
    fn others_manifests_in_the_same_folder_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts/x.json");
        write(&path, Family::Firefox, Path::new("/bin/true")).expect("written");
        fs::write(folder.path().join("hosts/other.json"), "{}").expect("another host");
        remove(&path, &[PathBuf::from("/bin/true")]).expect("removed");
        assert!(folder.path().join("hosts/other.json").is_file());
    }

    #[test]
    fn stale_broken_and_orphaned_manifests_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        let program = Path::new("/bin/true");
        fs::write(&path, "{").expect("written");
        assert!(matches!(
            inspect(&path, Family::Firefox, program),
            ManifestState::Broken(_)
        ));
        write(&path, Family::Firefox, Path::new("/bin/false")).expect("written");
        assert_eq!(
            inspect(&path, Family::Firefox, program),
            ManifestState::Another(PathBuf::from("/bin/false"))
        );
        write(&path, Family::Chromium, program).expect("written");
        assert_eq!(
            inspect(&path, Family::Firefox, program),
            ManifestState::Stale
        );
        write(&path, Family::Firefox, Path::new("/nowhere/onionmeter")).expect("written");
        assert!(matches!(
            inspect(&path, Family::Firefox, program),
            ManifestState::ProgramMissing(_)
        ));
    }

    #[test]
    fn a_manifest_of_another_copy_is_told_apart_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts/x.json");
        let other = Path::new("/bin/false");
        write(&path, Family::Firefox, other).expect("written");
        let removed = remove(&path, &[PathBuf::from("/bin/true")]).expect("looked");
        assert_eq!(removed, Removed::OfAnother(other.to_path_buf()));
        assert_eq!(program_of(&path), Some(other.to_path_buf()));
    }

    #[test]
    fn a_program_is_the_same_by_every_link_to_it_even_when_it_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("var"), folder.path().join("home"));
        fs::create_dir_all(real.join("bin")).expect("made");
        std::os::unix::fs::symlink(&real, &link).expect("a link");
        let (program, by_link) = (real.join("bin/onionmeter"), link.join("bin/onionmeter"));
        fs::write(&program, "").expect("a program");
        let path = folder.path().join("hosts/x.json");
        write(&path, Family::Firefox, &by_link).expect("written");
        assert_eq!(
            inspect(&path, Family::Firefox, &program),
            ManifestState::Current
        );
        assert_eq!(
            inspect(&path, Family::Firefox, &by_link),
            ManifestState::Current
        );
        fs::remove_file(&program).expect("ours");
        let removed = remove(&path, std::slice::from_ref(&program)).expect("removed");
        assert_eq!(removed, Removed::Gone);
    }

    #[test]
    fn chromium_wants_an_origin_with_a_slash_and_firefox_an_id() {
        let parse = |family| {
            let text = manifest_json(family, Path::new("/opt/onionmeter"));
            serde_json::from_str::<Value>(&text).expect("JSON")
        };
        let origin = parse(Family::Chromium)["allowed_origins"][0].clone();
        assert!(origin.as_str().is_some_and(|origin| {
            origin.starts_with("chrome-extension://") && origin.ends_with('/')
        }));
        assert_eq!(
            parse(Family::Firefox)["allowed_extensions"][0],
            ids::firefox_id()
        );
        assert_eq!(parse(Family::Firefox)["path"], "/opt/onionmeter");
    }
}
