//! Payload that can be recognised.

/// Bytes that reveal a lost, doubled or swapped block.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from((index * 31 + index / 251) % 256).unwrap())
        .collect()
}
