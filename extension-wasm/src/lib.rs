//! The extension: pure update, view, bindings and runtime.
