//! Buffers whose metadata is wrong: the property test of `frame.rs`, which the fuzz target in `fuzz/` shares.

use super::frame::{self, FORMATS, Lie, Meta};
use super::mutations::with_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Sides of a picture: mostly small ones, the extremes, and invalid ones.
fn side() -> impl Strategy<Value = u32> {
    prop_oneof![12 => 1u32..70, 2 => 1000u32..3000, 1 => Just(32_767), 1 => prop::sample::select(&[0, 32_768, 65_536, 2_147_483_647][..])]
}

fn offset() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0usize..9000, 1 => 0usize..1 << 20, 1 => Just(usize::MAX), 1 => any::<usize>()]
}

fn stride() -> impl Strategy<Value = i32> {
    prop_oneof![8 => 0i32..400, 2 => 0i32..100_000, 1 => -400i32..0, 1 => prop::sample::select(&[i32::MIN, i32::MAX][..])]
}

/// A valid layout of the format, with padding after each row and before each plane.
fn true_meta(format: usize, (width, height): (u32, u32), padding: usize) -> (Meta, usize) {
    let (mut offsets, mut strides, mut end) = (Vec::new(), Vec::new(), 0);
    for plane in FORMATS[format].1.planes() {
        let (row, rows) = plane.extent(width, height);
        offsets.push(end + padding);
        strides.push((row + padding) as i32);
        end += padding + (row + padding) * rows;
    }
    (Meta { format, size: (width, height), offsets, strides }, end)
}

/// Buffers with random metadata, and some whose metadata is valid except for one value.
fn lies() -> impl Strategy<Value = Lie> {
    let format = || 0..FORMATS.len();
    let memories = || vec(prop_oneof![3 => 0usize..9000, 1 => 0usize..300_000], 0..5);
    let crop = || prop::option::weighted(0.2, (0u32..9, 0u32..9));
    let planes = (1usize..=4).prop_flat_map(|planes| (vec(offset(), planes), vec(stride(), planes)));
    let meta = (format(), (side(), side()), planes);
    let meta = meta.prop_map(|(format, size, (offsets, strides))| Meta { format, size, offsets, strides });
    let shape = || ((prop_oneof![Just(1), 1i32..40], prop_oneof![Just(1), 1i32..40]), 1u32..=8);
    let wild = (format(), (side(), side()), shape(), prop::option::of(meta), crop(), memories());
    let wild = wild.prop_map(|(format, size, shape, meta, crop, memories)| Lie { format, size, shape, meta, crop, memories });
    let fault = (0usize..4, stride(), offset(), -2i32..3);
    let near = (
        format(),
        (1u32..70, 1u32..70),
        (0u32..20, 0u32..20),
        0usize..40,
        any::<Index>(),
        prop::option::of(fault),
        crop(),
        shape(),
    );
    let near = near.prop_map(|(format, size, more, padding, cut, fault, crop, shape)| {
        let (mut meta, end) = true_meta(format, (size.0 + more.0, size.1 + more.1), padding);
        let mut len = end;
        if let Some((plane, stride, offset, less)) = fault {
            let plane = plane % meta.strides.len();
            match less {
                -2 => meta.strides[plane] = stride,
                -1 => meta.offsets[plane] = offset,
                less => len = end.saturating_add_signed(-(less as isize)),
            }
        }
        let cut = cut.index(len + 1);
        Lie { format, size, shape, meta: Some(meta), crop, memories: vec![cut, len - cut] }
    });
    prop_oneof![wild, near]
}

#[test]
fn frames_with_wrong_metadata() {
    let taken = std::cell::Cell::new((0, 0));
    with_all(lies(), 4000, |lie| {
        let (good, bad) = taken.get();
        taken.set(if frame::take(&lie) { (good + 1, bad) } else { (good, bad + 1) });
    });
    let (good, bad) = taken.get();
    assert!(good > 500 && bad > 500, "{good} were accepted and {bad} were not: the inputs test one side only");
}
