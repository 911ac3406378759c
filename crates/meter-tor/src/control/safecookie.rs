//! SAFECOOKIE: each side proves that it knows the cookie without sending it (control-spec §3.24).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    command::{HASH_BYTES, NONCE_BYTES},
    cookie::Cookie,
};

const SERVER_KEY: &[u8] = b"Tor safe cookie authentication server-to-controller hash";
const CONTROLLER_KEY: &[u8] = b"Tor safe cookie authentication controller-to-server hash";

/// One handshake: the cookie and both nonces.
pub(crate) struct SafeCookie<'a> {
    pub(crate) cookie: &'a Cookie,
    pub(crate) client_nonce: [u8; NONCE_BYTES],
    pub(crate) server_nonce: [u8; NONCE_BYTES],
}

/// Proof that the server knows the cookie. Our own hash is available only through it.
pub(crate) struct ServerProved<'a>(&'a SafeCookie<'a>);

impl SafeCookie<'_> {
    /// Checks the server's hash in constant time. `None`: this is not the Tor that wrote the
    /// cookie.
    pub(crate) fn check_server(&self, server_hash: &[u8; HASH_BYTES]) -> Option<ServerProved<'_>> {
        self.mac(SERVER_KEY).verify_slice(server_hash).ok()?;
        Some(ServerProved(self))
    }

    fn mac(&self, key: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.chain_update(self.cookie.0)
            .chain_update(self.client_nonce)
            .chain_update(self.server_nonce)
    }
}

impl ServerProved<'_> {
    /// The hash that proves to the server that we know the cookie.
    pub(crate) fn our_hash(&self) -> [u8; HASH_BYTES] {
        self.0.mac(CONTROLLER_KEY).finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` from cookie 00…1f, client nonce 20…3f, server nonce 40…5f.
    const SERVER_HASH: &str = "3c8780ab52365c0d080750447e5f64dabc00428c6c434579c2043e18c1f85389";
    const OUR_HASH: &str = "b47642df2d5abb84f69e6d02d41bed6b44aee33e69562528a82166fc98bc0b1e";

    fn counting_from(start: u8) -> [u8; 32] {
        std::array::from_fn(|i| start + u8::try_from(i).unwrap())
    }

    #[test]
    fn hashes_equal_the_vectors_and_a_wrong_server_hash_gives_nothing() {
        let cookie = Cookie(counting_from(0));
        let handshake = SafeCookie {
            cookie: &cookie,
            client_nonce: counting_from(0x20),
            server_nonce: counting_from(0x40),
        };
        let mut server_hash: [u8; 32] = hex::decode(SERVER_HASH).unwrap().try_into().unwrap();
        let proved = handshake.check_server(&server_hash).unwrap();
        assert_eq!(hex::encode(proved.our_hash()), OUR_HASH);
        server_hash[31] ^= 1;
        assert!(handshake.check_server(&server_hash).is_none());
    }
}
