//! Connections that failed, and what that means for a person.

use crate::{U64Text, word};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! replies {
    ($( $(#[$doc:meta])* $name:ident = $code:literal => $sentence:literal, $action:literal; )*) => {
        /// A SOCKS reply that refuses a connection: RFC 1928 §6 for 01 to 08, Tor's
        /// socks-extensions ("Extended error codes") for F0 to F7.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum TorReply {
            $( $(#[$doc])* $name, )*
            /// A reply that this version does not know, or a name of a newer version.
            Other,
        }

        /// Every reply with its Rust name.
        static NAMES: &[(&str, TorReply)] = &[$( (stringify!($name), TorReply::$name), )*];

        impl TorReply {
            /// All replies except [`Self::Other`].
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the reply for a code; [`Self::Other`] for a code that no standard defines.
            #[must_use]
            pub const fn of(code: u8) -> Self {
                match code {
                    $( $code => Self::$name, )*
                    _ => Self::Other,
                }
            }

            /// Its code on the wire of SOCKS.
            #[must_use]
            pub const fn code(self) -> Option<u8> {
                match self {
                    $( Self::$name => Some($code), )*
                    Self::Other => None,
                }
            }

            /// What happened, in one sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $( Self::$name => $sentence, )*
                    Self::Other => "Tor gave a reason that this version does not know.",
                }
            }

            /// What a person can do about it, in one sentence.
            #[must_use]
            pub const fn action(self) -> &'static str {
                match self {
                    $( Self::$name => $action, )*
                    Self::Other => "Try again; if it stays, update Onionmeter.",
                }
            }
        }
    };
}

replies! {
    /// General failure. Today's exits also answer this when a port is closed.
    GeneralFailure = 0x01 =>
        "Tor could not connect to the site.",
        "It may be down, not listen on that port, or turn away visitors from Tor: try again later.";
    /// Not allowed by the ruleset.
    NotAllowed = 0x02 =>
        "Tor does not go to that address or port.",
        "Addresses of your own network load only while protection is off.";
    /// Network unreachable.
    NetworkUnreachable = 0x03 =>
        "Tor found no way into the site's network.",
        "Try again: the next attempt may take another exit.";
    /// Host unreachable: nearly always a name that does not resolve.
    HostUnreachable = 0x04 =>
        "The site's name could not be found.",
        "Look for a slip in the address; if it is right, the site may be gone.";
    /// Connection refused.
    ConnectionRefused = 0x05 =>
        "The site refused the connection.",
        "Check the port in the address, or try again later.";
    /// TTL expired: no answer within two minutes.
    TimedOut = 0x06 =>
        "No answer came in time.",
        "Try again; if it happens with every site, stop Tor and start it again.";
    /// Command not supported.
    CommandNotSupported = 0x07 =>
        "A program asked for something that Tor cannot do.",
        "Tor carries TCP connections only; set that program to use no UDP.";
    /// Address type not supported.
    AddressTypeNotSupported = 0x08 =>
        "A program named a kind of address that Tor does not know.",
        "Set that program to send the names of sites to the proxy.";
    /// The descriptor of an onion service was not found.
    OnionNotFound = 0xF0 =>
        "That onion service cannot be found now.",
        "It may be switched off, or the address outdated: check it, and try again later.";
    /// The descriptor of an onion service is not valid.
    OnionInvalid = 0xF1 =>
        "That onion service's own entry is damaged.",
        "Only its operator can repair it; try again later.";
    /// No introduction point of an onion service answers.
    OnionUnreachable = 0xF2 =>
        "That onion service does not answer.",
        "It may be switched off or overloaded: try again later.";
    /// The rendezvous with an onion service failed.
    OnionRendezvousFailed = 0xF3 =>
        "That onion service did not come to the meeting point.",
        "Try again: the next attempt takes another meeting point.";
    /// An onion service wants client authorisation.
    OnionNeedsKey = 0xF4 =>
        "That onion service lets in only those who have a key.",
        "Ask its operator for a key and give it to your Tor (ClientOnionAuthDir).";
    /// An onion service does not accept the key that Tor sent for client authorisation.
    OnionRefusesKey = 0xF5 =>
        "That onion service does not take the key that your Tor has for it.",
        "Ask its operator for the key that is valid now.";
    /// Not a valid onion address: wrong length, checksum or version.
    OnionMistyped = 0xF6 =>
        "That onion address is mistyped.",
        "Copy it anew: 56 letters and digits stand before .onion, and none may differ.";
    /// The introduction to an onion service took too long.
    OnionTimedOut = 0xF7 =>
        "That onion service did not answer in time.",
        "It may be overloaded: try again.";
}

impl Serialize for TorReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = NAMES.iter().find(|(_, reply)| reply == self);
        word::write(named.map_or("Other", |(name, _)| name), serializer)
    }
}

impl<'de> Deserialize<'de> for TorReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::read(NAMES, deserializer).map(|reply| reply.unwrap_or(Self::Other))
    }
}

/// Recent failed connections of one kind. Holds no target and no time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Unreached {
    /// The kind of failure.
    pub reply: TorReply,
    /// What happened. An older client can so show a kind that it does not know.
    #[serde(deserialize_with = "crate::plain::line")]
    pub message: String,
    /// What a person can do about it.
    #[serde(deserialize_with = "crate::plain::line")]
    pub action: String,
    /// How many failed within [`UNREACHED_WINDOW_MS`].
    pub count: U64Text,
}

impl Unreached {
    /// Makes an entry with the sentences of this version.
    #[must_use]
    pub fn new(reply: TorReply, count: u64) -> Self {
        Self {
            reply,
            message: reply.sentence().to_owned(),
            action: reply.action().to_owned(),
            count: U64Text(count),
        }
    }
}

/// How long a failed connection stays in the status, in milliseconds. Long enough for a person who
/// reads the browser's error page first, and too short to show what somebody did during the day.
pub const UNREACHED_WINDOW_MS: u64 = 600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_sentence_and_an_action_of_its_own() {
        let mut said = Vec::new();
        for reply in TorReply::ALL.iter().chain([&TorReply::Other]) {
            for text in [reply.sentence(), reply.action()] {
                assert!(text.ends_with('.') && text.len() <= 90, "{text}");
                assert!(!said.contains(&text), "twice: {text}");
                said.push(text);
            }
        }
    }

    #[test]
    fn the_codes_are_those_of_rfc_1928_and_of_tor() {
        let known: Vec<_> = (1..=8).chain(0xF0..=0xF7).collect();
        let codes = TorReply::ALL.iter().filter_map(|reply| reply.code());
        assert_eq!(codes.collect::<Vec<_>>(), known);
        for code in 0..=u8::MAX {
            let expected = known.contains(&code).then_some(code);
            assert_eq!(TorReply::of(code).code(), expected, "{code:02x}");
        }
        assert_eq!(TorReply::of(0xF6), TorReply::OnionMistyped);
        assert_eq!(TorReply::of(0x04), TorReply::HostUnreachable);
    }

    #[test]
    fn a_kind_of_a_newer_version_keeps_its_words() {
        let json = r#"{"reply":"onion_on_holiday","message":"Gone.","action":"Wait.","count":"2"}"#;
        let unreached: Unreached = serde_json::from_str(json).expect("tolerated");
        assert_eq!(
            (unreached.reply, unreached.message.as_str()),
            (TorReply::Other, "Gone.")
        );
    }
}
