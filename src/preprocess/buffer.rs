//! Buffers that are reused for each frame.

/// Grows `buffer` to at least `len`; it never shrinks, so that it is allocated once.
pub fn grow(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}
