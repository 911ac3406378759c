//! Values that wait in `config.toml`, and a file that a person changes in a terminal.

use super::{said, set, with};
use crate::fixture::Fixture;

/// Another field of the same form is changed.
pub(super) async fn is_not_written_over(fixture: &Fixture) {
    let write = "by('min_s').value = '31';
        by('min_s').dispatchEvent(new Event('input', { bubbles: true }))";
    fixture.run(&with(write)).await;
    fixture
        .wait(&with(
            "const set = by('thresholds-set'); return !set.disabled && (set.click(), true)",
        ))
        .await;
    fixture
        .wait(&with(
            "return by('thresholds-done').textContent === 'In force now, and kept.'",
        ))
        .await;
    let config = fixture.config();
    for line in ["min_bytes = 33000 # waits\n", "min_duration_ms = 31000\n"] {
        assert!(config.contains(line), "{line}: {config}");
    }
    assert!(!config.contains("max_duration_ms"), "{config}");
}

pub(super) async fn a_line_is_emptied_and_the_page_follows_the_file(fixture: &Fixture) {
    let keep = "!keep.disabled && (keep.click(), true)";
    fixture.run(&set("relay.port", "")).await;
    fixture.wait(&said("relay.port", keep)).await;
    let kept = "keep.disabled && said.textContent.startsWith('Kept')";
    fixture.wait(&said("relay.port", kept)).await;
    assert!(!fixture.config().contains("port = 9201"));
    // As a person writes large numbers.
    fixture.run(&set("relay.connections_max", "1,024")).await;
    fixture.wait(&said("relay.connections_max", keep)).await;
    fixture.wait(&said("relay.connections_max", kept)).await;
    let config = fixture.config();
    assert!(config.contains("connections_max = 1024\n"), "{config}");

    fixture.write_config(&config.replace("connections_max = 1024\n", "connections_max = 777\n"));
    fixture
        .run("window.dispatchEvent(new Event('focus'))")
        .await;
    fixture
        .wait(&said(
            "relay.connections_max",
            "part.querySelector('input').value === '777'",
        ))
        .await;
}
