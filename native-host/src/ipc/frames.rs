//! Frames between a client and the daemon.

use tokio_util::codec::LengthDelimitedCodec;

/// Frames of native messaging: a 32-bit length in native byte order, then that many bytes of JSON.
/// A longer frame is an error before anything is allocated for it.
pub(crate) fn codec(frame_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .native_endian()
        .length_field_length(HEADER_BYTES)
        .max_frame_length(frame_max)
        .new_codec()
}

/// Bytes of the length before each frame.
pub(crate) const HEADER_BYTES: usize = 4;

/// Like [`codec`], but frames keep their header. So an end of the stream directly after a header is
/// noticed; otherwise the codec takes an empty buffer for the end of a frame.
pub(crate) fn codec_with_header(frame_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .native_endian()
        .length_field_length(HEADER_BYTES)
        .length_adjustment(4)
        .num_skip(0)
        .max_frame_length(frame_max)
        .new_codec()
}
