//! Resizing one plane of a YUV picture: the live case, and so the quick one. Columns first, one 16-bit weight for each sample.
//!
//! Chroma that is stored for several pixels is weighted by all of them: the sums are those of the picture at full chroma, without
//! making it.

use super::filter::{Filter, QUICK, Windows};
use super::fit::Placement;
use super::grow;
use super::sums::{sum_rows, sum_windows};
use crate::frame::Plane;

/// Resizes planes with one filter; keeps windows and memory from frame to frame.
#[derive(Default)]
pub struct PlaneResizer {
    filter: Filter,
    across: Windows,
    down: Windows,
    /// The starts of the windows across, counted from the first column that is looked at.
    starts: Vec<usize>,
    /// The sums of one row as wide as the source, and as wide as the result.
    sums: Vec<i32>,
    narrow: Vec<i32>,
    /// One row, sample after sample of a pixel, each with room for the longest window behind its end.
    row: Vec<i16>,
}

impl PlaneResizer {
    /// A resizer with `filter`.
    pub fn new(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// Resizes `plane`, of a picture of `size` pixels that share its samples as `shared` says (across, down), as `place` says: `N`
    /// interleaved samples a pixel in `out`, rows without padding. `out` grows where it is too short.
    pub fn resize<const N: usize>(
        &mut self,
        plane: Plane,
        size: (u32, u32),
        shared: (u32, u32),
        place: &Placement,
        out: &mut Vec<u8>,
    ) {
        let [across, down] = place.spans(self.filter, size, shared);
        self.across.prepare(across);
        self.down.prepare(down);
        let line = place.width as usize * N;
        grow(out, line * place.height as usize);
        let lines = out.chunks_exact_mut(line).take(place.height as usize);
        if self.filter == Filter::Nearest {
            return pick::<N>(&self.across, &self.down, plane, lines);
        }
        let (first, end) = self.across.reach();
        let row = |y: usize| &plane.data[y * plane.stride + first * N..][..(end - first) * N];
        self.starts.clear();
        self.starts.extend(self.across.starts.iter().map(|start| start - first));
        self.sums.resize((end - first) * N, 0);
        self.narrow.resize(place.width as usize, 0);
        let part = end - first + self.across.taps;
        if self.row.len() != part * N {
            self.row.clear();
            self.row.resize(part * N, 0);
        }
        for (n, out) in lines.enumerate() {
            let (start, weights) = (self.down.starts[n], &self.down.quick[n * self.down.taps..][..self.down.counts[n]]);
            sum_rows(|at| row(start + at), weights, &mut self.sums);
            for (sample, to) in self.row.chunks_exact_mut(part).enumerate() {
                let sums = self.sums.chunks_exact(N).map(|pixel| i16::from(rounded(pixel[sample])));
                to.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum);
            }
            for (at, row) in self.row.chunks_exact(part).enumerate() {
                sum_windows(&self.starts, &self.across.quick, self.across.taps, row, &mut self.narrow);
                out[at..].iter_mut().step_by(N).zip(&self.narrow).for_each(|(out, sum)| *out = rounded(*sum));
            }
        }
    }
}

/// `Nearest`: one sample for each.
fn pick<'a, const N: usize>(across: &Windows, down: &Windows, plane: Plane, out: impl Iterator<Item = &'a mut [u8]>) {
    for (&y, out) in down.starts.iter().zip(out) {
        let row = &plane.data[y * plane.stride..];
        for (&x, to) in across.starts.iter().zip(out.chunks_exact_mut(N)) {
            to.copy_from_slice(&row[x * N..][..N]);
        }
    }
}

/// Rounded half up, clamped.
#[inline(always)]
fn rounded(sum: i32) -> u8 {
    ((sum + (1 << (QUICK - 1))) >> QUICK).clamp(0, 255) as u8
}
