//! Fuzzes the answers of Tor. The relay must understand any bytes as the model below does, in any
//! pieces, and payload must begin exactly where the answer ends.

use proptest::prelude::*;
use shadowsocks::relay::socks5::Address;

use super::*;
use crate::{
    Isolation, Site,
    fuzz::{CUTS, Fields, Stranger, corpus, mutated, run},
};

/// The relay's result for a sequence of answers.
#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    /// Success or refusal. These bytes, which are Tor's own, go to the client.
    Answered(Vec<u8>),
    /// The bytes are not SOCKS5 as Tor speaks it, or they end too early.
    Broken,
}

#[derive(Debug, Eq, PartialEq)]
struct Outcome {
    verdict: Verdict,
    asked: Vec<u8>,
    taken: usize,
}

#[test]
fn any_words_of_tor_are_understood_as_the_model_understands_them() {
    bolero::check!(name = "tor")
        .with_iterations(20_000)
        .for_each(|words: &[u8]| check(words));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_192, ..ProptestConfig::default() })]

    #[test]
    fn words_that_are_nearly_right_are_too(words in mutated(corpus("dial/__fuzz__/tor"))) {
        check(&words);
    }
}

#[test]
fn the_corpus_has_answers_and_broken_ones_with_and_without_isolation() {
    let mut seen = Vec::new();
    for words in corpus("dial/__fuzz__/tor") {
        let (isolated, words) = split(&words);
        let answered = matches!(model(isolated, words).verdict, Verdict::Answered(_));
        seen.push((isolated, answered));
    }
    for isolated in [false, true] {
        for answered in [false, true] {
            assert!(
                seen.contains(&(isolated, answered)),
                "{isolated} {answered}"
            );
        }
    }
}

/// The first byte selects whether the relay isolates; the rest are Tor's answers.
fn split(words: &[u8]) -> (bool, &[u8]) {
    let (first, rest) = words.split_first().unwrap_or((&0, &[]));
    (first % 2 == 1, rest)
}

fn check(words: &[u8]) {
    let (isolated, words) = split(words);
    let expected = model(isolated, words);
    for cut in CUTS {
        let mut tor = Stranger::new(words, cut);
        let tor_request = TorRequest::new(target(), isolated.then(circuit));
        let mut asked = tor_request.first;
        let mut answers = Answers::from(&mut tor);
        let say = async |words: Vec<u8>| {
            asked.extend(words);
            Ok(())
        };
        let answer = run(ask(&mut answers, tor_request.second, say, |_| Ok(())));
        let left = answers.rest().len();
        let outcome = Outcome {
            verdict: match answer {
                Ok(response) => {
                    let mut bytes = Vec::new();
                    response.write_to_buf(&mut bytes);
                    Verdict::Answered(bytes)
                }
                Err(error) => {
                    assert!(matches!(error, DialError::Protocol(_)), "{error}");
                    assert_eq!(error.reply().as_u8(), 1);
                    Verdict::Broken
                }
            },
            asked,
            taken: tor.taken - left,
        };
        assert_eq!(outcome, expected, "{cut:?}");
    }
}

fn address() -> Address {
    Address::DomainNameAddress("example.com".to_owned(), 443)
}

fn target() -> Target {
    Target::permit(address(), &[]).expect("public")
}

fn circuit() -> CircuitKey {
    Isolation::new([7; 32].into()).key(&Site::of(&target()), None)
}

/// Tor's part of RFC 1928 and RFC 1929, with what the relay sends in between.
fn model(isolated: bool, words: &[u8]) -> Outcome {
    let mut fields = Fields(words);
    let mut asked = Vec::new();
    let verdict = understand(isolated, &mut fields, &mut asked).unwrap_or(Verdict::Broken);
    Outcome {
        verdict,
        asked,
        taken: words.len() - fields.0.len(),
    }
}

/// Returns `None` when the bytes are wrong or end too early.
fn understand(isolated: bool, fields: &mut Fields<'_>, asked: &mut Vec<u8>) -> Option<Verdict> {
    let method = if isolated { 2 } else { 0 };
    let request = b"\x05\x01\x00\x03\x0bexample.com\x01\xbb";
    asked.extend([5, 1, method]);
    if !isolated {
        asked.extend(request); // together with the greeting
    }
    if fields.take(2)? != [5, method] {
        return None;
    }
    if isolated {
        asked.extend(circuit().message());
        asked.extend(request);
    }
    if isolated && fields.take(2)? != [1, 0] {
        return None;
    }
    let answer = fields.0;
    let head = fields.take(4)?;
    let address_bytes = match head {
        [5, _, 0, 1] => 4,
        [5, _, 0, 4] => 16,
        _ => return None,
    };
    fields.take(address_bytes + 2)?;
    let length = answer.len() - fields.0.len();
    Some(Verdict::Answered(answer[..length].to_vec()))
}
