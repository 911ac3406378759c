//! The signature of a device over one HTTP request to a ledger. The 168 bytes of the body are never
//! sent: both sides build them from the request.
//!
//! Layout, limits and test vectors: `docs/spec/enrolment.md`.

use crate::{
    Challenge, DeviceKey, LedgerKey, Signable, SignedKind,
    hash::{labelled_hash, plain_hash},
    layout::{FormError, Reader, Writer},
};

/// Length of the body of a signed request.
pub const LEDGER_REQUEST_BODY_BYTES: usize = 168;

const MAGIC: &str = "OMRQ";

/// The HTTP method of a signed request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestMethod {
    /// GET.
    Get,
    /// POST.
    Post,
    /// DELETE.
    Delete,
}

/// Hash of a request's target: its path and query, as they stand in the first line of the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TargetHash(pub [u8; 32]);

/// Hash of a request's body, which may be empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BodyHash(pub [u8; 32]);

/// What a device signs of one request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LedgerRequest {
    /// The method.
    pub method: RequestMethod,
    /// The ledger that it is meant for.
    pub ledger: LedgerKey,
    /// The device that signs it.
    pub device: DeviceKey,
    /// The challenge of that ledger; it serves for one request.
    pub challenge: Challenge,
    /// Hash of path and query.
    pub target: TargetHash,
    /// Hash of the body.
    pub body: BodyHash,
}

/// Why a body is not that of a signed request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerRequestError {
    /// The bytes do not have the form of a signed request.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The byte of the method has another value.
    #[error("method {0} is not known here")]
    Method(u8),
}

impl TargetHash {
    /// The hash of a path and query such as `/api/sessions?limit=20`: exactly the bytes that are
    /// sent, with every percent sign.
    #[must_use]
    pub fn of(path_and_query: &str) -> Self {
        Self(labelled_hash(
            "onionmeter/request-target/v1",
            &[path_and_query.as_bytes()],
        ))
    }
}

impl BodyHash {
    /// SHA-256 of the bytes of the body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(plain_hash(body))
    }
}

impl RequestMethod {
    /// Takes the name of a method as HTTP writes it; `None` for a method that is never signed.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Delete]
            .into_iter()
            .find(|method| method.name() == name)
    }

    /// Its name as HTTP writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl Signable for LedgerRequest {
    const KIND: SignedKind = SignedKind::LedgerRequest;
    type Key = DeviceKey;
    type Body = [u8; LEDGER_REQUEST_BODY_BYTES];
    type Error = LedgerRequestError;

    fn to_body(&self) -> [u8; LEDGER_REQUEST_BODY_BYTES] {
        let method = match self.method {
            RequestMethod::Get => 1,
            RequestMethod::Post => 2,
            RequestMethod::Delete => 3,
        };
        Writer::new(MAGIC, method)
            .put(&[0; 2])
            .put(&self.ledger.0)
            .put(&self.device.0)
            .put(&self.challenge.0)
            .put(&self.target.0)
            .put(&self.body.0)
            .finish()
    }

    fn from_body(body: &[u8]) -> Result<Self, LedgerRequestError> {
        let (mut reader, method) = Reader::open::<LEDGER_REQUEST_BODY_BYTES>(body, MAGIC)?;
        let method = match method {
            1 => RequestMethod::Get,
            2 => RequestMethod::Post,
            3 => RequestMethod::Delete,
            other => return Err(LedgerRequestError::Method(other)),
        };
        reader.zeros::<2>()?;
        Ok(Self {
            method,
            ledger: LedgerKey(reader.take()),
            device: DeviceKey(reader.take()),
            challenge: Challenge(reader.take()),
            target: TargetHash(reader.take()),
            body: BodyHash(reader.take()),
        })
    }

    fn signer(&self) -> DeviceKey {
        self.device
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: RequestMethod) -> LedgerRequest {
        LedgerRequest {
            method,
            ledger: LedgerKey([1; 32]),
            device: DeviceKey([2; 32]),
            challenge: Challenge([3; 32]),
            target: TargetHash::of("/api/account/export"),
            body: BodyHash::of(b""),
        }
    }

    #[test]
    fn every_method_is_decoded_as_it_was_and_has_its_name() {
        for method in [
            RequestMethod::Get,
            RequestMethod::Post,
            RequestMethod::Delete,
        ] {
            let request = request(method);
            assert_eq!(LedgerRequest::from_body(&request.to_body()), Ok(request));
            assert_eq!(RequestMethod::by_name(method.name()), Some(method));
        }
        for name in ["", "get", "PUT", "HEAD", "GET "] {
            assert_eq!(RequestMethod::by_name(name), None, "{name}");
        }
    }

    #[test]
    fn targets_and_bodies_are_hashed_byte_for_byte() {
        let target = TargetHash::of("/api/sessions?limit=20");
        assert_ne!(target, TargetHash::of("/api/sessions?limit=2"));
        assert_ne!(target, TargetHash::of("/api/sessions?limit=%32%30"));
        // SHA-256 of nothing, as FIPS 180-4's examples give it.
        assert_eq!(BodyHash::of(b"").0[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }

    #[test]
    fn bytes_without_the_form_of_a_request_are_refused() {
        let body = request(RequestMethod::Get).to_body();
        let length = |found| {
            LedgerRequestError::Form(FormError::Length {
                found,
                expected: 168,
            })
        };
        assert_eq!(LedgerRequest::from_body(&body[..167]), Err(length(167)));
        assert_eq!(LedgerRequest::from_body(&[0; 169]), Err(length(169)));
        let rows: [(usize, u8, LedgerRequestError); 6] = [
            (1, b'm', FormError::Magic("OMRQ").into()),
            (4, 2, FormError::Version(2).into()),
            (5, 0, LedgerRequestError::Method(0)),
            (5, 4, LedgerRequestError::Method(4)),
            (6, 1, FormError::Reserved.into()),
            (7, 1, FormError::Reserved.into()),
        ];
        for (at, byte, error) in rows {
            let mut body = body;
            body[at] = byte;
            assert_eq!(LedgerRequest::from_body(&body), Err(error), "byte {at}");
        }
    }
}
