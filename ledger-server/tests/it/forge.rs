//! Signs what a device that follows the rules never signs.

use ed25519_dalek::{
    Signer as _, SigningKey,
    hazmat::{ExpandedSecretKey, raw_sign},
};
use meter_core::{SessionReport, Signed, SignedKind, pae};
use onionmeter_ledger::ledger::Claimed;
use sha2::Sha512;

/// The order of Ed25519's group, its bytes in ascending order (RFC 8032 section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A claim without a receipt.
pub(crate) fn claimed(body: &[u8], signature: [u8; 64]) -> Claimed {
    Claimed {
        report: Signed::<SessionReport>::new(body.to_vec(), signature),
        receipt: None,
    }
}

/// Signs any bytes as if they were a report.
pub(crate) fn sign(seed: &[u8; 32], body: &[u8]) -> Claimed {
    let input = pae(SignedKind::SessionReport, body);
    let signature = SigningKey::from_bytes(seed).sign(&input);
    claimed(body, signature.to_bytes())
}

/// Signs as a signer does that takes another nonce each time: another valid signature.
pub(crate) fn sign_with_another_nonce(seed: &[u8; 32], body: &[u8]) -> Claimed {
    let mut secret = ExpandedSecretKey::from(seed);
    secret.hash_prefix = [0x77; 32];
    let key = SigningKey::from_bytes(seed).verifying_key();
    let input = pae(SignedKind::SessionReport, body);
    claimed(body, raw_sign::<Sha512>(&secret, &input, &key).to_bytes())
}

/// The same signature with the group's order added to its number S: equal in the group, and refused
/// by RFC 8032.
pub(crate) fn with_large_s(signature: &[u8; 64]) -> [u8; 64] {
    let mut large = *signature;
    let mut carry = 0_u16;
    for (byte, order) in large[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "S is below the order");
    large
}
