//! The inner loops of resizing. Written plainly: of these forms compilers make multiply-and-add instructions (pmaddwd, smlal), without
//! a line for any one CPU. On x86-64 they are compiled twice, and the CPU decides when the program runs.

use multiversion::multiversion;

/// Rows that are summed in one go, so that the sums are loaded and stored once for all of them.
const GROUP: usize = 4;

/// Sets `sums` to the sum of rows, each times its weight, column by column. `row` gives row n; there is one for each weight, as long
/// as `sums` at least.
pub fn sum_rows<'a>(row: impl Fn(usize) -> &'a [u8], weights: &[i16], sums: &mut [i32]) {
    sums.fill(0);
    let last = weights.len() - 1;
    for first in (0..weights.len()).step_by(GROUP) {
        // behind the last row the last one again, times nothing
        let rows = std::array::from_fn(|n| row((first + n).min(last)));
        add_rows(rows, std::array::from_fn(|n| weights.get(first + n).copied().unwrap_or(0)), sums);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add_rows(rows: [&[u8]; GROUP], weights: [i16; GROUP], sums: &mut [i32]) {
    let [a, b, c, d] = rows.map(|row| &row[..sums.len()]);
    let times = |pixel: u8, weight: i16| i32::from(i16::from(pixel)) * i32::from(weight);
    for (n, sum) in sums.iter_mut().enumerate() {
        *sum += times(a[n], weights[0]) + times(b[n], weights[1]) + times(c[n], weights[2]) + times(d[n], weights[3]);
    }
}

/// Sets each of `sums` to the sum of products of one window: samples of `row` from its start on, times its `taps` weights.
#[multiversion(targets("x86_64+avx2"))]
pub fn sum_windows(starts: &[usize], weights: &[i16], taps: usize, row: &[i16], sums: &mut [i32]) {
    for ((&start, weights), sum) in starts.iter().zip(weights.chunks_exact(taps)).zip(sums) {
        let samples = &row[start..start + taps];
        *sum = samples.iter().zip(weights).map(|(sample, weight)| i32::from(*sample) * i32::from(*weight)).sum();
    }
}
