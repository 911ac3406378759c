//! The ways of having Tor, with the one name that each has everywhere.

/// One way of having Tor. Where one may be chosen, `None` is the automatic choice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Backend {
    /// A Tor that somebody else runs; we never stop it.
    Existing,
    /// A child of ours, made of the `tor` that is installed.
    Managed,
    /// A child of ours, made of our own program.
    Embedded,
}

impl Backend {
    /// Every backend.
    pub const ALL: [Self; 3] = [Self::Existing, Self::Managed, Self::Embedded];

    /// Everything that can be chosen, the automatic choice first.
    pub const CHOICES: [Option<Self>; 4] = [
        None,
        Some(Self::Existing),
        Some(Self::Managed),
        Some(Self::Embedded),
    ];

    /// Its name in messages, in `config.toml` and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Existing => "existing",
            Self::Managed => "managed",
            Self::Embedded => "embedded",
        }
    }

    /// The backend of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|backend| backend.name() == name)
    }

    /// The name of a choice: a backend's own, or `auto`.
    #[must_use]
    pub const fn choice_name(choice: Option<Self>) -> &'static str {
        match choice {
            Some(backend) => backend.name(),
            None => "auto",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_of_one_backend_and_auto_is_of_none() {
        for backend in Backend::ALL {
            assert_eq!(Backend::named(backend.name()), Some(backend));
        }
        assert_eq!(
            Backend::CHOICES.map(Backend::choice_name),
            ["auto", "existing", "managed", "embedded"]
        );
        assert_eq!(Backend::named("auto"), None);
    }
}
