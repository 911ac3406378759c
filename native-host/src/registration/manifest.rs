//! Host manifests: written whole or not at all, recognised when read back.

use super::Family;
use crate::{files, ids};
use meter_wire::HOST_NAME;
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What stands at a place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ManifestState {
    /// Nothing.
    Absent,
    /// Exactly what we would write.
    Current,
    /// A manifest of ours that points elsewhere or allows somebody else.
    Stale,
    /// The program that it names is not there.
    ProgramMissing(PathBuf),
    /// Not readable as a manifest.
    Broken(String),
}

/// The manifest for one family, with `program` as the host.
#[must_use]
pub fn manifest_json(family: Family, program: &Path) -> String {
    let mut manifest = json!({
        "name": HOST_NAME,
        "description": "Onionmeter: meters this browser's traffic through Tor",
        "path": program,
        "type": "stdio",
    });
    let (key, allowed) = match family {
        Family::Chromium => ("allowed_origins", ids::chromium_origin()),
        Family::Firefox => ("allowed_extensions", ids::firefox_id().to_owned()),
    };
    manifest[key] = json!([allowed]);
    format!("{manifest:#}\n")
}

/// Compares what stands at `path` with what should.
#[must_use]
pub fn inspect(path: &Path, family: Family, program: &Path) -> ManifestState {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return ManifestState::Absent,
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
    if text == manifest_json(family, program) {
        ManifestState::Current
    } else {
        ManifestState::Stale
    }
}

/// Puts a manifest in place in one step; a reader sees the old one or the new one.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write(path: &Path, family: Family, program: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    files::replace(path, manifest_json(family, program).as_bytes(), 0o644)
}

/// Removes a manifest, and the folder if that leaves it empty. `false` when there was none.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        // Only an empty folder can be removed this way; others' manifests keep theirs.
        crate::ignore_because("the folder holds other hosts", fs::remove_dir(folder));
    }
    Ok(true)
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
            assert!(remove(&path).expect("removed"));
            assert!(!remove(&path).expect("nothing left"));
            assert!(!folder.path().join("hosts").is_dir());
        }
    }

    #[test]
    fn others_manifests_in_the_same_folder_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts/x.json");
        write(&path, Family::Firefox, Path::new("/bin/true")).expect("written");
        fs::write(folder.path().join("hosts/other.json"), "{}").expect("another host");
        remove(&path).expect("removed");
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
            ManifestState::Stale
        );
        write(&path, Family::Firefox, Path::new("/nowhere/onionmeter")).expect("written");
        assert!(matches!(
            inspect(&path, Family::Firefox, program),
            ManifestState::ProgramMissing(_)
        ));
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
