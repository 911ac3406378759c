//! The list of all kinds of signed bodies.
//!
//! The kind is part of what is signed. So a signature over one kind never counts for another kind,
//! even if the bytes of the body are equal. Only kinds in this list can be signed.

macro_rules! signed_kinds {
    ($($(#[$doc:meta])* $kind:ident => $payload_type:literal,)+) => {
        /// A kind of signed body.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum SignedKind {
            $($(#[$doc])* $kind,)+
        }

        impl SignedKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The DSSE payload type of this kind: a media type that includes the version of the
            /// format.
            #[must_use]
            pub const fn payload_type(self) -> &'static str {
                match self {
                    $(Self::$kind => $payload_type,)+
                }
            }
        }
    };
}

signed_kinds! {
    /// What one session moved, how long it took and what it earned; signed by a device.
    SessionReport => "application/vnd.onionmeter.session-report.v1",
    /// A ledger's answer to one session report: what it awarded; signed by the ledger.
    Receipt => "application/vnd.onionmeter.ledger-receipt.v1",
    /// Where a ledger has a chain: its last report and what it awarded; signed by the ledger.
    ChainState => "application/vnd.onionmeter.chain-state.v1",
    /// The numbered rules of a ledger; signed by the ledger.
    Policy => "application/vnd.onionmeter.ledger-policy.v1",
    /// The change from a ledger's key to the next one; signed by the ledger with the old key.
    KeyChange => "application/vnd.onionmeter.ledger-key.v1",
    /// A device asks a ledger to credit it; signed by the device.
    Enrolment => "application/vnd.onionmeter.enrolment.v1",
    /// One HTTP request of a device to a ledger; signed by the device.
    LedgerRequest => "application/vnd.onionmeter.ledger-request.v1",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_have_one_payload_type_and_each_has_its_version() {
        for (number, kind) in SignedKind::ALL.iter().enumerate() {
            let payload_type = kind.payload_type();
            let mut before = SignedKind::ALL.iter().take(number);
            assert!(before.all(|other| other.payload_type() != payload_type));
            let name = payload_type.strip_prefix("application/vnd.onionmeter.");
            let (name, version) = name.and_then(|name| name.rsplit_once(".v")).expect("both");
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(!name.is_empty() && name.bytes().all(is_name), "{name}");
            assert!(
                version.parse::<u8>().is_ok_and(|number| number > 0),
                "{version}"
            );
        }
    }
}
