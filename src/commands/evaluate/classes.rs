//! Which class of the model the name of a folder, or a label of a list, means.

use crate::labels::Labels;
use crate::suggest;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// One class, or two of the same name.
#[derive(Debug, Clone, Copy)]
enum Named {
    One(usize),
    Several(usize, usize),
}

/// The classes of a model by their names.
pub struct Classes<'l> {
    labels: &'l Labels,
    exact: HashMap<String, Named>,
    loose: HashMap<String, Named>,
    /// `tench` of `tench, Tinca tinca`.
    first: HashMap<String, Named>,
}

impl<'l> Classes<'l> {
    /// Those of `labels`.
    pub fn new(labels: &'l Labels) -> Self {
        let names = || (0..labels.len()).map(|index| (labels.name(index), index));
        let before_comma = |(name, index): (&'l str, usize)| Some((loosened(name.split_once(',')?.0), index));
        Self {
            labels,
            exact: by_name(names().map(|(name, index)| (name.to_owned(), index))),
            loose: by_name(names().map(|(name, index)| (loosened(name), index))),
            first: by_name(names().filter_map(before_comma)),
        }
    }

    /// The class that `word` means: by its name, its number, or its WordNet id. An error says what it could mean.
    pub fn find(&self, word: &str) -> Result<usize, String> {
        let synset = synset(word);
        let by_synset = synset.and_then(|(id, _)| self.labels.of_synset(id));
        let number = || word.parse().ok().filter(|index| *index < self.labels.len());
        let named = self.named(word).or_else(|| self.named(synset?.1));
        match (by_synset, named) {
            (Some(index), _) => Ok(index),
            (None, Some(Named::One(index))) => Ok(index),
            (None, Some(Named::Several(one, other))) => {
                Err(format!("'{word}' is the name of several classes, {one} and {other}: use the number instead"))
            }
            (None, None) => number().ok_or_else(|| self.unknown(word, synset.is_some())),
        }
    }

    fn named(&self, word: &str) -> Option<Named> {
        let loose = loosened(word);
        let found = self.exact.get(word).or_else(|| self.loose.get(&loose)).or_else(|| self.first.get(&loose));
        found.copied()
    }

    fn unknown(&self, word: &str, is_synset: bool) -> String {
        if is_synset {
            return format!("'{word}' has a WordNet id, which needs labels with such ids: synset_words.txt");
        }
        let loose = loosened(word);
        let known: Vec<&str> = self.loose.keys().map(String::as_str).collect();
        let misspelt = suggest::misspelt(&loose, self.loose.keys().cloned());
        let near = misspelt.or_else(|| suggest::nearest(&loose, &known).map(str::to_owned));
        match near.and_then(|near| self.loose.get(&near)) {
            Some(Named::One(index) | Named::Several(index, _)) => {
                format!("'{word}' is no class of the model; did you mean '{}'?", self.labels.name(*index))
            }
            None => format!("'{word}' is no class of the model"),
        }
    }
}

/// A name as it is compared: case does not count, and an underscore stands for a space.
fn loosened(name: &str) -> String {
    name.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The WordNet id at the beginning of `word`, and the name after it: `n01440764`, `n01440764_tench`.
fn synset(word: &str) -> Option<(u32, &str)> {
    let (digits, rest) = word.strip_prefix('n')?.split_at_checked(8)?;
    let id = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    (rest.is_empty() || rest.starts_with(['_', '-', ' '])).then(|| (id, rest.trim_start_matches(['_', '-', ' '])))
}

fn by_name(names: impl Iterator<Item = (String, usize)>) -> HashMap<String, Named> {
    let mut classes = HashMap::new();
    for (name, index) in names {
        match classes.entry(name) {
            Entry::Vacant(free) => {
                free.insert(Named::One(index));
            }
            Entry::Occupied(mut taken) => {
                if let Named::One(other) = *taken.get() {
                    taken.insert(Named::Several(other, index));
                }
            }
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(labels: &str, word: &str) -> Result<usize, String> {
        Classes::new(&Labels::parse(labels.as_bytes(), "test").unwrap()).find(word)
    }

    #[test]
    fn a_class_is_found_by_name_number_or_wordnet_id() {
        let animals = "tench, Tinca tinca\nGreat White Shark\ncock\nAfrican grey\n";
        for (word, class) in [
            ("tench, Tinca tinca", 0),
            ("Tench", 0),
            ("great_white_shark", 1),
            ("GREAT  white shark", 1),
            ("2", 2),
            ("n01514668_cock", 2),
        ] {
            assert_eq!(found(animals, word), Ok(class), "{word}");
        }
        let words = "n01440764 tench, Tinca tinca\nn02012849 crane\nn03126707 crane\n";
        for (word, class) in [("n01440764", 0), ("n03126707", 2), ("n02012849_crane", 1), ("tench", 0), ("1", 1)] {
            assert_eq!(found(words, word), Ok(class), "{word}");
        }
        // letters differ by case alone, and a number may be a name
        assert_eq!([found("a\nA\n", "A"), found("0\n90\n180\n1\n", "90"), found("7\n1\n", "1")], [Ok(1), Ok(1), Ok(1)]);
        assert_eq!(found("cat\ndog\n", "01"), Ok(1));
    }

    #[test]
    fn what_is_unknown_or_has_two_meanings_is_told() {
        let told = |labels, word| found(labels, word).unwrap_err();
        assert_eq!(told("tench\ncock\n", "Tecnh"), "'Tecnh' is no class of the model; did you mean 'tench'?");
        assert_eq!(told("tench\ncock\n", "xyz"), "'xyz' is no class of the model");
        assert_eq!(told("tench\ncock\n", "2000000"), "'2000000' is no class of the model");
        assert!(told("tench\n", "n01514668").contains("WordNet id, which needs labels"), "{}", told("tench\n", "n01514668"));
        assert!(told("crane\nCrane\n", "CRANE").contains("several classes, 0 and 1"));
    }
}
