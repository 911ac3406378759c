//! Authenticates a fresh connection: PROTOCOLINFO, then SAFECOOKIE.
//!
//! Plain COOKIE is never used: it would send the cookie to whatever program listens.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf, time::Duration};

use tokio::time::timeout;

use super::{
    Control, ControlError,
    command::{Command, HASH_BYTES, NONCE_BYTES},
    cookie::{CookieRule, read_cookie},
    keyword::Words,
    line::Reply,
    safecookie::SafeCookie,
};
use crate::{ControlRefusal, scrub::plain_word};

/// How long an unknown program on the port may take to answer like a Tor.
const FIRST_REPLY_MAX: Duration = Duration::from_secs(2);
/// Longest version that is shown.
const VERSION_CHARS_MAX: usize = 64;

/// What authentication found out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Authenticated {
    /// Tor's version, if Tor named it.
    pub(crate) version: Option<String>,
    /// Whether the control port accepts everybody.
    pub(crate) open_to_all: bool,
}

/// Authenticates a fresh connection.
///
/// # Errors
/// `Refused(Silent)` if the peer says nothing, `Refused(NotControlPort)` if it does not speak the
/// protocol; `Lost` if it began with the
/// protocol and then stopped; else the reason why it must not be used.
pub(crate) async fn authenticate(
    control: &mut Control,
    rule: &CookieRule,
) -> Result<Authenticated, ControlError> {
    let hello = timeout(FIRST_REPLY_MAX, control.exchange(Command::ProtocolInfo)).await;
    let hello = hello.map_err(|_| ControlError::Refused(ControlRefusal::Silent))?;
    let offer = hello.ok().and_then(|reply| Offer::read(&reply));
    let offer = offer.ok_or(ControlError::Refused(ControlRefusal::NotControlPort))?;
    let open_to_all = match (&offer.cookie_file, offer.has_safe_cookie, offer.has_null) {
        (Some(path), true, _) => {
            // A file of 32 bytes on a local disk: reading it here is faster than passing it to a
            // thread.
            let cookie = read_cookie(path, rule).map_err(ControlError::Refused)?;
            safe_cookie(control, &cookie).await?;
            false
        }
        (None, true, _) => return Err(ControlError::Refused(ControlRefusal::Malformed)),
        (_, false, true) => {
            accepted(&control.ask(Command::AuthenticateNull).await?)?;
            true
        }
        (_, false, false) => return Err(ControlError::Refused(ControlRefusal::NoSafeMethod)),
    };
    Ok(Authenticated {
        version: offer.version,
        open_to_all,
    })
}

async fn safe_cookie(
    control: &mut Control,
    cookie: &super::cookie::Cookie,
) -> Result<(), ControlError> {
    let mut client_nonce = [0; NONCE_BYTES];
    if getrandom::fill(&mut client_nonce).is_err() {
        // Without randomness there is no proof. Nothing of ours has been sent yet.
        return Err(ControlError::Lost);
    }
    let reply = control.ask(Command::AuthChallenge(client_nonce)).await?;
    accepted(&reply)?;
    let (server_hash, server_nonce) =
        challenge(&reply).ok_or(ControlError::Refused(ControlRefusal::Malformed))?;
    let handshake = SafeCookie {
        cookie,
        client_nonce,
        server_nonce,
    };
    let Some(proved) = handshake.check_server(&server_hash) else {
        tracing::error!("a control port could not prove to know Tor's cookie; left alone");
        return Err(ControlError::Refused(ControlRefusal::Impostor));
    };
    accepted(
        &control
            .ask(Command::AuthenticateHash(proved.our_hash()))
            .await?,
    )
}

fn accepted(reply: &Reply) -> Result<(), ControlError> {
    if reply.is_ok() {
        Ok(())
    } else {
        Err(ControlError::Refused(ControlRefusal::Rejected))
    }
}

