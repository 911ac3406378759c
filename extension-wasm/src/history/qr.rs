//! A report's id as a QR code (ISO/IEC 18004), to be read from another screen.
//!
//! Always version 3 with error correction M and the first mask: one block, one alignment pattern
//! and a fixed format. Any reader takes it. A crate for all versions brings what is never used, and
//! the module's size has a limit; a test reads the codes with another implementation.

/// Modules of a side, without the quiet zone.
const SIZE: usize = 29;
/// The quiet zone at each side.
const QUIET: usize = 4;
const DATA_BYTES: usize = 44;
const CORRECTION_BYTES: usize = 26;
/// A code in byte mode has 12 bits before its text.
const TEXT_MAX: usize = DATA_BYTES - 2;
/// What fills the rest, in turn.
const PADDING: [u8; 2] = [0xec, 0x11];
/// Error correction M and mask 0, with their own correction (table C.1 of the standard).
const FORMAT: u16 = 0x5412;
/// Of the field with 256 elements, without its highest power.
const POLYNOMIAL: u8 = 0x1d;

/// The dark modules as the path of an SVG whose view box has 37 units at each side; the quiet zone
/// is inside of it. `None`: the text is too long.
#[must_use]
pub fn qr(text: &str) -> Option<String> {
    let mut grid = Grid::with_patterns();
    grid.write(&codewords(text.as_bytes())?);
    Some(grid.path())
}

/// Mode, length, text, end and padding; then the correction.
fn codewords(text: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(text.len()).ok()?;
    if text.len() > TEXT_MAX {
        return None;
    }
    // The mode has four bits, so every byte begins in the middle of a codeword.
    let mut words = vec![0x40 | (length >> 4)];
    let mut half = length << 4;
    for byte in text {
        words.push(half | (byte >> 4));
        half = byte << 4;
    }
    words.push(half);
    let missing = DATA_BYTES.saturating_sub(words.len());
    words.extend(PADDING.iter().cycle().take(missing));
    words.extend(correction(&words));
    Some(words)
}

/// The remainder of a division by the polynomial whose roots are the first powers of 2.
fn correction(words: &[u8]) -> [u8; CORRECTION_BYTES] {
    let divisor = divisor();
    let mut rest = [0; CORRECTION_BYTES];
    for word in words {
        let factor = word ^ rest[0];
        rest.rotate_left(1);
        rest[CORRECTION_BYTES - 1] = 0;
        for (rest, part) in rest.iter_mut().zip(divisor) {
            *rest ^= multiply(part, factor);
        }
    }
    rest
}

fn divisor() -> [u8; CORRECTION_BYTES] {
    let mut parts = [0; CORRECTION_BYTES];
    parts[CORRECTION_BYTES - 1] = 1;
    let mut root = 1;
    for _ in 0..CORRECTION_BYTES {
        let before = parts;
        let next = before.iter().skip(1).chain(&[0]);
        for (part, next) in parts.iter_mut().zip(next) {
            *part = multiply(*part, root) ^ next;
        }
        root = multiply(root, 2);
    }
    parts
}

fn multiply(one: u8, other: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let carry = product >> 7;
        let doubled = (product << 1) ^ (carry * POLYNOMIAL);
        doubled ^ (((other >> bit) & 1) * one)
    })
}

/// Column and row of each module.
struct Grid {
    dark: [[bool; SIZE]; SIZE],
    /// Modules of patterns, which hold no data.
    fixed: [[bool; SIZE]; SIZE],
}

impl Grid {
    fn with_patterns() -> Self {
        let mut grid = Self {
            dark: [[false; SIZE]; SIZE],
            fixed: [[false; SIZE]; SIZE],
        };
        for place in 0..SIZE {
            grid.set(6, place, place.is_multiple_of(2));
            grid.set(place, 6, place.is_multiple_of(2));
        }
        for (x, y) in [(3, 3), (SIZE - 4, 3), (3, SIZE - 4)] {
            grid.rings(x, y, 4, [true, true, false, true, false]);
        }
        grid.rings(SIZE - 7, SIZE - 7, 2, [true, false, true, false, false]);
        grid.format();
        grid
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        self.dark[y][x] = dark;
        self.fixed[y][x] = true;
    }

