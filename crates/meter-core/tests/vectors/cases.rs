//! What the tests of all vector files have in common.

use meter_core::{FormError, PublicKey, Signable, Signed, Signer, Verified, VerifyError, pae};
use serde_json::Value;
use std::fmt::Debug;

/// The name of a reason, as the specification writes it.
pub(crate) trait Reason {
    /// The name.
    fn reason(&self) -> &'static str;
}

impl Reason for FormError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Magic(_) => "magic",
            Self::Version(_) => "version",
            Self::Kind(_) => "kind",
            Self::Reserved => "reserved",
            Self::Range(_) => "range",
        }
    }
}

impl<E: Reason> Reason for VerifyError<E> {
    fn reason(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Signer => "signer",
            Self::Body(error) => error.reason(),
        }
    }
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hex")
}

pub(crate) fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("of this length")
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

pub(crate) fn signed<T: Signable>(case: &Value) -> Signed<T> {
    Signed::new(bytes(&case["body"]), array(&case["signature"]))
}

/// Verifies a case that must be valid, and checks that its bytes are the only encoding of its value
/// and its signature the one that the key makes.
#[track_caller]
pub(crate) fn valid<T>(case: &Value, signer: &Signer<T::Key>) -> Verified<T>
where
    T: Signable + Debug + PartialEq,
    T::Error: Debug,
{
    let verified = signed::<T>(case).verify(signer.key()).expect("valid");
    let input = pae(T::KIND, verified.signed().body());
    assert_eq!(input, bytes(&case["signing_input"]));
    let again = verified.value().to_body();
    assert_eq!(again.as_ref(), bytes(&case["body"]), "one encoding");
    let signed_again = signer.sign(verified.value()).expect("our key");
    assert_eq!(signed_again.signed(), verified.signed());
    verified
}

/// Checks that every case is refused for its reason, and that at least `least` are there.
#[track_caller]
pub(crate) fn invalid<T>(cases: &Value, key: T::Key, least: usize)
where
    T: Signable + Debug,
    T::Error: Reason,
{
    let cases = list(cases);
    assert!(cases.len() >= least, "{}", cases.len());
    for case in cases {
        let key = match &case["key"] {
            Value::Null => key,
            other => PublicKey::from_bytes(array(other)),
        };
        let error = signed::<T>(case).verify(key).expect_err("to be refused");
        assert_eq!(error.reason(), case["error"], "{case}");
    }
}

/// Checks that a change of any bit of body or signature is noticed.
#[track_caller]
pub(crate) fn every_bit_matters<T>(case: &Value, key: T::Key)
where
    T: Signable + Debug + PartialEq,
    T::Error: PartialEq + Debug,
{
    let (body, signature) = (bytes(&case["body"]), array::<64>(&case["signature"]));
    for bit in 0..(body.len() + signature.len()) * 8 {
        let (mut body, mut signature) = (body.clone(), signature);
        match (bit / 8).checked_sub(body.len()) {
            None => body[bit / 8] ^= 1 << (bit % 8),
            Some(at) => signature[at] ^= 1 << (bit % 8),
        }
        let result = Signed::<T>::new(body, signature).verify(key);
        assert_eq!(result, Err(VerifyError::Signature), "bit {bit}");
    }
}
