//! The kinds of signed bodies, all of them in one list.
//!
//! The kind is part of what is signed, so that a signature over one kind is none over another,
//! whatever the bytes of the body are. A kind that is not in this list cannot be signed.

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

            /// Its DSSE payload type: a media type with the version of the format in it.
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
