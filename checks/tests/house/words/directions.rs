//! What reads from left to right inside of words that read from right to left.

/// Pieces of which a mark at one end would be shown at the other: in Persian, `ss://` would be read
/// as `//:ss`. What stands between backquotes or between isolates (U+2066 to U+2069) keeps its
/// direction, and so does the value of a placeholder.
pub(super) fn turned(text: &str) -> Vec<String> {
    let mut closes = None;
    let keeps = |letter: char| match letter {
        '`' | '$' => Some(letter),
        '\u{2066}' => Some('\u{2069}'),
        _ => None,
    };
    let bare: String = text
        .chars()
        .map(|letter| {
            let is_kept = closes.is_some();
            closes = match closes {
                Some(end) if end == letter => None,
                Some(end) => Some(end),
                None => keeps(letter),
            };
            if is_kept || closes.is_some() {
                ' '
            } else {
                letter
            }
        })
        .collect();
    let pieces = bare.split(|letter: char| !letter.is_ascii_graphic() && letter != '…');
    let pieces = pieces.filter(|piece| is_turned(piece));
    pieces.map(str::to_owned).collect()
}

/// The marks of a sentence belong to the words around it.
fn is_turned(piece: &str) -> bool {
    let piece = piece.trim_start_matches(['(', '"']);
    let piece = piece.trim_end_matches(['.', ',', ';', '!', '?', ')', '"']);
    let piece = piece.strip_suffix(':').unwrap_or(piece);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    piece.contains(is_plain) && !(piece.starts_with(is_plain) && piece.ends_with(is_plain))
}

#[test]
fn what_would_be_turned_is_found() {
    let text = "با ss:// و :443 و [::1]:80. یا 3fa9… است";
    assert_eq!(turned(text), ["ss://", ":443", "[::1]:80.", "3fa9…"]);
    let text = "Onionmeter: \u{2066}ss://\u{2069} و `~/a/` و $URL$ (Tor) و 192.0.2.7.";
    assert!(turned(text).is_empty(), "{:?}", turned(text));
}
