//! "Did you mean ...?": the known word most similar to a misspelt one.

/// The word of `known` most similar to `word`, if any is similar.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase();
    let likeness = |known: &str| (strsim::jaro_winkler(&word, known) * 1e6) as u32;
    known.iter().copied().map(|known| (likeness(known), known)).filter(|(like, _)| *like > 780_000).max().map(|(_, known)| known)
}

/// Synonyms that users may write.
const SYNONYMS: [(&str, &str); 5] = [("npu", "qnn"), ("htp", "qnn"), ("dsp", "qnn"), ("hexagon", "qnn"), ("squash", "stretch")];

/// The word of `known` with the same meaning as `word`.
pub fn synonym<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase();
    let meant = SYNONYMS.iter().filter(|(other, _)| *other == word).map(|(_, meant)| *meant);
    meant.filter_map(|meant| known.iter().copied().find(|known| *known == meant)).next()
}

/// The word of `known` that differs from `word` in a few letters: for long lists with many similar words. Words with different numbers
/// are different (`x264enc`, `x265enc`).
pub fn misspelt(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let word = word.to_lowercase();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let number = digits(&word);
    let most = match word.len() {
        0..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let distances = known.filter_map(|known| {
        let other = digits(&known);
        let another_number = other.len() == number.len() && other != number;
        let distance = strsim::osa_distance(&word, &known.to_lowercase());
        (distance <= most && !another_number).then_some((distance, known))
    });
    distances.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word() {
        let known = ["provider", "pipeline", "stall_timeout"];
        assert_eq!(nearest("provder", &known), Some("provider"));
        assert_eq!(nearest("PIPLINE", &known), Some("pipeline"));
        assert_eq!(nearest("stalltimeout", &known), Some("stall_timeout"));
        assert_eq!(nearest("xyz", &known), None);
    }

    #[test]
    fn a_synonym() {
        let known = ["cpu", "qnn", "auto"];
        assert_eq!((synonym("NPU", &known), synonym("cpu", &known), synonym("npu", &["top"])), (Some("qnn"), None, None));
    }

    #[test]
    fn a_word_that_differs_in_a_few_letters() {
        let known = || ["videoconvert", "videoscale", "v4l2src", "x264enc", "jpegdec", "tee"].into_iter().map(str::to_owned);
        let guess = |word: &str| misspelt(word, known());
        assert_eq!(guess("vidoconvret").as_deref(), Some("videoconvert"));
        assert_eq!(guess("VideoConvert").as_deref(), Some("videoconvert"));
        assert_eq!(guess("v4lsrc").as_deref(), Some("v4l2src"));
        assert_eq!(guess("jpgdec").as_deref(), Some("jpegdec"));
        assert_eq!((guess("x265enc"), guess("qtivtransform"), guess("the")), (None, None, Some("tee".to_owned())));
    }
}
