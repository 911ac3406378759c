//! Numbers in a query.

use crate::refusal::Refusal;

/// A whole number within limits; `default` where the query does not name it.
pub(crate) fn number(
    name: &str,
    text: Option<&str>,
    default: u64,
    limits: std::ops::RangeInclusive<u64>,
) -> Result<u64, Refusal> {
    let Some(text) = text else {
        return Ok(default);
    };
    let number = text
        .parse()
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    number
        .filter(|number| limits.contains(number))
        .ok_or_else(|| {
            let (first, last) = limits.into_inner();
            Refusal::field(
                name,
                format!("{name} must be a whole number from {first} to {last}"),
            )
        })
}
