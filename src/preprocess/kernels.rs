//! The inner loops of resizing, over arrays of a fixed length, written so that LLVM vectorizes them without intrinsics. On x86-64 they
//! are compiled for the baseline and for AVX2, chosen at run time.
//!
//! Horizontal windows differ in start and length from pixel to pixel, which prevents vectorization. So a strip of rows is transposed:
//! neighbouring bytes then belong to one column of many rows, and share one window.

use multiversion::multiversion;

/// The fixed-point weight of one sample.
pub trait Weight: Copy {
    /// Fractional bits.
    const POINT: u32;

    /// A `weight` between -1 and 1, rounded.
    fn of(weight: f64) -> Self;

    /// The product.
    fn times(self, sample: u8) -> i32;

    /// Adjusts the weights of one window so that they sum to one, for types that need it.
    fn normalize(_: &mut [Self]) {}
}

/// Pillow's precision.
impl Weight for i32 {
    const POINT: u32 = 22;

    fn of(weight: f64) -> Self {
        (weight * f64::from(1 << Self::POINT)).round() as Self
    }

    #[inline(always)]
    fn times(self, sample: u8) -> i32 {
        i32::from(sample) * self
    }
}

/// The fast one: products of two 16-bit factors, the fastest vector multiplication on every CPU.
impl Weight for i16 {
    const POINT: u32 = 14;

    fn of(weight: f64) -> Self {
        (weight * f64::from(1 << Self::POINT)).round() as Self
    }

    #[inline(always)]
    fn times(self, sample: u8) -> i32 {
        i32::from(i16::from(sample)) * i32::from(self)
    }

    /// Adds the rounding error to the largest weight, so that the weights sum to one: a flat picture stays flat.
    fn normalize(weights: &mut [Self]) {
        let left = (1 << Self::POINT) - weights.iter().copied().map(i32::from).sum::<i32>();
        if let Some(largest) = weights.iter_mut().max() {
            *largest += left as Self;
        }
    }
}

/// Half of the last kept bit: added before the shift, it rounds half up.
const fn half(bits: u32) -> i32 {
    1 << (bits - 1)
}

#[inline(always)]
fn pixel(sum: i32, bits: u32) -> u8 {
    (sum >> bits).clamp(0, 255) as u8
}

/// The number of columns summed at once, in registers.
const COLUMNS: usize = 64;

/// Filters vertically: each of `out` is the weighted sum of a column of `data`, whose rows are `stride` bytes apart.
#[multiversion(targets("x86_64+avx2"))]
pub fn filter_down<W: Weight>(data: &[u8], stride: usize, weights: &[W], out: &mut [u8]) {
    let columns = out.len();
    let row = |n: usize| &data[n * stride..][..columns];
    if columns < COLUMNS {
        for (x, out) in out.iter_mut().enumerate() {
            let sum: i32 = weights.iter().enumerate().map(|(n, weight)| weight.times(row(n)[x])).sum();
            *out = pixel(sum + half(W::POINT), W::POINT);
        }
        return;
    }
    for first in (0..columns).step_by(COLUMNS) {
        // the last block overlaps the previous one, and recomputes the overlap
        let first = first.min(columns - COLUMNS);
        let mut sums = [half(W::POINT); COLUMNS];
        for (n, weight) in weights.iter().enumerate() {
            let Some(samples) = row(n)[first..].first_chunk::<COLUMNS>() else { continue };
            for (sum, sample) in sums.iter_mut().zip(samples) {
                *sum += weight.times(*sample);
            }
        }
        for (out, sum) in out[first..].iter_mut().zip(sums) {
            *out = pixel(sum, W::POINT);
        }
    }
}

/// The horizontal windows: `taps` weights are stored for each, of which `counts` are used.
#[derive(Clone, Copy)]
pub struct Across<'a, W> {
    /// The first pixel of each window.
    pub starts: &'a [usize],
    /// The number of pixels of each window.
    pub counts: &'a [usize],
    /// All weights.
    pub weights: &'a [W],
    /// The distance from one window's weights to the next one's.
    pub taps: usize,
    /// The first pixel in `transposed`.
    pub first: usize,
}

