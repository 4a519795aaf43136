//! Deinterleaves packed samples. As in `kernels`, written so that LLVM vectorizes it.

use multiversion::multiversion;

/// Splits pairs into their first and second bytes. The outputs have equal lengths, which determine the number of pairs.
#[multiversion(targets("x86_64+avx2"))]
pub fn deinterleave_pairs(packed: &[u8], first: &mut [u8], second: &mut [u8]) {
    const PAIRS: usize = 64;
    let packed = &packed[..2 * first.len()];
    let ((blocks, rest), (firsts, first), (seconds, second)) =
        (packed.as_chunks::<{ 2 * PAIRS }>(), first.as_chunks_mut::<PAIRS>(), second.as_chunks_mut::<PAIRS>());
    for ((block, first), second) in blocks.iter().zip(firsts).zip(seconds) {
        for n in 0..PAIRS {
            (first[n], second[n]) = (block[2 * n], block[2 * n + 1]);
        }
    }
    for ((pair, first), second) in rest.as_chunks::<2>().0.iter().zip(first).zip(second) {
        (*first, *second) = (pair[0], pair[1]);
    }
}

/// Splits triples into their first, second and third bytes, one after the other.
#[multiversion(targets("x86_64+avx2"))]
pub fn deinterleave_triples(packed: &[u8], out: &mut [u8]) {
    let (triples, _) = packed.as_chunks::<3>();
    let (first, rest) = out.split_at_mut(triples.len());
    let (second, third) = rest.split_at_mut(triples.len());
    for (((triple, first), second), third) in triples.iter().zip(first).zip(second).zip(third) {
        [*first, *second, *third] = *triple;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_up_to_the_last() {
        for pairs in [1, 63, 64, 200] {
            let packed: Vec<u8> = (0..pairs * 2).map(|n| n as u8).collect();
            let (mut first, mut second) = (vec![0; pairs], vec![0; pairs]);
            deinterleave_pairs(&packed, &mut first, &mut second);
            assert!((0..pairs).all(|n| (first[n], second[n]) == (packed[2 * n], packed[2 * n + 1])));
        }
    }

    #[test]
    fn triples_become_three_planes() {
        let mut out = vec![0; 300];
        deinterleave_triples(&(0..300).map(|n| (n % 256) as u8).collect::<Vec<_>>(), &mut out);
        assert!((0..100).all(|n| [out[n], out[100 + n], out[200 + n]] == [0, 1, 2].map(|c| (3 * n + c) as u8)));
    }
}