    /// Squares around a centre, from the inside; what is beyond the edge is left out.
    fn rings(&mut self, x: usize, y: usize, radius: usize, dark: [bool; 5]) {
        for row in y.saturating_sub(radius)..=(y + radius).min(SIZE - 1) {
            for column in x.saturating_sub(radius)..=(x + radius).min(SIZE - 1) {
                let ring = column.abs_diff(x).max(row.abs_diff(y));
                self.set(column, row, dark[ring]);
            }
        }
    }

    /// The format stands twice, from its lowest bit.
    fn format(&mut self) {
        for bit in 0..15 {
            let dark = (FORMAT >> bit) & 1 == 1;
            let (x, y) = match bit {
                0..6 => (8, bit),
                6..8 => (8, bit + 1),
                8 => (7, 8),
                _ => (14 - bit, 8),
            };
            self.set(x, y, dark);
            match bit {
                0..8 => self.set(SIZE - 1 - bit, 8, dark),
                _ => self.set(8, SIZE - 15 + bit, dark),
            }
        }
        self.set(8, SIZE - 8, true);
    }

    /// Two columns at a time from the right, up and down in turn, without the column of a pattern.
    fn write(&mut self, words: &[u8]) {
        let mut bits = words
            .iter()
            .flat_map(|word| (0..8).rev().map(move |bit| (word >> bit) & 1 == 1));
        for pair in 0..(SIZE - 1) / 2 {
            let right = SIZE - 1 - 2 * pair;
            let right = if right <= 6 { right - 1 } else { right };
            for step in 0..SIZE {
                let y = if pair.is_multiple_of(2) {
                    SIZE - 1 - step
                } else {
                    step
                };
                for x in [right, right - 1] {
                    if !self.fixed[y][x] {
                        let bit = bits.next().unwrap_or_default();
                        self.dark[y][x] = bit ^ (x + y).is_multiple_of(2);
                    }
                }
            }
        }
    }

    /// One rectangle for each run of dark modules.
    fn path(&self) -> String {
        let mut path = String::new();
        for (y, row) in self.dark.iter().enumerate() {
            let mut x = 0;
            while x < SIZE {
                let run = row.iter().skip(x).take_while(|dark| **dark).count();
                if run > 0 {
                    let (left, top) = (x + QUIET, y + QUIET);
                    path.push_str(&format!("M{left} {top}h{run}v1h-{run}z"));
                }
                x += run + 1;
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paints the path as a picture, ten pixels for each module, and reads it with another
    /// implementation.
    fn read(path: &str) -> String {
        let side = SIZE + 2 * QUIET;
        let mut dark = vec![vec![false; side]; side];
        for run in path.split('M').skip(1) {
            let (place, run) = run.split_once('h').expect("a run");
            let (x, y) = place.split_once(' ').expect("a place");
            let run = run.split('v').next().expect("its length");
            let number = |text: &str| text.parse::<usize>().expect("a number");
            dark[number(y)][number(x)..number(x) + number(run)].fill(true);
        }
        let pixel = |x: usize, y: usize| if dark[y / 10][x / 10] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * 10, side * 10, pixel);
        let grids = image.detect_grids();
        let (meta, text) = grids.first().expect("a code").decode().expect("it is read");
        assert_eq!(meta.version.to_size(), SIZE);
        text
    }

    #[test]
    fn another_implementation_reads_what_was_written() {
        let id = "1f8b5c0d9e3a7264b1c2d3e4f5061728";
        let longest = "x".repeat(TEXT_MAX);
        for text in [id, "", "0", longest.as_str(), "ÿ 100 % \u{202e}"] {
            let path = qr(text).expect("short enough");
            assert_eq!(read(&path), text);
        }
        assert_eq!(qr(&"x".repeat(TEXT_MAX + 1)), None);
    }
}