/// Filters horizontally: `transposed` has `lanes` samples for each column, one of each row; `out` has the same layout.
#[multiversion(targets("x86_64+avx2"))]
pub fn filter_across<W: Weight>(windows: Across<W>, lanes: usize, transposed: &[u8], out: &mut [u8]) {
    match lanes {
        48 => filter_columns::<W, 48>(windows, transposed, out),
        _ => filter_columns::<W, 64>(windows, transposed, out),
    }
}

#[inline(always)]
fn filter_columns<W: Weight, const LANES: usize>(windows: Across<W>, transposed: &[u8], out: &mut [u8]) {
    let ((transposed, _), (out, _)) = (transposed.as_chunks::<LANES>(), out.as_chunks_mut::<LANES>());
    let places = windows.starts.iter().zip(windows.counts);
    for (((&start, &count), weights), out) in places.zip(windows.weights.chunks_exact(windows.taps)).zip(out) {
        let mut sums = [half(W::POINT); LANES];
        for (samples, weight) in transposed[start - windows.first..][..count].iter().zip(weights) {
            for (sum, sample) in sums.iter_mut().zip(samples) {
                *sum += weight.times(*sample);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = pixel(sum, W::POINT);
        }
    }
}

/// The number of rows (and columns) of a transposed block.
pub const BLOCK: usize = 16;
type Block = [[u8; BLOCK]; BLOCK];

/// Transposes 16 rows: column n of all of them goes to `transposed[n * pitch + at..]`, 16 bytes.
#[multiversion(targets("x86_64+avx2"))]
pub fn transpose_rows(rows: [&[u8]; BLOCK], pitch: usize, at: usize, transposed: &mut [u8]) {
    match pitch {
        16 => transpose_rows_at::<16>(rows, at, transposed),
        32 => transpose_rows_at::<32>(rows, at, transposed),
        _ => transpose_rows_at::<64>(rows, at, transposed),
    }
}

#[inline(always)]
fn transpose_rows_at<const PITCH: usize>(rows: [&[u8]; BLOCK], at: usize, transposed: &mut [u8]) {
    let columns = rows[0].len();
    let (whole, rest) = (columns / BLOCK, columns % BLOCK);
    let transposed = &mut transposed.as_chunks_mut::<PITCH>().0[..columns];
    let (transposed, transposed_rest) = transposed.split_at_mut(whole * BLOCK);
    for (n, transposed) in transposed.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let mut block = [[0; BLOCK]; BLOCK];
        for (to, row) in block.iter_mut().zip(rows) {
            *to = row.as_chunks().0[n];
        }
        for (transposed, column) in transposed.iter_mut().zip(transpose_block(block)) {
            transposed[at..at + BLOCK].copy_from_slice(&column);
        }
    }
    for (n, transposed) in transposed_rest.iter_mut().enumerate() {
        transposed[at..at + BLOCK].iter_mut().zip(rows).for_each(|(transposed, row)| *transposed = row[columns - rest + n]);
    }
}

/// The inverse of [`transpose_rows`], for as many rows as `out` has, up to 16.
#[multiversion(targets("x86_64+avx2"))]
pub fn transpose_back(transposed: &[u8], pitch: usize, columns: usize, out: &mut [u8]) {
    for first in (0..columns).step_by(BLOCK) {
        let width = BLOCK.min(columns - first);
        let block = transpose_block(std::array::from_fn(|n| part(transposed, (first + n.min(width - 1)) * pitch, BLOCK)));
        for (row, out) in block.iter().zip(out.chunks_exact_mut(columns)) {
            match out[first..].first_chunk_mut::<BLOCK>() {
                Some(out) => *out = *row,
                None => out[first..].copy_from_slice(&row[..width]),
            }
        }
    }
}

/// 16 bytes from `first`; zeros after `width` of them.
#[inline(always)]
fn part(bytes: &[u8], first: usize, width: usize) -> [u8; BLOCK] {
    match bytes[first..].first_chunk::<BLOCK>() {
        Some(whole) => *whole,
        None => {
            let mut padded = [0; BLOCK];
            padded[..width].copy_from_slice(&bytes[first..][..width]);
            padded
        }
    }
}

