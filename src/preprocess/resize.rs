//! Resizes 8-bit samples, one to four per pixel.
//!
//! RGB pictures are resized exactly as by Pillow (13.0), equal in every element: rows first, rounded to 8 bits, then columns; in the
//! opposite order if the height shrinks by more than twice as many pixels as the width. (Before 13.0, always rows first.)
//! In another order, or with shorter weights, one element in 300 differs by 1, which on a quantized model is enough to change a
//! confidence by 0.04.
//!
//! Planes of YUV, the live case, are resized columns first and with 16-bit weights. A chroma sample that is shared by several pixels has
//! the weight of all of them: the sums equal those of the picture with full chroma, without creating it.

use super::buffer::grow;
use super::filter::{Filter, Span, Windows};
use super::geometry::Placement;
use super::kernels::{Across, BLOCK, Weight, filter_across, filter_down, transpose_back, transpose_rows};
use crate::frame::{Area, Plane};
use std::hint::black_box;
use std::ops::Range;

/// The order of the two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As in Pillow.
    Pillow,
    /// The fastest one for rows in memory.
    ColumnsFirst,
}

/// Resizes with one filter; keeps its windows and buffers for further frames.
pub struct Resizer<W> {
    filter: Filter,
    order: Order,
    across: Windows<W>,
    down: Windows<W>,
    turned: TransposedRows,
    /// The output of the first pass: rows at their new width, or rows as wide as the source.
    between: Vec<u8>,
}

/// The picture to resize.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The rows.
    pub plane: Plane<'a>,
    /// The part of the picture that is used, in its pixels. Mirroring is part of resizing; transposing is left to the caller.
    pub area: Area,
    /// The number of its pixels, across and down, that share one sample of the plane.
    pub shared: (u32, u32),
    /// Bytes per pixel of the plane, 1 to 4.
    pub samples: usize,
}

impl<W: Weight> Resizer<W> {
    /// A resizer with `filter`.
    pub fn new(filter: Filter, order: Order) -> Self {
        let (across, down) = (Windows::default(), Windows::default());
        Self { filter, order, across, down, turned: TransposedRows::default(), between: Vec::new() }
    }

    /// Resizes `source` according to `place`: the same bytes per pixel in `out`, with unpadded rows. `out` grows if it is too short.
    pub fn resize(&mut self, source: Source, place: &Placement, out: &mut Vec<u8>) {
        let [across, down] = place.spans(self.filter, &source.area, source.shared);
        self.across.prepare(across);
        self.down.prepare(down);
        let line = across.count as usize * source.samples;
        let len = line * down.count as usize;
        grow(out, len);
        let out = &mut out[..len];
        let shrinks = |span: Span| i64::from(span.source) - i64::from(span.resized);
        let (wide, high) = source.area.orientation.turn((shrinks(across), shrinks(down)));
        let tall = high > 0 && high > 2 * wide;
        // Pillow's order is that of the upright picture, whose rows are stored as columns if it is transposed
        let columns_first = tall != source.area.orientation.transposed;
        if self.filter == Filter::Nearest {
            self.pick(source, line, out);
        } else if columns_first || self.order == Order::ColumnsFirst || !self.filter.is_antialiased() {
            self.columns_first(source, line, out);
        } else {
            self.rows_first(source, line, out);
        }
    }

    /// The range of bytes of a row that any window uses.
    fn reach(&self, samples: usize) -> Range<usize> {
        let (first, end) = self.across.reach();
        first * samples..end * samples
    }

    fn rows_first(&mut self, source: Source, line: usize, out: &mut [u8]) {
        let reach = self.reach(source.samples);
        let (first, end) = self.down.reach();
        let len = line * (end - first);
        grow(&mut self.between, len);
        let strip = rows_in_a_strip(source.samples);
        for (n, narrow) in self.between[..len].chunks_mut(line * strip).enumerate() {
            let top = first + n * strip;
            let row = |n: usize| &source.plane.row(top + n)[reach.clone()];
            self.turned.filter(&self.across, source.samples, row, line, narrow);
        }
        for (n, out) in out.chunks_exact_mut(line).enumerate() {
            let (start, weights) = self.down.window(n);
            filter_down(&self.between[(start - first) * line..], line, weights, out);
        }
    }

