//! Whether two pictures of a model's input are nearly the same.

use multiversion::multiversion;

/// Cells of the grid, across and down.
const GRID: usize = 8;

/// A single cell may differ by this many times as much as the whole picture.
const CELL: f64 = 4.0;

/// Whether the pictures `first` and `second` (RGB RGB, `width` columns) differ by less than `share` of the range of a sample, on average
/// over all samples, and no cell of an 8x8 grid by more than four times that: a small thing that moves changes its cell, noise changes
/// all of them a little.
#[multiversion(targets("x86_64+avx2"))]
pub fn is_similar(first: &[u8], second: &[u8], width: usize, share: f64) -> bool {
    let row = width * 3;
    if row == 0 || first.len() != second.len() || !first.len().is_multiple_of(row) {
        return false;
    }
    let (height, most) = (first.len() / row, share * f64::from(u8::MAX));
    let column = |cell: usize| width * cell / GRID * 3;
    let mut total = 0;
    for down in 0..GRID {
        let (top, end) = (height * down / GRID, height * (down + 1) / GRID);
        let mut cells = [0; GRID];
        for (first, second) in first[top * row..end * row].chunks_exact(row).zip(second[top * row..end * row].chunks_exact(row)) {
            for (across, sum) in cells.iter_mut().enumerate() {
                let cell = column(across)..column(across + 1);
                // at most 16384 columns of 3 samples: the sum of a row fits
                let differences = first[cell.clone()].iter().zip(&second[cell]).map(|(a, b)| u32::from(a.abs_diff(*b)));
                *sum += u64::from(differences.sum::<u32>());
            }
        }
        for (across, sum) in cells.into_iter().enumerate() {
            let samples = (end - top) * (column(across + 1) - column(across));
            if sum as f64 > most * CELL * samples as f64 {
                return false;
            }
            total += sum;
        }
    }
    (total as f64) < most * first.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A gray picture in which `change` sets samples.
    fn changed(width: usize, height: usize, change: impl FnOnce(&mut [u8])) -> (Vec<u8>, Vec<u8>) {
        let before = vec![100; width * height * 3];
        let mut after = before.clone();
        change(&mut after);
        (before, after)
    }

    #[test]
    fn the_average_difference_is_compared() {
        let by = |levels: u8| changed(224, 224, |picture| picture.fill(100 + levels));
        let similar = |levels, share| {
            let (before, after) = by(levels);
            is_similar(&before, &after, 224, share)
        };
        assert!(similar(0, 0.001) && similar(2, 0.01), "2 of 255 are 0.8 %");
        assert!(!similar(3, 0.01) && similar(3, 0.0118));
    }

    #[test]
    fn a_small_thing_that_moves_is_a_change_of_its_cell() {
        // 12x12 pixels are 0.3 % of the picture, and 18 % of a cell of 28x28
        let (before, after) = changed(224, 224, |picture| {
            for y in 60..72 {
                picture[(y * 224 + 60) * 3..(y * 224 + 72) * 3].fill(200);
            }
        });
        let average = 144.0 * 100.0 / (224.0 * 224.0 * 255.0);
        assert!(average < 0.0012 && !is_similar(&before, &after, 224, 0.01));
        assert!(is_similar(&before, &after, 224, 0.02));
    }

    #[test]
    fn pictures_of_other_sizes_are_not_similar() {
        assert!(
            !is_similar(&[0; 12], &[0; 24], 2, 0.5) && !is_similar(&[], &[0; 3], 1, 0.5) && !is_similar(&[0; 4], &[0; 4], 1, 0.5)
        );
        assert!(is_similar(&[7; 3], &[7; 3], 1, 0.5), "smaller than the grid");
    }

    proptest! {
        #[test]
        fn each_sample_counts_once((width, height) in (1_usize..40, 1_usize..40), at in any::<prop::sample::Index>()) {
            let (before, after) = changed(width, height, |picture| picture[at.index(picture.len())] = 101);
            let share = |levels: f64| levels / 255.0 / before.len() as f64;
            prop_assert!(!is_similar(&before, &after, width, share(0.99)));
            // its cell alone may be all of the difference: only the average is of interest
            let cell = before.len() as f64;
            prop_assert!(is_similar(&before, &after, width, share(1.01) * cell));
        }
    }
}