/// Transposes a block in four steps, each of which interleaves its upper half with the lower one.
#[inline(always)]
fn transpose_block(mut rows: Block) -> Block {
    for _ in 0..BLOCK.ilog2() {
        let mut next = [[0; BLOCK]; BLOCK];
        for n in 0..BLOCK / 2 {
            [next[2 * n], next[2 * n + 1]] = interleave(rows[n], rows[n + BLOCK / 2]);
        }
        rows = next;
    }
    rows
}

#[inline(always)]
fn interleave(a: [u8; BLOCK], b: [u8; BLOCK]) -> [[u8; BLOCK]; 2] {
    let half = |first: usize| std::array::from_fn(|n| if n % 2 == 0 { a[first + n / 2] } else { b[first + n / 2] });
    [half(0), half(BLOCK / 2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of any width, transposed and back.
    #[test]
    fn transposing_twice_restores_the_rows() {
        for columns in [1, 15, 16, 17, 48, 100] {
            let rows: Vec<Vec<u8>> = (0..BLOCK).map(|y| (0..columns).map(|x| (y * 37 + x * 11) as u8).collect()).collect();
            let pitch = 32;
            let mut transposed = vec![0; columns * pitch];
            transpose_rows(std::array::from_fn(|n| rows[n].as_slice()), pitch, 0, &mut transposed);
            transpose_rows(std::array::from_fn(|n| rows[BLOCK - 1 - n].as_slice()), pitch, BLOCK, &mut transposed);
            let column = |x: usize| &transposed[x * pitch..][..pitch];
            assert!((0..columns).all(|x| (0..BLOCK).all(|y| column(x)[y] == rows[y][x])), "{columns} columns");
            assert!((0..columns).all(|x| (0..BLOCK).all(|y| column(x)[pitch - 1 - y] == rows[y][x])), "{columns} columns");
            for count in [1, 5, BLOCK] {
                let mut upright = vec![0; columns * count];
                transpose_back(&transposed, pitch, columns, &mut upright);
                assert_eq!(upright, rows[..count].concat(), "{count} rows of {columns}");
            }
        }
    }

    /// Each loop compared with a plain sum, for widths with and without a remainder.
    #[test]
    fn sums_are_rounded_half_up_and_clamped() {
        let weights: [i16; 3] = [i16::of(0.5), i16::of(0.75), i16::of(-0.25)];
        let wanted = |samples: [u8; 3]| {
            let [a, b, c] = samples.map(f64::from);
            (a * 0.5 + b * 0.75 - c * 0.25 + 0.5).floor().clamp(0.0, 255.0) as u8
        };
        for columns in [1, 63, 64, 65, 130] {
            let data: Vec<u8> = (0..columns * 3).map(|n| (n * 89 + n / 7) as u8).collect();
            let mut out = vec![0; columns];
            filter_down(&data, columns, &weights, &mut out);
            let all: Vec<u8> = (0..columns).map(|x| wanted([0, 1, 2].map(|y| data[y * columns + x]))).collect();
            assert_eq!(out, all);
        }
        for lanes in [48, 64] {
            let transposed: Vec<u8> = (0..lanes * 4).map(|n| (n * 89 + n / 7) as u8).collect();
            let weights = [weights, weights].concat();
            let windows = Across { starts: &[5, 6], counts: &[3, 2], weights: &weights, taps: 3, first: 5 };
            let mut out = vec![0; lanes * 2];
            filter_across(windows, lanes, &transposed, &mut out);
            for n in 0..lanes {
                assert_eq!(out[n], wanted([0, 1, 2].map(|x| transposed[x * lanes + n])));
                let two = f64::from(transposed[lanes + n]) * 0.5 + f64::from(transposed[2 * lanes + n]) * 0.75 + 0.5;
                assert_eq!(out[lanes + n], two.floor().clamp(0.0, 255.0) as u8);
            }
        }
    }
}
