//! Reads one file with `syn`: what it declares, what it imports, and every name in it.

use super::modules::{Module, Modules, Name, Read, Use};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::{
    Attribute, Expr, Item, ItemMod, ItemUse, Lit, Macro, Meta, Path, Token, UseTree, Visibility,
    ext::IdentExt as _, punctuated::Punctuated, visit::Visit,
};

/// Reads a file as part of a module; the module's children have their files in `folder`.
#[track_caller]
pub(super) fn take_file(
    modules: &mut Modules,
    module: usize,
    file: &str,
    folder: &str,
    read: Read<'_>,
) {
    let text = read(file).unwrap_or_else(|| panic!("{file} is declared and not there"));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    modules.0[module].files.insert(file.to_owned());
    let mut reader = Reader {
        modules,
        module,
        file,
        folder: folder.to_owned(),
        read,
    };
    parsed.items.iter().for_each(|item| reader.visit_item(item));
}

/// Goes through one file.
struct Reader<'a> {
    modules: &'a mut Modules,
    module: usize,
    file: &'a str,
    /// Where the files of child modules are.
    folder: String,
    read: Read<'a>,
}

impl Reader<'_> {
    fn here(&mut self) -> &mut Module {
        &mut self.modules.0[self.module]
    }

    fn uses(&mut self, name: Name, whole_module: bool) {
        let file = self.file.to_owned();
        self.here().uses.push(Use {
            file,
            name,
            whole_module,
        });
    }

    fn defines(&mut self, name: &syn::Ident) {
        let (name, file) = (name.unraw().to_string(), self.file.to_owned());
        self.here().items.entry(name).or_default().insert(file);
    }

    fn enters(&mut self, declared: &ItemMod) {
        let name = declared.ident.unraw().to_string();
        let child = self.modules.child(self.module, &name);
        let folder = format!("{}/{name}", self.folder);
        if let Some((_, items)) = &declared.content {
            let above = (self.module, std::mem::replace(&mut self.folder, folder));
            let file = self.file.to_owned();
            self.modules.0[child].files.insert(file);
            self.module = child;
            items.iter().for_each(|item| self.visit_item(item));
            (self.module, self.folder) = above;
            return;
        }
        let beside = self.file.rsplit_once('/').expect("a folder").0;
        let paths: Vec<_> = declared.attrs.iter().filter_map(path_of).collect();
        let always = |(_, conditional): &(String, bool)| !conditional;
        if !paths.iter().any(always) {
            let file = format!("{folder}.rs");
            take_file(self.modules, child, &file, &folder, self.read);
        }
        for (path, _) in &paths {
            let file = format!("{beside}/{path}");
            // Child modules of such a file have their files beside it.
            let folder = file.rsplit_once('/').expect("a folder").0.to_owned();
            take_file(self.modules, child, &file, &folder, self.read);
        }
    }

    fn imports(&mut self, declared: &ItemUse) {
        let is_import = matches!(declared.vis, Visibility::Inherited);
        if declared.leading_colon.is_some() {
            return;
        }
        let mut leaves = Vec::new();
        leaves_of(&declared.tree, &mut Vec::new(), &mut leaves);
        for (name, known_as) in leaves {
            match known_as {
                Some(known_as) => {
                    let imports = &mut self.here().imports;
                    imports.entry(known_as).or_default().push(name.clone());
                }
                None => self.here().globs.push(name.clone()),
            }
            if is_import {
                self.uses(name, false);
            }
        }
    }

    /// The tokens of a macro call may be anything. What looks like a path in them counts as a path.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut name = Name::new();
        let (mut joined, mut is_field) = (false, false);
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if !joined {
                        self.finish(&mut name);
                    }
                    if !is_field {
                        name.push(word.unraw().to_string());
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => {
                    // The second colon of two.
                    joined = mark.spacing() == Spacing::Alone && !name.is_empty();
                    continue;
                }
                TokenTree::Punct(mark) => {
                    self.finish(&mut name);
                    (joined, is_field) = (false, mark.as_char() == '.');
                    continue;
                }
                TokenTree::Group(group) => {
                    self.finish(&mut name);
                    self.tokens(group.stream());
                }
                TokenTree::Literal(literal) => {
                    self.finish(&mut name);
                    self.path_in_words(&literal.to_string());
                }
            }
            (joined, is_field) = (false, false);
        }
        self.finish(&mut name);
    }

    fn finish(&mut self, name: &mut Name) {
        if !name.is_empty() {
            let name = std::mem::take(name);
            self.uses(name, false);
        }
    }

    /// `with = "crate::text"` is a path too.
    fn path_in_words(&mut self, literal: &str) {
        let words = literal.trim_matches('"');
        let begins = ["crate::", "self::", "super::"];
        if begins.iter().any(|begin| words.starts_with(begin)) {
            let name = words.split("::").map(str::to_owned).collect();
            self.uses(name, true);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes_of(item)) {
            return;
        }
        match item {
            Item::Mod(declared) => return self.enters(declared),
            Item::Use(declared) => return self.imports(declared),
            Item::Const(item) => self.defines(&item.ident),
            Item::Enum(item) => self.defines(&item.ident),
            Item::Fn(item) => self.defines(&item.sig.ident),
            Item::Static(item) => self.defines(&item.ident),
            Item::Struct(item) => self.defines(&item.ident),
            Item::Trait(item) => self.defines(&item.ident),
            Item::Type(item) => self.defines(&item.ident),
            Item::Union(item) => self.defines(&item.ident),
            Item::Macro(item) => {
                if let Some(name) = &item.ident {
                    self.defines(name);
                }
            }
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            let segments = path.segments.iter();
            let name = segments.map(|segment| segment.ident.unraw().to_string());
            let name = name.collect();
            self.uses(name, false);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, used: &'ast Macro) {
        self.visit_path(&used.path);
        self.tokens(used.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    /// The visibility of an item uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// Every name that a `use` imports, and the name that it gets; `None` for everything in a module.
fn leaves_of(tree: &UseTree, above: &mut Name, leaves: &mut Vec<(Name, Option<String>)>) {
    match tree {
        UseTree::Path(path) => {
            above.push(path.ident.unraw().to_string());
            leaves_of(&path.tree, above, leaves);
            above.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            let known_as = above.last().cloned();
            leaves.push((above.clone(), known_as));
        }
        UseTree::Name(name) => {
            let last = name.ident.unraw().to_string();
            leaves.push((joined(above, &last), Some(last)));
        }
        UseTree::Rename(rename) => {
            let known_as = Some(rename.rename.unraw().to_string());
            let name = match rename.ident == "self" {
                true => above.clone(),
                false => joined(above, &rename.ident.unraw().to_string()),
            };
            leaves.push((name, known_as));
        }
        UseTree::Glob(_) => leaves.push((above.clone(), None)),
        UseTree::Group(group) => {
            let trees = group.items.iter();
            trees.for_each(|tree| leaves_of(tree, above, leaves));
        }
    }
}

fn joined(above: &Name, last: &str) -> Name {
    let mut name = above.clone();
    name.push(last.to_owned());
    name
}

/// `#[path = "…"]`, and whether it applies to some systems only.
fn path_of(attribute: &Attribute) -> Option<(String, bool)> {
    if let Some(path) = path_in(&attribute.meta) {
        return Some((path, false));
    }
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let list = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let path = list.ok()?.iter().find_map(path_in)?;
    Some((path, true))
}

fn path_in(meta: &Meta) -> Option<String> {
    let Meta::NameValue(pair) = meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(literal) if pair.path.is_ident("path") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the item has `#[cfg(test)]`, alone or with further conditions.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let mut tokens = list.tokens.clone().into_iter();
        let first = tokens.next().map(|token| token.to_string());
        let is_test = match first.as_deref() {
            Some("test") => true,
            Some("all") => match tokens.next() {
                Some(TokenTree::Group(all)) => {
                    let mut all = all.stream().into_iter();
                    all.any(|token| matches!(token, TokenTree::Ident(word) if word == "test"))
                }
                _ => false,
            },
            _ => false,
        };
        list.path.is_ident("cfg") && is_test
    })
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
