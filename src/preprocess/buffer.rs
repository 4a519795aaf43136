//! Buffers that are kept from frame to frame.

/// Makes `buffer` at least `len` long; never shorter, so that it is allocated once.
pub fn grow(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}
