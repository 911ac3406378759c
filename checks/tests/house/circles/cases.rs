//! Small crates with known arrows.

use super::{
    arrows::{Arrows, arrows},
    circles,
    modules::Modules,
};
use std::collections::BTreeMap;

fn arrows_of(files: &[(&str, &str)]) -> Arrows {
    let files: BTreeMap<_, _> = files
        .iter()
        .map(|(name, text)| (format!("x/src/{name}"), (*text).to_owned()))
        .collect();
    arrows(&Modules::of_crate("x/src/lib.rs", &|path| {
        files.get(path).cloned()
    }))
}

/// The arrows of a crate, without its folder, as `a>b`.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let arrows = arrows_of(files);
    let short = |path: &str| path.replace("x/src/", "").replace(".rs", "");
    let found: Vec<_> = arrows
        .iter()
        .flat_map(|(from, tos)| tos.keys().map(move |to| (from, to)))
        .map(|(from, to)| format!("{}>{}", short(from), short(to)))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn an_arrow_leads_past_re_exports_to_where_the_thing_stands() {
    let root = "mod a; mod b; pub use b::Thing; pub use b::inner::Deep as Renamed;";
    let b = "pub mod inner; pub struct Thing; pub use inner::*;";
    let inner = "pub struct Deep; pub struct Free;";
    for (a, expected) in [
        ("use crate::Thing;", &["a>b"] as &[_]),
        ("fn f() -> super::Thing { todo() }", &["a>b"]),
        (
            "use crate::b::{self as other}; fn f() { other::Thing; }",
            &["a>b"],
        ),
        ("use crate::{Renamed, b::Free};", &["a>b/inner"]),
        ("use super::b; fn f(_: b::inner::Deep) {}", &["a>b/inner"]),
        ("use crate::b;", &[]),
        ("use std::b::Thing; use ::b::Thing;", &[]),
        ("struct Thing; fn f(_: Thing) {}", &[]),
    ] {
        let files = [
            ("lib.rs", root),
            ("a.rs", a),
            ("b.rs", b),
            ("b/inner.rs", inner),
        ];
        check(&files, expected);
    }
}

#[test]
fn a_re_export_makes_an_arrow_only_where_its_own_file_uses_the_name() {
    let root = "mod a;";
    let child = "pub struct Child;";
    let only = "mod child; pub use child::Child;";
    check(
        &[("lib.rs", root), ("a.rs", only), ("a/child.rs", child)],
        &[],
    );
    let used = "mod child; pub use child::Child; fn f(_: Child) {}";
    let files = [("lib.rs", root), ("a.rs", used), ("a/child.rs", child)];
    check(&files, &["a>a/child"]);
}

#[test]
fn a_child_that_uses_what_stands_in_its_parents_file_closes_a_circle() {
    let parent = "mod child; pub struct Own; fn f() { child::g(); }";
    let child = "use super::Own; pub fn g() {}";
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", parent),
        ("a/child.rs", child),
    ];
    check(&files, &["a>a/child", "a/child>a"]);
    assert!(circles(&arrows_of(&files)).contains("by super::Own"));
    let files = [files[0], files[1], ("a/child.rs", "pub fn g() {}")];
    assert_eq!(circles(&arrows_of(&files)), "");
}

#[test]
fn names_in_macros_and_in_words_of_attributes_count() {
    let b = "pub fn f() {} pub mod inner { pub fn g() {} }";
    for a in [
        "fn h() { x!(1 => { crate::b::f() }); }",
        "use crate::b; fn h() { x!(a.b, b::inner::g()); }",
        "#[x(with = \"crate::b\")] struct A;",
        "struct A { #[x(y(with = \"crate::b::f\"))] a: u8 }",
        "use crate::b::*; fn h() { f() }",
    ] {
        check(
            &[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)],
            &["a>b"],
        );
    }
    let field = "use crate::b::f as c; pub fn h() { x!(a.c) }";
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", field), ("b.rs", b)];
    check(&files, &["a>b"]);
}

#[test]
fn what_is_compiled_for_tests_only_does_not_count() {
    let a = "#[cfg(test)] mod tests { use crate::b::f; }\n\
        #[cfg(all(test, unix))] use crate::b::f;\n\
        #[cfg(test)] mod gone;\n\
        struct A; impl A { #[cfg(test)] fn t() { crate::b::f() } }";
    let b = "pub fn f() {}";
    check(
        &[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)],
        &[],
    );
    let on = "#[cfg(not(test))] use crate::b::f;";
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", on), ("b.rs", b)];
    check(&files, &["a>b"]);
}

#[test]
fn a_module_with_a_file_for_each_system_is_all_of_them() {
    let a = "#[cfg_attr(not(unix), path = \"a/other.rs\")] mod own; use own::f; fn g() { f() }";
    let own = "pub fn f() { h() } fn h() {}";
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", a),
        ("a/own.rs", own),
        ("a/other.rs", own),
    ];
    check(&files, &["a>a/other", "a>a/own"]);
}
