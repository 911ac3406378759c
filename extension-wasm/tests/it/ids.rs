//! The extension's ids are written in one place, and they are correct.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};

const MANIFEST: &str = include_str!("../../../manifest.json");
const IDS: &str = include_str!("../../../extension-ids.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// RFC 4648 section 4, as far as a manifest's key needs it.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for character in text.trim_end_matches('=').chars() {
        let value = ALPHABET.find(character).expect("base64");
        bits = (bits << 6) | u32::try_from(value).expect("below 64");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).expect("a byte"));
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

/// The first 16 bytes of the SHA-256 of the DER key, each half byte as a letter from a to p.
fn chromium_id(key: &str) -> String {
    let hash = Sha256::digest(base64(key));
    let half_bytes = hash.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    half_bytes.map(|half| char::from(b'a' + half)).collect()
}

#[test]
fn the_known_key_of_a_known_extension_gives_its_known_id() {
    // An empty key: SHA-256 of nothing begins with e3b0c44298fc1c14.
    assert!(chromium_id("").starts_with("odlameecjipmbmbe"));
    assert_eq!(base64("TWV0ZXI="), b"Meter");
}

#[test]
fn the_chromium_id_follows_from_the_key_in_the_manifest() {
    let (manifest, ids) = (json(MANIFEST), json(IDS));
    let key = manifest["key"].as_str().expect("a key");
    assert_eq!(ids["chromium"], chromium_id(key));
    // A 2048-bit RSA public key: SubjectPublicKeyInfo of 294 bytes, never a private one.
    assert_eq!(base64(key).len(), 294);
}

#[test]
fn the_firefox_id_is_that_of_the_manifest() {
    let (manifest, ids) = (json(MANIFEST), json(IDS));
    let gecko = &manifest["browser_specific_settings"]["gecko"];
    assert_eq!(ids["firefox"], gecko["id"]);
    assert_eq!(gecko["data_collection_permissions"]["required"][0], "none");
}

#[test]
fn the_version_is_that_of_the_crate() {
    assert_eq!(json(MANIFEST)["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn extension_pages_run_our_own_scripts_and_wasm_only() {
    let manifest = json(MANIFEST);
    let policy = manifest["content_security_policy"]["extension_pages"]
        .as_str()
        .expect("a policy");
    assert!(policy.contains("default-src 'none'"));
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"));
    // The only allowed connections are to names that never exist; they show that requests reach the
    // relay.
    let witnesses = "connect-src 'self' http://*.invalid https://*.invalid;";
    assert!(policy.contains(witnesses));
    let rest = policy.replace(witnesses, "");
    assert!(!rest.contains("unsafe-inline") && !rest.contains("http"));
}

#[test]
fn pages_write_text_nodes_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut scripts = 0;
    for folder in ["popup", "dashboard", "options", "welcome"] {
        for entry in fs::read_dir(root.join(folder)).expect("a page") {
            let path = entry.expect("readable").path();
            if path.extension().is_none_or(|ending| ending != "js") {
                continue;
            }
            scripts += 1;
            let script = fs::read_to_string(&path).expect("text");
            for way in [
                "innerHTML",
                "outerHTML",
                "insertAdjacent",
                "document.write",
                "eval(",
            ] {
                assert!(!script.contains(way), "{}: {way}", path.display());
            }
        }
    }
    assert!(scripts > 10, "{scripts}");
}
