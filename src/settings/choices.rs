//! The words of a choice.

use std::fmt::Debug;

/// The words of a choice, each with what it means.
pub trait Choices: Sync + Debug {
    /// The words.
    fn names(&self) -> Vec<(&'static str, &'static str)>;
}

/// Words, what they mean, and the values that they stand for.
impl<T: Sync + Debug, const N: usize> Choices for [(&'static str, &'static str, T); N] {
    fn names(&self) -> Vec<(&'static str, &'static str)> {
        self.iter().map(|(name, help, _)| (*name, *help)).collect()
    }
}

impl<const N: usize> Choices for [&'static str; N] {
    fn names(&self) -> Vec<(&'static str, &'static str)> {
        self.iter().map(|name| (*name, "")).collect()
    }
}

/// The words of `choices`, without what they mean.
pub fn words(choices: &dyn Choices) -> Vec<&'static str> {
    choices.names().into_iter().map(|(name, _)| name).collect()
}
