//! Which crate may use which: the picture in `ARCHITECTURE.md`, compared with cargo's own data.

use crate::files::{read, root};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Folder, crate, and the crates of ours that it uses: exactly these.
const ARROWS: &[(&str, &str, &[&str])] = &[
    ("crates/meter-fixtures", "meter-fixtures", &[]),
    ("crates/meter-core", "meter-core", &[]),
    ("crates/meter-wire", "meter-wire", &["meter-core"]),
    (
        "crates/meter-ledger-client",
        "meter-ledger-client",
        &["meter-core", "meter-wire"],
    ),
    ("crates/meter-ledger", "meter-ledger", &["meter-core"]),
    ("crates/meter-outbox", "meter-outbox", &["meter-core"]),
    ("crates/meter-owner", "meter-owner", &[]),
    (
        "crates/meter-relay",
        "meter-relay",
        &["meter-core", "meter-owner"],
    ),
    ("crates/meter-uplink", "meter-uplink", &[]),
    ("crates/meter-embedded", "meter-embedded", &[]),
    (
        "crates/meter-tor",
        "meter-tor",
        &[
            "meter-core",
            "meter-embedded",
            "meter-owner",
            "meter-uplink",
        ],
    ),
    ("crates/meter-arti", "meter-arti", &["meter-embedded"]),
    (
        "crates/meter-face",
        "meter-face",
        &["meter-core", "meter-owner", "meter-wire"],
    ),
    (
        "native-host",
        "onionmeter",
        &[
            "meter-arti",
            "meter-core",
            "meter-face",
            "meter-ledger",
            "meter-ledger-client",
            "meter-outbox",
            "meter-relay",
            "meter-tor",
            "meter-wire",
        ],
    ),
    (
        "extension-wasm",
        "extension-wasm",
        &["meter-core", "meter-wire"],
    ),
    (
        "ledger-server",
        "onionmeter-ledger",
        &["meter-core", "meter-wire"],
    ),
    (
        "crates/meter-testkit",
        "meter-testkit",
        &[
            "meter-core",
            "meter-fixtures",
            "meter-ledger-client",
            "meter-wire",
        ],
    ),
    (
        "checks",
        "checks",
        &[
            "meter-core",
            "meter-ledger-client",
            "meter-testkit",
            "meter-tor",
            "meter-wire",
        ],
    ),
    // It knows the product by its command line only.
    ("benches/relay", "bench", &["meter-fixtures"]),
    (
        "benches/tor",
        "bench-tor",
        &["meter-core", "meter-fixtures", "meter-testkit", "meter-tor"],
    ),
    // It knows the ledger by its command line and by HTTP only.
    (
        "benches/ledger",
        "bench-ledger",
        &["meter-core", "meter-fixtures", "meter-testkit"],
    ),
    // It starts browser, extension and a host in place of ours as the checks do.
    (
        "benches/pages",
        "bench-pages",
        &["checks", "meter-fixtures", "meter-testkit"],
    ),
];

/// What only the tests of a crate use: the device's side of a ledger.
const TESTS: &[(&str, &[&str])] = &[("onionmeter-ledger", &["meter-ledger", "meter-outbox"])];

/// What people get. They never depend on each other, nor on a crate that only tests need.
pub(crate) const PRODUCTS: [&str; 3] = ["onionmeter", "onionmeter-ledger", "extension-wasm"];

/// What cargo would build for one target.
fn metadata_for(target: &str, features: &[&str]) -> Metadata {
    let options = ["--locked", "--filter-platform", target];
    let options = options.iter().chain(features);
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(options.map(|&option| option.to_owned()).collect::<Vec<_>>())
        .exec();
    metadata.expect("cargo knows what the lock file names")
}

/// For this machine and for the browser.
pub(crate) fn metadata() -> [Metadata; 2] {
    [
        metadata_for(&this_machine(), &[]),
        metadata_for("wasm32-unknown-unknown", &[]),
    ]
}

/// For this machine, with the embedded Tor.
pub(crate) fn metadata_with_embedded() -> Metadata {
    metadata_for(&this_machine(), &["--features", "onionmeter/embedded-tor"])
}

fn this_machine() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

fn ours(package: &Package, kind: DependencyKind) -> BTreeSet<&str> {
    let of_kind = package.dependencies.iter().filter(|dep| dep.kind == kind);
    let local = of_kind.filter(|dep| dep.path.is_some());
    local.map(|dependency| dependency.name.as_str()).collect()
}

#[test]
fn arrows_between_our_crates_are_exactly_those_of_the_picture() {
    let [metadata, _] = metadata();
    let members: BTreeMap<_, _> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.to_string(), package))
        .collect();
    let known: Vec<_> = ARROWS.iter().map(|(_, name, _)| *name).collect();
    assert_eq!(members.len(), known.len(), "{:?}", members.keys());
    for (folder, name, allowed) in ARROWS {
        let package = members.get(*name).expect(name);
        let manifest = package.manifest_path.as_str();
        assert!(
            manifest.ends_with(&format!("{folder}/Cargo.toml")),
            "{manifest}"
        );
        let uses = ours(package, DependencyKind::Normal);
        assert_eq!(uses, allowed.iter().copied().collect(), "{name}");
        assert!(ours(package, DependencyKind::Build).is_empty(), "{name}");
        for dependency in ours(package, DependencyKind::Development) {
            let of_tests = TESTS.iter().find(|(tested, _)| tested == name);
            let fits = allowed.contains(&dependency)
                || ["meter-fixtures", "meter-testkit"].contains(&dependency)
                || of_tests.is_some_and(|(_, used)| used.contains(&dependency));
            assert!(fits, "tests of {name} use {dependency}");
        }
    }
}

