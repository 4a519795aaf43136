//! The part of the recipe that one source contains, and the precedence of sources.

use super::given::{Given, Origin};
use crate::preprocess::{Chosen, Colour, Filter, Fit, Normalize, Set};
use crate::tensor::Scores;

/// The values of one source; `None` if it does not contain one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stated {
    /// The order of the channels.
    pub colour: Option<Given<Colour>>,
    /// Mean and standard deviation of R, G and B.
    pub normalize: Option<Given<Normalize>>,
    /// Stretch, crop or letterbox.
    pub fit: Option<Given<Fit>>,
    /// The share of the resized picture that is kept. It belongs to the fit of the same source.
    pub crop_share: Option<Given<f64>>,
    /// The colour of a letterbox's bars.
    pub bars: Option<Given<[u8; 3]>>,
    /// The resampling filter.
    pub filter: Option<Given<Filter>>,
    /// What the numbers of the output are.
    pub activation: Option<Given<Scores>>,
    /// Width and height of the picture, for models that leave them free.
    pub size: Option<Given<(u32, u32)>>,
    /// The names of the classes.
    pub labels: Option<Given<Vec<String>>>,
}

impl Stated {
    /// What a user `chose`.
    pub fn of_settings(chose: &Chosen) -> Self {
        fn given<T>(set: Option<Set<T>>) -> Option<Given<T>> {
            set.map(|set| Given::new(set.value, if set.by_flag { Origin::Flag } else { Origin::Config }))
        }
        Self {
            colour: given(chose.colour),
            normalize: given(chose.normalize),
            fit: given(chose.fit),
            crop_share: given(chose.crop_share),
            bars: given(chose.bars),
            filter: given(chose.filter),
            ..Self::default()
        }
    }

    /// Whether it contains nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These values, and those of `base` for the rest. A crop share of `base` is not taken if the fit differs, since the two belong
    /// together.
    pub fn over(self, base: Self) -> Self {
        let same_fit = match (&self.fit, &base.fit) {
            (Some(fit), Some(other)) => fit.value == other.value,
            (Some(_), None) => false,
            (None, _) => true,
        };
        Self {
            colour: self.colour.or(base.colour),
            normalize: self.normalize.or(base.normalize),
            crop_share: self.crop_share.or(base.crop_share.filter(|_| same_fit)),
            fit: self.fit.or(base.fit),
            bars: self.bars.or(base.bars),
            filter: self.filter.or(base.filter),
            activation: self.activation.or(base.activation),
            size: self.size.or(base.size),
            labels: self.labels.or(base.labels),
        }
    }

    /// What `fit`, and `share` of it, say, both from `origin`.
    pub fn fitted(&mut self, fit: Fit, share: f64, origin: &Origin) {
        self.fit = Some(Given::new(fit, origin.clone()));
        self.crop_share = (share > 0.0 && share <= 1.0).then(|| Given::new(share, origin.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_goes_with_its_fit() {
        let file = || {
            let mut stated = Stated::default();
            stated.fitted(Fit::Crop, 0.9, &Origin::File("config.json".into()));
            stated.filter = Some(Given::new(Filter::Bilinear, Origin::File("config.json".into())));
            stated
        };
        let flag = |fit| Stated { fit: Some(Given::new(fit, Origin::Flag)), ..Stated::default() };
        let stretched = flag(Fit::Stretch).over(file());
        assert_eq!((stretched.crop_share, stretched.filter.unwrap().value), (None, Filter::Bilinear));
        let cropped = flag(Fit::Crop).over(file());
        assert_eq!((cropped.fit.unwrap().origin, cropped.crop_share.unwrap().value), (Origin::Flag, 0.9));
        assert_eq!(Stated::default().over(file()), file());
        assert!(Stated::default().is_empty() && !file().is_empty());
    }
}
