//! The icon in the toolbar says the state by its shape: without its colours, and where the badge
//! covers the lower part, no two states look alike.

use crate::fixture::Fixture;
use serde_json::{Value, json};

/// For each pair of states the share of pixels that differ, in grey, of the part above the badge.
const DIFFERENCES: &str = "const [size, ground] = args;
    const tones = ['good', 'private', 'busy', 'warning', 'alarm', 'off'];
    const greys = async (tone) => {
        const picture = new Image();
        picture.src = `/icons/states/${tone}-${size}.png`;
        await picture.decode();
        const canvas = new OffscreenCanvas(size, size);
        const pen = canvas.getContext('2d');
        pen.fillStyle = ground;
        pen.fillRect(0, 0, size, size);
        pen.drawImage(picture, 0, 0, size, size);
        const { data } = pen.getImageData(0, 0, size, Math.round(size * 0.65));
        const grey = (at) => 0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2];
        return Array.from({ length: data.length / 4 }, (_, place) => grey(place * 4));
    };
    const all = await Promise.all(tones.map(greys));
    return tones.flatMap((one, place) => tones.slice(place + 1).map((other, more) => {
        const [mine, others] = [all[place], all[place + more + 1]];
        const differ = mine.filter((grey, at) => Math.abs(grey - others[at]) > 64);
        return [one, other, differ.length / mine.length];
    }))";

const LEAST: f64 = 0.06;

pub(crate) async fn differ_by_shape(fixture: &Fixture) {
    for size in [16, 32] {
        for ground in ["#ffffff", "#202124"] {
            let arguments = vec![json!(size), json!(ground)];
            let found = fixture.browser.call(DIFFERENCES, arguments).await.unwrap();
            let pairs = found.as_array().unwrap();
            assert_eq!(pairs.len(), 15);
            let share = |pair: &&Value| pair[2].as_f64().unwrap();
            let alike: Vec<_> = pairs.iter().filter(|pair| share(pair) < LEAST).collect();
            assert!(alike.is_empty(), "{size} on {ground}: {alike:?}");
        }
    }
}
