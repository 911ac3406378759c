//! From names to arrows between files: an arrow leads to the file that defines the item, over any
//! re-exports.

use super::modules::{Modules, Name};
use std::collections::{BTreeMap, BTreeSet};

/// From a file to the files of the items that it names, each with one such name.
pub(super) type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// More re-exports than any path here has in a row.
const STEPS_MAX: usize = 12;

pub(super) fn arrows(modules: &Modules) -> Arrows {
    let mut arrows = Arrows::new();
    for (number, module) in modules.0.iter().enumerate() {
        for used in &module.uses {
            let found = match modules.find(number, &used.name, 0) {
                Some(Found::Item(files)) => files,
                Some(Found::Module(found)) if used.whole_module => modules.files_of(found),
                _ => continue,
            };
            let own = found.contains(&used.file);
            for file in found {
                if file != used.file && !own {
                    let from = arrows.entry(used.file.clone()).or_default();
                    from.entry(file).or_insert_with(|| used.name.join("::"));
                }
            }
        }
    }
    arrows
}

/// What a name leads to.
enum Found {
    /// An item, by the files that define it.
    Item(BTreeSet<String>),
    /// A module alone.
    Module(usize),
}

impl Modules {
    /// What a name means in this module; `None` for a local name or one of another crate.
    fn find(&self, module: usize, name: &[String], steps: usize) -> Option<Found> {
        let (first, rest) = name.split_first()?;
        match first.as_str() {
            "crate" => self.below(0, rest, steps),
            "self" => self.below(module, rest, steps),
            "super" => {
                let parent = self.0[module].parent?;
                // A further `super` is counted from the parent.
                match rest.first().map(String::as_str) {
                    Some("super") => self.find(parent, rest, steps),
                    _ => self.below(parent, rest, steps),
                }
            }
            _ => self.known(module, name, steps),
        }
    }

    /// What this place below a module means. An item that the files do not show, such as the output
    /// of a macro, counts as the module's own.
    fn below(&self, module: usize, name: &[String], steps: usize) -> Option<Found> {
        if name.is_empty() {
            return Some(Found::Module(module));
        }
        let own = || Some(Found::Item(self.files_of(module)));
        self.known(module, name, steps).or_else(own)
    }

    fn known(&self, module: usize, name: &[String], steps: usize) -> Option<Found> {
        if steps > STEPS_MAX {
            return None;
        }
        let (first, rest) = name.split_first()?;
        let here = &self.0[module];
        let child = here.children.get(first);
        if let (Some(child), false) = (child, rest.is_empty()) {
            return self.below(*child, rest, steps);
        }
        if let Some(files) = here.items.get(first) {
            return Some(Found::Item(files.clone()));
        }
        if let Some(child) = child {
            return Some(Found::Module(*child));
        }
        let continued = |path: &Name| [path.as_slice(), rest].concat();
        let mut found: Option<Found> = None;
        for path in here.imports.get(first).into_iter().flatten() {
            // `use x;` with the name of another crate leads nowhere.
            if path.len() == 1 && path.first() == Some(first) {
                continue;
            }
            found = together(found, self.find(module, &continued(path), steps + 1));
        }
        if found.is_some() {
            return found;
        }
        let globs = here.globs.iter();
        globs.fold(None, |found, path| {
            let of = self.find(module, path, steps + 1);
            let Some(Found::Module(of)) = of else {
                return found;
            };
            together(found, self.known(of, name, steps + 1))
        })
    }

    /// The files in which a module is defined.
    fn files_of(&self, module: usize) -> BTreeSet<String> {
        self.0[module].files.clone()
    }
}

fn together(one: Option<Found>, other: Option<Found>) -> Option<Found> {
    match (one, other) {
        (Some(Found::Item(one)), Some(Found::Item(other))) => {
            Some(Found::Item(one.union(&other).cloned().collect()))
        }
        (one, other) => one.or(other),
    }
}