    fn columns_first(&mut self, source: Source, line: usize, out: &mut [u8]) {
        let reach = self.reach(source.samples);
        let (wide, strip) = (reach.len(), rows_in_a_strip(source.samples));
        grow(&mut self.between, wide * strip);
        let upwards = source.area.orientation.mirrored[1];
        let mut fetched = if upwards { usize::MAX..usize::MAX } else { 0..0 };
        for (n, out) in out.chunks_mut(line * strip).enumerate() {
            let rows = out.len() / line;
            for (row, between) in self.between.chunks_exact_mut(wide).take(rows).enumerate() {
                let (start, weights) = self.down.window(n * strip + row);
                let end = start + weights.len();
                let fresh = if upwards { start..end.min(fetched.start) } else { start.max(fetched.end)..end };
                fresh.for_each(|y| fetch(&source.plane.row(y)[reach.clone()]));
                fetched = start..end;
                let stride = source.plane.stride();
                filter_down(&source.plane.bytes()[start * stride + reach.start..], stride, weights, between);
            }
            self.turned.filter(&self.across, source.samples, |n| &self.between[n * wide..][..wide], line, out);
        }
    }

    /// `Nearest`: copies one pixel for each.
    fn pick(&self, source: Source, line: usize, out: &mut [u8]) {
        for (&y, out) in self.down.starts.iter().zip(out.chunks_exact_mut(line)) {
            let row = source.plane.row(y);
            match source.samples {
                1 => pick::<1>(row, &self.across.starts, out),
                2 => pick::<2>(row, &self.across.starts, out),
                3 => pick::<3>(row, &self.across.starts, out),
                _ => pick::<4>(row, &self.across.starts, out),
            }
        }
    }
}

fn pick<const N: usize>(row: &[u8], starts: &[usize], out: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<N>();
    starts.iter().zip(out.as_chunks_mut::<N>().0).for_each(|(&x, to)| *to = pixels[x]);
}

/// Loads `row` into the cache: a frame that a camera has just written is not in it. The filter reads small parts of many rows, which the
/// CPU's prefetcher does not predict; it does predict a whole row.
fn fetch(row: &[u8]) {
    const CACHE_LINE: usize = 64;
    black_box(row.iter().step_by(CACHE_LINE).fold(0, |all, byte| all ^ byte));
}

/// The number of rows transposed together: one pixel of all of them takes 48 or 64 bytes.
fn rows_in_a_strip(samples: usize) -> usize {
    match samples {
        1 => 4 * BLOCK,
        2 => 2 * BLOCK,
        _ => BLOCK,
    }
}

/// A strip of rows, transposed.
#[derive(Default)]
struct TransposedRows {
    transposed: Vec<u8>,
    filtered: Vec<u8>,
}

impl TransposedRows {
    /// Filters as many rows as `out` has, at most one strip. `row` returns the bytes of row n that windows use.
    fn filter<'a, W: Weight>(
        &mut self,
        windows: &Windows<W>,
        samples: usize,
        row: impl Fn(usize) -> &'a [u8],
        line: usize,
        out: &mut [u8],
    ) {
        let (rows, pitch) = (out.len() / line, rows_in_a_strip(samples));
        grow(&mut self.transposed, row(0).len() * pitch);
        grow(&mut self.filtered, line * pitch);
        for first in (0..rows).step_by(BLOCK) {
            // the last row is repeated to fill the strip; the repetitions are not copied out
            transpose_rows(std::array::from_fn(|n| row((first + n).min(rows - 1))), pitch, first, &mut self.transposed);
        }
        let across = Across {
            starts: &windows.starts,
            counts: &windows.counts,
            weights: &windows.weights,
            taps: windows.taps,
            first: windows.reach().0,
        };
        filter_across(across, pitch * samples, &self.transposed, &mut self.filtered);
        for (n, out) in out.chunks_mut(line * BLOCK).enumerate() {
            transpose_back(&self.filtered[n * BLOCK..], pitch, line, out);
        }
    }
}
