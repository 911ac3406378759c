//! Fuzzes the client's bytes. The relay must judge any bytes as the model below does, in any
//! pieces, and must not read beyond the messages.

use proptest::prelude::*;
use tokio::io::BufReader;

use super::*;
use crate::{
    Isolation, Site,
    fuzz::{CUTS, Fields, Stranger, corpus, mutated, run},
    target::Target,
};

/// The relay's result for a client's bytes.
#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    Asks {
        /// Type, address and port, as the client sent them.
        target: Vec<u8>,
        credentials: Option<(Vec<u8>, Vec<u8>)>,
    },
    Gone,
    NotSocks,
    NoMethod,
    Credentials,
    /// Refused with this reply.
    Refused(u8),
}

#[derive(Debug, Eq, PartialEq)]
struct Outcome {
    verdict: Verdict,
    answered: Vec<u8>,
    taken: usize,
}

#[test]
fn any_words_of_a_client_are_judged_as_the_model_judges_them() {
    bolero::check!(name = "client")
        .with_iterations(20_000)
        .for_each(|words: &[u8]| check(words));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_192, ..ProptestConfig::default() })]

    #[test]
    fn words_that_are_nearly_right_are_too(words in mutated(corpus("handshake/__fuzz__/client"))) {
        check(&words);
    }
}

#[test]
fn the_corpus_has_every_verdict() {
    let words = corpus("handshake/__fuzz__/client");
    let verdicts: Vec<_> = words.iter().map(|words| model(words).verdict).collect();
    for reply in [1, 7, 8] {
        assert!(verdicts.contains(&Verdict::Refused(reply)), "{reply}");
    }
    for verdict in [
        Verdict::Gone,
        Verdict::NotSocks,
        Verdict::NoMethod,
        Verdict::Credentials,
    ] {
        assert!(verdicts.contains(&verdict), "{verdict:?}");
    }
    let asks = |verdict: &&Verdict| matches!(verdict, Verdict::Asks { .. });
    assert!(verdicts.iter().filter(asks).count() >= 6);
}

fn check(words: &[u8]) {
    let expected = model(words);
    for cut in CUTS {
        let mut client = Stranger::new(words, cut);
        let received = run(receive(&mut client));
        let outcome = Outcome {
            verdict: verdict_of(received),
            answered: client.heard,
            taken: client.taken,
        };
        assert_eq!(outcome, expected, "{cut:?}");

        // As `connection.rs` does it: bytes that were read behind the request are kept for Tor.
        let mut buffered = BufReader::with_capacity(514, Stranger::new(words, cut));
        let verdict = verdict_of(run(receive(&mut buffered)));
        let early = buffered.buffer();
        let client = buffered.get_ref();
        assert_eq!(client.taken - early.len(), expected.taken, "{cut:?}");
        assert_eq!(early, &words[expected.taken..client.taken], "{cut:?}");
        assert_eq!(verdict, expected.verdict, "{cut:?}");
    }
}

fn verdict_of(received: Result<Request, HandshakeEnd>) -> Verdict {
    match received {
        Ok(request) => {
            let mut target = Vec::new();
            request.address.write_to_buf(&mut target);
            let credentials = request
                .credentials
                .as_ref()
                .map(|said| (said.user.to_vec(), said.password.to_vec()));
            go_on_with(request);
            Verdict::Asks {
                target,
                credentials,
            }
        }
        Err(HandshakeEnd::Gone) => Verdict::Gone,
        Err(HandshakeEnd::NotSocks | HandshakeEnd::OtherProtocol(_)) => Verdict::NotSocks,
        Err(HandshakeEnd::NoMethod) => Verdict::NoMethod,
        Err(HandshakeEnd::Credentials) => Verdict::Credentials,
        Err(HandshakeEnd::Request(reply)) => Verdict::Refused(reply.as_u8()),
    }
}

/// Passes the same bytes to the next steps: the check of the target and its site. A target must
/// pass unchanged or be refused with a standard reply.
fn go_on_with(request: Request) {
    let sent = request.address.clone();
    match Target::permit(request.address, &[9050]) {
        Ok(target) => {
            let isolation = Isolation::new([7; 32].into());
            let key = isolation.key(&Site::of(&target), request.credentials);
            assert!(key.message().len() < 100, "none of the client's words");
            assert!(target.into_address() == sent, "changed on its way");
        }
        Err(refusal) => assert!([1, 2].contains(&refusal.reply().as_u8())),
    }
}

/// RFC 1928, RFC 1929 and our rules, applied field by field to the whole input.
fn model(words: &[u8]) -> Outcome {
    let mut fields = Fields(words);
    let mut answered = Vec::new();
    let verdict = judge(&mut fields, &mut answered).unwrap_or(Verdict::Gone);
    Outcome {
        verdict,
        answered,
        taken: words.len() - fields.0.len(),
    }
}

/// Returns `None` when the bytes end too early.
fn judge(fields: &mut Fields<'_>, answered: &mut Vec<u8>) -> Option<Verdict> {
    if fields.byte()? != 5 {
        return Some(Verdict::NotSocks);
    }
    let count = fields.byte()?;
    let methods = fields.take(count.into())?;
    let mut credentials = None;
    if methods.contains(&2) {
        answered.extend([5, 2]);
        if fields.byte()? != 1 {
            return Some(Verdict::NotSocks);
        }
        let length = fields.byte()?;
        let user = fields.take(length.into())?;
        let length = fields.byte()?;
        let password = fields.take(length.into())?;
        if user.starts_with(b"<torS0X>") && user != b"<torS0X>0" {
            return Some(Verdict::Credentials);
        }
        answered.extend([1, 0]);
        credentials = Some((user.to_vec(), password.to_vec()));
    } else if methods.contains(&0) {
        answered.extend([5, 0]);
    } else {
        return Some(Verdict::NoMethod);
    }
    if fields.byte()? != 5 {
        return Some(Verdict::NotSocks);
    }
    let command = fields.byte()?;
    if fields.byte()? != 0 {
        return Some(Verdict::Refused(1));
    }
    if !(1..=3).contains(&command) {
        return Some(Verdict::Refused(7));
    }
    let address = fields.0;
    let name = match fields.byte()? {
        1 => fields.take(4).map(|_| None),
        4 => fields.take(16).map(|_| None),
        3 => {
            let length = fields.byte()?;
            Some(fields.take(length.into()))
        }
        _ => return Some(Verdict::Refused(8)),
    }?;
    fields.take(2)?;
    Some(match (command, name.map(str::from_utf8)) {
        (_, Some(Err(_))) => Verdict::Refused(1),
        (1, _) => Verdict::Asks {
            target: address[..address.len() - fields.0.len()].to_vec(),
            credentials,
        },
        _ => Verdict::Refused(7),
    })
}
