//! Names of devices: random words. The name of a computer would say something about its owner.

const ADJECTIVES: [&str; 32] = [
    "Amber", "Brave", "Calm", "Clever", "Distant", "Early", "Gentle", "Golden", "Green", "Happy",
    "Hidden", "Kind", "Late", "Light", "Little", "Lucky", "Mellow", "Misty", "Noble", "Patient",
    "Plain", "Proud", "Quick", "Quiet", "Rapid", "Silent", "Silver", "Simple", "Steady", "Sunny",
    "Warm", "Wild",
];
const ANIMALS: [&str; 32] = [
    "Badger", "Beaver", "Bison", "Crane", "Deer", "Dolphin", "Eagle", "Falcon", "Finch", "Fox",
    "Gull", "Hare", "Hawk", "Heron", "Ibis", "Jay", "Lark", "Lynx", "Marten", "Mole", "Moose",
    "Otter", "Owl", "Panda", "Raven", "Robin", "Salmon", "Seal", "Swan", "Tern", "Whale", "Wren",
];

/// A name made of two random bytes.
pub(super) fn name(random: [u8; 2]) -> String {
    let [first, second] = random;
    let pick = |words: &[&'static str; 32], byte: u8| {
        let number = usize::from(byte % 32);
        words.get(number).copied().unwrap_or("Quiet")
    };
    format!("{} {}", pick(&ADJECTIVES, first), pick(&ANIMALS, second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_pair_of_bytes_has_a_name_and_all_names_are_in_use() {
        let all: BTreeSet<_> = (0..=u16::MAX)
            .map(|bytes| name(bytes.to_be_bytes()))
            .collect();
        assert_eq!(all.len(), 32 * 32);
    }
}
