//! Values with their position in the text, so that an error can name key, line and limit.

use crate::config::ConfigError;
use std::path::Path;
use toml::Spanned;

/// What an error needs to know about the file.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    /// For messages only.
    pub(super) path: &'a Path,
}

impl Reader<'_> {
    pub(super) fn refuse<T: ToString>(
        &self,
        key: &'static str,
        value: &Spanned<T>,
        limit: String,
    ) -> ConfigError {
        ConfigError::Value {
            path: self.path.to_path_buf(),
            line: line_of(self.text, value.span().start),
            key,
            value: value.get_ref().to_string(),
            limit,
            cause: None,
        }
    }

    /// The same with a cause for programs.
    pub(super) fn refuse_because<T: ToString>(
        &self,
        because: &str,
        key: &'static str,
        value: &Spanned<T>,
        limit: String,
    ) -> ConfigError {
        let mut error = self.refuse(key, value, limit);
        if let ConfigError::Value { cause, .. } = &mut error {
            *cause = Some(because.to_owned());
        }
        error
    }

    pub(super) fn number(
        &self,
        key: &'static str,
        value: Option<&Spanned<i64>>,
        min: u64,
        max: u64,
    ) -> Result<Option<u64>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        u64::try_from(*value.get_ref())
            .ok()
            .filter(|number| (min..=max).contains(number))
            .map(Some)
            .ok_or_else(|| {
                let cause = format!("range {min} {max}");
                self.refuse_because(&cause, key, value, format!("from {min} to {max}"))
            })
    }

    pub(super) fn port(
        &self,
        key: &'static str,
        value: Option<&Spanned<i64>>,
        min: u64,
    ) -> Result<Option<u16>, ConfigError> {
        let number = self.number(key, value, min, u64::from(u16::MAX))?;
        Ok(number.and_then(|number| u16::try_from(number).ok()))
    }

    pub(super) fn word<T: Copy>(
        &self,
        key: &'static str,
        value: Option<&Spanned<String>>,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word == value.get_ref());
        found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
            let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(key, value, format!("one of {}", allowed.join(", ")))
        })
    }
}

/// The line that contains the byte `at`, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
