//! A buffer with wrong layout metadata, from the appsink to the model's input.

#![no_main]

#[path = "../../tests/it/fuzz/frame.rs"]
mod frame;

use frame::{FORMATS, Lie, Meta};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

/// The maximum size of one memory in bytes: more finds nothing new and is slow.
const LEN: usize = 300_000;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(lie) = lie(&mut Unstructured::new(bytes)) {
        frame::take(&lie);
    }
});

fn lie(data: &mut Unstructured) -> Result<Lie> {
    let (format, size) = (data.choose_index(FORMATS.len())?, size(data)?);
    let shape = ((data.int_in_range(1..=40)?, data.int_in_range(1..=40)?), data.int_in_range(1..=8)?);
    let meta = data.arbitrary::<bool>()?.then(|| meta(data, format, size)).transpose()?;
    let crop = data.ratio(1, 5)?.then(|| Ok((data.int_in_range(0..=40)?, data.arbitrary()?))).transpose()?;
    let count = data.int_in_range(0..=4)?;
    let memories = (0..count).map(|_| data.int_in_range(0..=LEN)).collect::<Result<_>>()?;
    Ok(Lie { format, size, shape, meta, crop, memories })
}

/// Mostly small, so that buffers of [`LEN`] bytes are large enough.
fn size(data: &mut Unstructured) -> Result<(u32, u32)> {
    let most = if data.ratio(7, 8)? { 300 } else { 40_000 };
    Ok((data.int_in_range(0..=most)?, data.int_in_range(0..=most)?))
}

/// Often with the format and size of the caps, because otherwise the rest is not read.
fn meta(data: &mut Unstructured, format: usize, caps: (u32, u32)) -> Result<Meta> {
    let format = if data.ratio(1, 8)? { data.choose_index(FORMATS.len())? } else { format };
    let size = if data.ratio(1, 4)? { size(data)? } else { caps };
    let planes = if data.ratio(1, 8)? { data.int_in_range(1..=4)? } else { FORMATS[format].1.planes().len() };
    let offset = |data: &mut Unstructured| if data.ratio(1, 8)? { data.arbitrary() } else { data.int_in_range(0..=LEN) };
    let stride = |data: &mut Unstructured| if data.ratio(1, 8)? { data.arbitrary() } else { data.int_in_range(0..=2000) };
    let offsets = (0..planes).map(|_| offset(data)).collect::<Result<_>>()?;
    let strides = (0..planes).map(|_| stride(data)).collect::<Result<_>>()?;
    Ok(Meta { format, size, offsets, strides })
}
