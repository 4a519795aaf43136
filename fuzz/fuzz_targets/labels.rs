//! A file of labels, in any of its forms.

#![no_main]

use glimpsed::labels::Labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(labels) = Labels::parse(bytes, "fuzz.txt") {
        assert!((0..labels.len()).all(|index| !labels.name(index).is_empty()));
    }
});
