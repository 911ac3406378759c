//! `ledger remove`: takes a device out of the account, for good.

use super::{
    super::{
        ask::Patience,
        outcome::{CommandError, Outcome},
        output::{Answer, Format},
        question,
    },
    asking::{asked, devices},
};
use crate::{EXIT_USAGE, home::Home};
use meter_wire::{LedgerDevice, LedgerRemove, Request};

/// Fewest digits that name a device. Fewer are a slip of the fingers rather than a choice.
const DIGITS_MIN: usize = 8;

pub(super) fn run(
    device: &str,
    yes: bool,
    patience: Patience,
    home: &Home,
    format: Format,
) -> Outcome {
    let begin = begin(device)?;
    let devices = devices(patience, home, format)?;
    let one = the_one(&devices, &begin)?;
    if !yes && (format == Format::Json || !question::is_agreed(&words(one))?) {
        let text = "nothing was done; --yes removes without asking".to_owned();
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    let request = Request::LedgerRemove(LedgerRemove { device: one.key });
    asked(patience, home, format, request)?;
    Answer::new("removed", done(one))
        .with("device", one.key)
        .print(format)
}

/// The beginning of a key that a person typed, in the form of the list.
fn begin(device: &str) -> Result<String, CommandError> {
    let begin = device.trim().to_lowercase();
    if begin.len() >= DIGITS_MIN && begin.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(begin);
    }
    let text = format!(
        "{device:?} names no device: give at least the first {DIGITS_MIN} hexadecimal digits of \
         its key; `onionmeter ledger devices` lists the keys"
    );
    Err(CommandError::Exit(EXIT_USAGE, text))
}

fn the_one<'a>(devices: &'a [LedgerDevice], begin: &str) -> Result<&'a LedgerDevice, CommandError> {
    let is_wanted = |known: &&LedgerDevice| {
        known.removed_ms.is_none() && hex::encode(known.key.0).starts_with(begin)
    };
    let mut found = devices.iter().filter(is_wanted);
    let how_many = match (found.next(), found.next()) {
        (Some(one), None) => return Ok(one),
        (None, _) => "no device",
        (Some(_), Some(_)) => "more than one device",
    };
    let text = format!(
        "{how_many} in use has a key that begins with {begin}; `onionmeter ledger devices` lists \
         them"
    );
    Err(CommandError::Exit(EXIT_USAGE, text))
}

fn words(device: &LedgerDevice) -> String {
    let LedgerDevice { name, key, .. } = device;
    let which = match device.here {
        true => {
            "This is the device that you use. Its key can never be enrolled again, and the ledger \
             credits nothing of what waits; `onionmeter ledger leave` only ends the sending."
        }
        false => "Its key can never be enrolled again. What it was credited stays.",
    };
    format!(
        "{name}  {}\n{which}\nRemove it from the account for good? [y/N] ",
        hex::encode(key.0)
    )
}

fn done(device: &LedgerDevice) -> String {
    let name = &device.name;
    match device.here {
        true => format!(
            "{name}, this device, was removed; what it was credited stays. To enrol it again, it \
             needs a new key: `onionmeter ledger leave`, then `onionmeter new-chain --new-key`."
        ),
        false => format!("{name} was removed; what it was credited stays."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::{HexBytes, U64Text};

    fn device(first: u8, fifth: u8) -> LedgerDevice {
        let mut key = [first; 32];
        key[4] = fifth;
        LedgerDevice {
            key: HexBytes(key),
            name: "amber-otter".to_owned(),
            enrolled_ms: U64Text(1),
            removed_ms: None,
            here: false,
        }
    }

    fn refused(result: Result<impl Sized, CommandError>) -> String {
        match result {
            Err(CommandError::Exit(EXIT_USAGE, text)) => text,
            _ => panic!("not refused"),
        }
    }

    #[test]
    fn an_empty_text_a_short_one_and_what_is_no_key_remove_nothing() {
        for typed in ["", " ", "abababa", "amber-otter", "ababababx", "--------"] {
            let said = refused(begin(typed));
            assert!(said.contains("first 8 hexadecimal digits"), "{said}");
        }
        assert_eq!(begin(" ABABABAB ").ok().as_deref(), Some("abababab"));
    }

    #[test]
    fn only_a_beginning_that_one_device_in_use_has_names_it() {
        let mut all = vec![device(0xab, 1), device(0xab, 2), device(0xcd, 1)];
        let said = refused(the_one(&all, "abababab"));
        assert!(said.starts_with("more than one device"), "{said}");
        let found = the_one(&all, "abababab02").map(|one| one.key).ok();
        assert_eq!(found, Some(all[1].key));
        let said = refused(the_one(&all, "00000000"));
        assert!(said.starts_with("no device"), "{said}");
        all[2].removed_ms = Some(U64Text(2));
        refused(the_one(&all, "cdcdcdcd"));
    }

    #[test]
    fn the_question_says_that_it_is_for_good_and_names_the_device_that_asks() {
        let mut asked = device(7, 7);
        assert!(words(&asked).contains("never be enrolled again. What it was credited stays"));
        asked.here = true;
        let said = words(&asked);
        assert!(said.contains("the device that you use"), "{said}");
        assert!(said.contains("`onionmeter ledger leave` only ends the sending"));
        assert!(done(&asked).contains("onionmeter new-chain --new-key"));
    }
}
