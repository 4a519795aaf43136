//! Mutations of valid inputs, the same in every run.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A mutation: the position, the number of removed bytes, and the inserted bytes.
#[derive(Debug, Clone)]
struct Edit {
    at: Index,
    gone: usize,
    new: Vec<u8>,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    const WORDS: [&str; 31] = [
        "",
        "\"",
        "=",
        "[",
        "]",
        "${",
        "}",
        ":-",
        "#",
        "\n",
        "\\",
        "!",
        "0",
        "-1",
        "1e999",
        "NaN",
        "null",
        "true",
        "\u{feff}",
        "\r\n",
        "[[camera]]",
        "[model]",
        "9223372036854775808",
        "\u{1F600}",
        "0x",
        "1979-05-27",
        "'''",
        "\"\"\"",
        "{",
        ",",
        ".",
    ];
    let word = prop::sample::select(&WORDS[..]).prop_map(|word: &str| word.as_bytes().to_vec());
    let new = prop_oneof![3 => word, 1 => vec(any::<u8>(), 0..9), 1 => any::<u8>().prop_map(|byte| vec![byte; 300])];
    let gone = prop_oneof![4 => 0usize..4, 1 => 0usize..400];
    vec((any::<Index>(), gone, new).prop_map(|(at, gone, new)| Edit { at, gone, new }), 1..6)
}

fn edited(sound: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for Edit { at, gone, new } in edits {
        let start = at.index(bytes.len() + 1);
        let end = (start + gone).min(bytes.len());
        bytes.splice(start..end, new.iter().copied());
    }
    bytes
}

/// Calls `take` with mutations of `sound`.
pub fn with_faults(sound: &[u8], cases: u32, take: impl Fn(&[u8])) {
    with_all(edits(), cases, |edits| take(&edited(sound, &edits)));
}

/// Calls `take` with `cases` values of `strategy`, the same in every run; the environment may set more. A panic fails the test with
/// the smallest value.
pub fn with_all<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, cases: u32, take: impl Fn(T)) {
    let cases = std::env::var("GLIMPSED_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let run = runner.run(&strategy, |value| {
        take(value);
        Ok(())
    });
    run.unwrap_or_else(|e| panic!("{e}"));
}

/// The same for text; bytes that are not UTF-8 are replaced.
pub fn with_faulty_text(sound: &str, cases: u32, take: impl Fn(&str)) {
    with_faults(sound.as_bytes(), cases, |bytes| take(&String::from_utf8_lossy(bytes)));
}
