//! The transports that bridges can use: their names, their programs, and the arguments that their
//! lines need.

/// How the traffic to a bridge is disguised.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// Looks like no known protocol.
    Obfs4,
    /// Looks like a video call, and goes through browsers of volunteers.
    Snowflake,
    /// Looks like a visit to a web site.
    Webtunnel,
    /// Looks like a visit to a large provider's web site ("domain fronting").
    MeekLite,
    /// Looks like a visit to an unused address of a provider that takes part.
    Conjure,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 5] = [
        Self::Obfs4,
        Self::Snowflake,
        Self::Webtunnel,
        Self::MeekLite,
        Self::Conjure,
    ];

    /// The name that Tor uses.
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

    /// By Tor's word, in any case and with either dash: Tor's own is small letters, people's is not
    /// always.
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = word.replace('-', "_");
        let is_it = |transport: &Self| transport.name().eq_ignore_ascii_case(&word);
        Self::ALL.into_iter().find(is_it)
    }

    /// Programs that implement the transport, the usual one first.
    #[must_use]
    pub const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Obfs4 | Self::MeekLite => &["obfs4proxy", "lyrebird"],
            Self::Snowflake => &["snowflake-client", "lyrebird"],
            Self::Webtunnel => &["webtunnel-client", "lyrebird"],
            Self::Conjure => &["conjure-client"],
        }
    }

    /// The arguments that the line needs: sets of keys, one of which must be complete. The usual
    /// set is first.
    ///
    /// obfs4: `obfs4.go` of lyrebird takes a certificate or, from older bridges, its two halves.
    /// Snowflake: its client asks a broker, or an Amazon SQS queue with credentials. Conjure: each
    /// of its ways to register needs different arguments, so its program checks them.
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
