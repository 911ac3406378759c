//! The modules of one crate, as its files declare them: what each defines, imports and names.
//!
//! Code that is compiled for tests only is left out.

use super::reading;
use std::collections::{BTreeMap, BTreeSet};

/// Segments of a path, as written.
pub(super) type Name = Vec<String>;

/// The modules of one crate; the first is its root.
#[derive(Default)]
pub(super) struct Modules(pub(super) Vec<Module>);

/// One module. It is defined in one file, or in one file for each system.
#[derive(Default)]
pub(super) struct Module {
    /// The files in which it is defined.
    pub(super) files: BTreeSet<String>,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// What it defines, and in which file.
    pub(super) items: BTreeMap<String, BTreeSet<String>>,
    /// What its `use` declarations name, public or not.
    pub(super) imports: BTreeMap<String, Vec<Name>>,
    /// The same for `use path::*`.
    pub(super) globs: Vec<Name>,
    pub(super) uses: Vec<Use>,
}

/// A name in a file, at a place where it makes an arrow.
pub(super) struct Use {
    pub(super) file: String,
    pub(super) name: Name,
    /// Whether a module alone counts too: a macro gets the module's name and takes items from it.
    pub(super) whole_module: bool,
}

/// Returns the text of a file.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Modules {
    /// Reads a crate, beginning at its root.
    #[track_caller]
    pub(super) fn of_crate(root: &str, read: Read<'_>) -> Self {
        let mut modules = Self(vec![Module::default()]);
        let folder = root.rsplit_once('/').expect("a folder").0;
        reading::take_file(&mut modules, 0, root, folder, read);
        modules
    }

    /// The child of this name; adds it where it was not declared yet.
    pub(super) fn child(&mut self, parent: usize, name: &str) -> usize {
        if let Some(known) = self.0[parent].children.get(name) {
            return *known;
        }
        let new = self.0.len();
        self.0.push(Module {
            parent: Some(parent),
            ..Module::default()
        });
        self.0[parent].children.insert(name.to_owned(), new);
        new
    }
}
