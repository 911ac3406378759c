//! Public keys. Each owner of keys has its own type.

/// A public key that can check signatures.
///
/// Each owner of keys has its own type. So a device's signature is never checked against a ledger's
/// key, and a ledger's signature never against a device's key.
pub trait PublicKey: Copy + Eq {
    /// The key with these 32 bytes (RFC 8032), not yet checked to be a point of the curve.
    fn from_bytes(bytes: [u8; 32]) -> Self;

    /// The 32 bytes.
    fn to_bytes(self) -> [u8; 32];
}

macro_rules! public_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub [u8; 32]);

        impl PublicKey for $name {
            fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            fn to_bytes(self) -> [u8; 32] {
                self.0
            }
        }
    };
}

public_key! {
    /// A device's Ed25519 public key (RFC 8032), 32 bytes, not yet checked to be a point of the
    /// curve.
    DeviceKey
}
public_key! {
    /// A ledger's Ed25519 public key (RFC 8032), 32 bytes, not yet checked to be a point of the
    /// curve.
    LedgerKey
}
