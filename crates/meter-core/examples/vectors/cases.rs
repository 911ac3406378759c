//! What the vectors of all pages have in common: public keys of RFC 8032, cases, and ways to break
//! a body.

use meter_core::{DeviceKey, LedgerKey, PublicKey, Signable, SignedKind, Signer, Verified, pae};
use serde_json::{Value, json};

/// The seeds of RFC 8032 section 7.1, which are public: nobody uses them as real keys. Test 1 is
/// the device.
pub(crate) const DEVICE_SEED: &str =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
/// The seed of test 2: a stranger, who signs what others should sign.
pub(crate) const OTHER_SEED: &str =
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
/// The seed of test 3: the ledger.
pub(crate) const LEDGER_SEED: &str =
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
/// The seed of test 1024: the ledger's next key.
pub(crate) const NEXT_SEED: &str =
    "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5";
/// The chain of the device.
pub(crate) const CHAIN: &str = "000102030405060708090a0b0c0d0e0f";
/// An 8-byte number above 2⁶³ − 1.
pub(crate) const HUGE: [u8; 8] = [0x80, 0, 0, 0, 0, 0, 0, 0];

pub(crate) const ABOUT_VALUES: &str =
    "Binary values are lower-case hex, 64-bit numbers decimal strings.";

/// A case that must be accepted.
pub(crate) fn valid<T: Signable>(verified: &Verified<T>, fields: &Value) -> Value {
    let signed = verified.signed();
    json!({
        "body": hex::encode(signed.body()),
        "signing_input": hex::encode(pae(T::KIND, signed.body())),
        "signature": hex::encode(signed.signature()),
        "fields": fields,
    })
}

/// Breaks the body of one value, with a correct signature over each broken body.
pub(crate) struct Breaker {
    kind: SignedKind,
    body: Vec<u8>,
    seed: &'static str,
    pub(crate) cases: Vec<Value>,
}

impl Breaker {
    pub(crate) fn new<T: Signable>(good: &T, seed: &'static str) -> Self {
        Self {
            kind: T::KIND,
            body: good.to_body().as_ref().to_vec(),
            seed,
            cases: Vec::new(),
        }
    }

    /// Adds the body with other bytes at one place.
    pub(crate) fn patch(&mut self, error: &str, at: usize, bytes: &[u8]) {
        let mut changed = self.body.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        self.body(error, &changed);
    }

    /// Adds a value that breaks a rule.
    pub(crate) fn value<T: Signable>(&mut self, error: &str, value: &T) {
        self.body(error, value.to_body().as_ref());
    }

    pub(crate) fn body(&mut self, error: &str, body: &[u8]) {
        let signature = ed25519(self.seed, &pae(self.kind, body));
        self.raw(error, body, &signature);
    }

    fn raw(&mut self, error: &str, body: &[u8], signature: &[u8; 64]) {
        let case = case(error, body, signature);
        self.cases.push(case);
    }

    /// Adds what every kind refuses: wrong lengths, letters, versions and signatures.
    pub(crate) fn common(&mut self) {
        let body = self.body.clone();
        self.body("length", &body[..body.len() - 1]);
        self.body("length", &[&body[..], &[0]].concat());
        self.body("length", &[]);
        self.patch("magic", 0, b"OMXX");
        self.patch("version", 4, &[2]);
        let good = ed25519(self.seed, &pae(self.kind, &body));
        self.raw(
            "signature",
            &body,
            &ed25519(OTHER_SEED, &pae(self.kind, &body)),
        );
        self.raw("signature", &body, &[0; 64]);
        // Signs the body without its payload type. PAE exists to prevent this mistake.
        self.raw("signature", &body, &ed25519(self.seed, &body));
        // A signature of the right key over the same bytes as another kind.
        for kind in SignedKind::ALL {
            if *kind != self.kind {
                self.raw("signature", &body, &ed25519(self.seed, &pae(*kind, &body)));
            }
        }
        // S + L instead of S: the same equation, refused because S is not reduced.
        self.raw("signature", &body, &with_group_order_added(&good));
        // The signature is checked before the body.
        self.raw("signature", &body[1..], &good);
    }

    /// Adds two keys that verify nothing: the neutral element, and 32 bytes that are no point.
    pub(crate) fn keys(&mut self) {
        let body = self.body.clone();
        let signature = ed25519(self.seed, &pae(self.kind, &body));
        let mut neutral = [0; 32];
        neutral[0] = 1;
        for key in [neutral, [2; 32]] {
            let mut case = case("key", &body, &signature);
            case["key"] = hex::encode(key).into();
            self.cases.push(case);
        }
    }
}

fn case(error: &str, body: &[u8], signature: &[u8; 64]) -> Value {
    json!({ "error": error, "body": hex::encode(body), "signature": hex::encode(signature) })
}

fn with_group_order_added(signature: &[u8; 64]) -> [u8; 64] {
    let order = array::<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut changed = *signature;
    let mut carry = 0;
    for (place, byte) in changed[32..].iter_mut().zip(order) {
        let sum = u16::from(*place) + u16::from(byte) + carry;
        *place = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "the sum fits");
    changed
}

pub(crate) fn signer<K: PublicKey>(seed: &str) -> Signer<K> {
    Signer::from_seed(&array(seed))
}

pub(crate) fn device_key(seed: &str) -> DeviceKey {
    signer::<DeviceKey>(seed).key()
}

pub(crate) fn ledger_key(seed: &str) -> LedgerKey {
    signer::<LedgerKey>(seed).key()
}

pub(crate) fn ed25519(seed: &str, message: &[u8]) -> [u8; 64] {
    use ed25519_dalek::Signer as _;
    ed25519_dalek::SigningKey::from_bytes(&array(seed))
        .sign(message)
        .to_bytes()
}

pub(crate) fn array<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text)
        .expect("hex")
        .try_into()
        .expect("of this length")
}
