//! Why a ledger does not do what a request asks for.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident => $sentence:literal, )*) => {
        /// Why a ledger refuses a request. There is one code for each thing that a client can do
        /// about it.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum LedgerCode {
            $( $(#[$doc])* $name, )*
            /// A code of a newer ledger. The message that comes with it says what it means.
            #[serde(other)]
            Unknown,
        }

        impl LedgerCode {
            /// Every code that this version can send.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The sentence that a person reads.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $( Self::$name => $sentence, )*
                    Self::Unknown => "The ledger gave a reason that this version does not know.",
                }
            }
        }
    };
}

codes! {
    // The request itself.
    /// Not HTTP as this ledger takes it: an upgrade, a transfer coding, a target with a host.
    BadRequest => "This is not a request that a ledger takes.",
    /// The body is not JSON.
    BadJson => "The body is not JSON.",
    /// A field is missing, unknown, repeated, of the wrong type or spelled in another way.
    BadField => "A field is missing, unknown, or not written as the ledger's description says.",
    /// The body has another media type than the route takes.
    MediaType => "The ledger does not take a body of this Content-Type here.",
    /// The body is compressed.
    Encoding => "The ledger takes no compressed body; send it as it is.",
    /// The body has more bytes, or the batch more reports, than the ledger takes at once.
    TooLarge => "This is more than the ledger takes at once: 64 KiB and 100 reports.",
    /// The body did not arrive in time.
    TooSlow => "The request did not arrive in time; send it again.",
    /// The `Host` is not one of the ledger's own addresses.
    WrongHost => "This ledger does not answer under that name.",
    /// The request comes from a page of another site.
    ForeignOrigin => "Pages of other sites may not use this ledger.",
    /// The route exists, but not with this method.
    Method => "The ledger does not know this method here.",
    /// There is nothing here, or nothing that the one who asks may see.
    NotFound => "There is nothing here that you may see.",

    // Who asks.
    /// Neither a signature nor a signed-in browser.
    SignIn => "Sign the request with the key of a device, or sign in.",
    /// A header of the signature is missing, repeated or not lower-case hexadecimal.
    BadSignatureHeader => "The headers of the signature are not complete.",
    /// The challenge is not one of this ledger, is older than 60 s, or was used before.
    Challenge => "The challenge is not valid any more; ask for a new one and sign again.",
    /// The signature does not match the request.
    Signature => "The signature does not match.",
    /// The ledger does not know the device, or the device was removed.
    UnknownDevice => "This ledger does not know the device; enrol it first.",

    /// The device was removed from its account.
    Removed => "The device was removed from its account, and its key stays removed.",

    // What the ledger's rules say.
    /// Enrolment needs an invitation, and the request has no valid one.
    Invitation => "This ledger enrols by invitation; the code is missing, used or too old.",
    /// The account has as many devices as the policy allows.
    DeviceLimit => "The account has as many devices as this ledger allows; remove one first.",

    /// Too many accounts were opened in the last hour without an invitation.
    AccountsLimit => "Too many people have joined in this hour; come later or with an invitation.",

    // The ledger's state.
    /// Too many requests from this device, connection or circuit.
    TooMany => "Too many requests; wait and send it again.",
    /// The ledger is full at the moment, or it is ending. Nothing was stored.
    Busy => "The ledger is busy; nothing was stored. Wait and send it again.",
    /// The store does not answer. Nothing was stored.
    Store => "The ledger cannot reach its store; nothing was stored. Send it again later.",
    /// A bug of ours.
    Internal => "The ledger made a mistake; nothing was stored.",
}

/// A code with its sentence.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerError {
    /// For programs.
    pub code: LedgerCode,
    /// For people. A client can so show a code that it does not know.
    #[serde(deserialize_with = "crate::plain::line")]
    pub message: String,
}

/// The body of every answer that is a refusal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerProblem {
    /// What is wrong.
    pub error: LedgerError,
}

impl From<LedgerCode> for LedgerProblem {
    fn from(code: LedgerCode) -> Self {
        let message = code.sentence().to_owned();
        Self {
            error: LedgerError { code, message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_a_ledger_has_one_sentence_of_its_own() {
        let sentences: Vec<_> = LedgerCode::ALL.iter().map(|code| code.sentence()).collect();
        for (index, sentence) in sentences.iter().enumerate() {
            assert!(
                sentence.ends_with('.') && sentence.len() <= 100,
                "{sentence}"
            );
            assert!(!sentences[..index].contains(sentence), "twice: {sentence}");
        }
    }

    #[test]
    fn a_code_of_a_newer_ledger_is_unknown_and_keeps_its_message() {
        let json = r#"{"error":{"code":"moon_too_bright","message":"Wait.","more":1}}"#;
        let problem: LedgerProblem = serde_json::from_str(json).expect("tolerated");
        assert_eq!(problem.error.code, LedgerCode::Unknown);
        assert_eq!(problem.error.message, "Wait.");
    }
}