/// Reads `AUTHCHALLENGE SERVERHASH=… SERVERNONCE=…`.
fn challenge(reply: &Reply) -> Option<([u8; HASH_BYTES], [u8; NONCE_BYTES])> {
    let words = Words::parse(reply.head().strip_prefix("AUTHCHALLENGE ")?)?;
    let hash = hex::decode(words.bytes("SERVERHASH")?).ok()?;
    let nonce = hex::decode(words.bytes("SERVERNONCE")?).ok()?;
    Some((hash.try_into().ok()?, nonce.try_into().ok()?))
}

/// The content of PROTOCOLINFO (control-spec §3.21).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Offer {
    has_safe_cookie: bool,
    has_null: bool,
    cookie_file: Option<PathBuf>,
    version: Option<String>,
}

impl Offer {
    fn read(reply: &Reply) -> Option<Self> {
        if !reply.is_ok() || !reply.head().starts_with("PROTOCOLINFO 1") {
            return None;
        }
        let mut offer = Self::default();
        for line in &reply.lines {
            if let Some(auth) = line.text.strip_prefix("AUTH ") {
                offer.read_auth(&Words::parse(auth)?)?;
            } else if let Some(version) = line.text.strip_prefix("VERSION ") {
                let tor = Words::parse(version)?.text("Tor")?;
                offer.version = Some(plain_word(&tor, VERSION_CHARS_MAX));
            }
        }
        Some(offer)
    }

    fn read_auth(&mut self, auth: &Words) -> Option<()> {
        for method in auth.text("METHODS")?.split(',') {
            self.has_safe_cookie |= method == "SAFECOOKIE";
            self.has_null |= method == "NULL";
        }
        let path = auth.bytes("COOKIEFILE").map(<[u8]>::to_vec);
        self.cookie_file = path.map(|bytes| PathBuf::from(OsString::from_vec(bytes)));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::{ReplyAssembler, ReplyLine};
    use super::*;

    fn offer(text: &str) -> Option<Offer> {
        let mut replies = Vec::new();
        ReplyAssembler::default()
            .feed(text.as_bytes(), &mut replies)
            .unwrap();
        Offer::read(&replies[0])
    }

    #[test]
    fn an_offer_is_read_with_methods_path_and_version() {
        let read = offer(concat!(
            "250-PROTOCOLINFO 1\r\n",
            "250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"/a \
             b/\\303\\244/control_auth_cookie\"\r\n",
            "250-VERSION Tor=\"0.4.9.11\"\r\n",
            "250-LATER unknown\r\n",
            "250 OK\r\n",
        ));
        let expected = Offer {
            has_safe_cookie: true,
            has_null: false,
            cookie_file: Some(PathBuf::from("/a b/ä/control_auth_cookie")),
            version: Some("0.4.9.11".into()),
        };
        assert_eq!(read, Some(expected));
        assert!(
            offer("250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n")
                .unwrap()
                .has_null
        );
    }

    #[test]
    fn other_replies_are_no_offer() {
        for text in [
            "250 OK\r\n",
            "514 Authentication required.\r\n",
            "250-PROTOCOLINFO 1\r\n250-AUTH COOKIEFILE=\"x\"\r\n250 OK\r\n",
            "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL COOKIEFILE=\"x\r\n250 OK\r\n",
        ] {
            assert_eq!(offer(text), None, "{text}");
        }
    }

    #[test]
    fn a_challenge_needs_both_values_in_full_length() {
        let reply = |text: String| Reply {
            status: 250,
            lines: vec![ReplyLine { text, data: None }],
        };
        let (full, short) = ("ab".repeat(32), "ab".repeat(31));
        let good = format!("AUTHCHALLENGE SERVERHASH={full} SERVERNONCE={full}");
        assert_eq!(challenge(&reply(good)), Some(([0xab; 32], [0xab; 32])));
        let bad = format!("AUTHCHALLENGE SERVERHASH={full} SERVERNONCE={short}");
        assert_eq!(challenge(&reply(bad)), None);
    }
}