#[test]
fn the_picture_in_the_document_is_the_same() {
    let short = |name: &str| name.strip_prefix("meter-").unwrap_or(name).to_owned();
    let document = read("ARCHITECTURE.md");
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    let rows: BTreeMap<_, _> = document
        .lines()
        .map(cells)
        .filter(|cells| cells.len() == 3)
        .map(|cells| (cells[0].clone(), cells[2].clone()))
        .collect();
    for (folder, _, allowed) in ARROWS {
        let row = rows.get(*folder).unwrap_or_else(|| panic!("{folder}"));
        let said: BTreeSet<_> = match row.as_str() {
            "nothing" => BTreeSet::new(),
            list => list.split(", ").map(str::to_owned).collect(),
        };
        let allowed: BTreeSet<_> = allowed.iter().map(|name| short(name)).collect();
        assert_eq!(said, allowed, "{folder}");
    }
}

/// Everything that becomes part of a crate's build, without its tests.
pub(crate) fn built_in(metadata: &Metadata, name: &str) -> BTreeSet<PackageId> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let first = metadata
        .packages
        .iter()
        .find(|package| package.name == name);
    let mut found = BTreeSet::new();
    let mut next = vec![first.expect("a member").id.clone()];
    while let Some(id) = next.pop() {
        if !found.insert(id.clone()) {
            continue;
        }
        for dependency in &nodes[&id].deps {
            let kinds = &dependency.dep_kinds;
            if kinds
                .iter()
                .any(|dep| dep.kind != DependencyKind::Development)
            {
                next.push(dependency.pkg.clone());
            }
        }
    }
    found
}

#[test]
fn no_product_contains_another_or_what_only_tests_need() {
    for metadata in metadata() {
        for product in PRODUCTS {
            let built = built_in(&metadata, product);
            let names = metadata
                .packages
                .iter()
                .filter(|package| built.contains(&package.id));
            let names: BTreeSet<_> = names.map(|package| package.name.to_string()).collect();
            for other in PRODUCTS.iter().filter(|other| **other != product) {
                assert!(!names.contains(*other), "{product} contains {other}");
            }
            // The ledger answers HTTP, and TLS where its operator wants it. The host answers HTTP
            // on loopback, for `onionmeter serve`.
            let foreign: &[&str] = match product {
                "onionmeter-ledger" => &[],
                "onionmeter" => &["axum-server", "rustls"],
                _ => &["axum", "hyper", "rustls"],
            };
            for foreign in foreign.iter().chain(NOWHERE) {
                assert!(!names.contains(*foreign), "{product} contains {foreign}");
            }
        }
    }
}

/// What no product contains: what only tests need, other libraries for TLS, and what resolves
/// names or asks other servers.
const NOWHERE: &[&str] = &[
    "checks",
    "fantoccini",
    "hickory-resolver",
    "meter-fixtures",
    "meter-testkit",
    "native-tls",
    "openssl-sys",
    "reqwest",
];

/// It answers and never asks. Its libraries have a client, too, where other crates want one.
#[test]
fn the_face_of_the_host_is_a_server_and_no_client() {
    let manifest = read("crates/meter-face/Cargo.toml");
    let server = |line: &&str| line.starts_with("hyper");
    let lines: Vec<_> = manifest.lines().filter(server).collect();
    assert_eq!(lines.len(), 2, "{manifest}");
    for line in lines {
        assert!(
            line.contains("default-features = false") && !line.contains("client"),
            "{line}"
        );
    }
}

/// Two SQLite libraries on one file corrupt it.
#[test]
fn the_lock_file_has_one_sqlite() {
    let lock = read("Cargo.lock");
    assert_eq!(lock.matches("name = \"libsqlite3-sys\"").count(), 1);
}

/// Its links to Tor relays use TLS. It brings none of the others either.
#[test]
fn the_embedded_tor_brings_tls_and_nothing_else_that_reaches_out() {
    let metadata = metadata_with_embedded();
    let built = built_in(&metadata, "onionmeter");
    let names = metadata
        .packages
        .iter()
        .filter(|package| built.contains(&package.id));
    let names: BTreeSet<_> = names.map(|package| package.name.to_string()).collect();
    assert!(names.contains("rustls") && names.contains("arti-client"));
    for foreign in ["hickory-resolver", "native-tls", "openssl-sys", "reqwest"] {
        assert!(!names.contains(foreign), "{foreign}");
    }
}

#[test]
fn members_are_listed_so_that_each_comes_before_those_that_use_it() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let members = manifest["workspace"]["members"].as_array().expect("a list");
    let place = |folder: &str| {
        let place = members
            .iter()
            .position(|member| member.as_str() == Some(folder));
        place.unwrap_or_else(|| panic!("{folder} is no member"))
    };
    let folder_of = |name: &str| {
        let arrow = ARROWS.iter().find(|(_, known, _)| *known == name);
        arrow.expect("a member of ours").0
    };
    for (folder, name, uses) in ARROWS {
        for used in *uses {
            assert!(
                place(folder_of(used)) < place(folder),
                "{used} after {name}"
            );
        }
    }
    assert_eq!(members.len(), ARROWS.len());
    let by_default = manifest["workspace"]["default-members"].as_array();
    let mut expected = members.clone();
    expected.retain(|member| member.as_str() != Some("crates/meter-arti"));
    assert_eq!(by_default, Some(&expected), "all but the slow one");
}

#[test]
fn every_member_takes_the_lints_and_the_licence_of_the_workspace() {
    for (folder, name, _) in ARROWS {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let inherited = |table: &toml::Value| table["workspace"].as_bool() == Some(true);
        assert!(inherited(&manifest["lints"]), "{name}: lints");
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            assert!(inherited(&manifest["package"][key]), "{name}: {key}");
        }
    }
}
