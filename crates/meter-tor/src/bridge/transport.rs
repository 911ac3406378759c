//! The transports whose bridges can be used: their names, their programs, what their lines must
//! say.

/// How what goes to a bridge is made to look like something else.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// Looks like nothing known.
    Obfs4,
    /// Looks like a video call, through volunteers' browsers.
    Snowflake,
    /// Looks like a visit to a web site.
    Webtunnel,
    /// Looks like a visit to a large provider's web site ("domain fronting").
    MeekLite,
    /// Looks like a visit to an address that nobody uses, at a provider that takes part.
    Conjure,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Obfs4,
        Self::Snowflake,
        Self::Webtunnel,
        Self::MeekLite,
        Self::Conjure,
    ];

    /// Tor's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Obfs4 => "obfs4",
            Self::Snowflake => "snowflake",
            Self::Webtunnel => "webtunnel",
            Self::MeekLite => "meek_lite",
            Self::Conjure => "conjure",
        }
    }

    /// By Tor's word, in any case: Tor's own is small letters, people's is not always.
    pub(super) fn named(word: &str) -> Option<Self> {
        let is_it = |transport: &Self| transport.name().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(is_it)
    }

    /// Programs that speak it, the usual one first.
    #[must_use]
    pub const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Obfs4 | Self::MeekLite => &["obfs4proxy", "lyrebird"],
            Self::Snowflake => &["snowflake-client", "lyrebird"],
            Self::Webtunnel => &["webtunnel-client", "lyrebird"],
            Self::Conjure => &["conjure-client"],
        }
    }

    /// What its line must say, as sets of which one has to be there whole; the usual set first.
    ///
    /// obfs4: `obfs4.go` of lyrebird takes a certificate or, from older bridges, its two halves.
    /// Snowflake: its client asks a broker, or an Amazon SQS queue for which it needs credentials.
    /// Conjure: each of its ways to register wants something else, so its program judges.
    pub(super) const fn needs(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Obfs4 => &[
                &["cert", "iat-mode"],
                &["node-id", "public-key", "iat-mode"],
            ],
            Self::Snowflake => &[&["url"], &["sqsqueue", "sqscreds"]],
            Self::Webtunnel | Self::MeekLite => &[&["url"]],
            Self::Conjure => &[&[]],
        }
    }
}
