//! The usual recipes, of which a person chooses one: by eye (`classify --try`) or by accuracy (`evaluate --try`).

use crate::error::Result;
use crate::model::recipe::{Given, KNOWN, Origin, Stated};
use crate::preprocess::{Colour, Params};
use crate::startup::OpenModel;

/// One recipe.
pub struct Tried {
    /// The flags that give it.
    pub flags: String,
    /// What it is.
    pub words: String,
    /// How a picture becomes the input, or why it cannot be.
    pub params: Result<Params>,
}

/// The recipe in force, then the usual ones that differ from it.
pub fn usual(opened: &OpenModel) -> Vec<Tried> {
    let OpenModel { model, recipe, .. } = opened;
    let mut set = Stated::of_settings(&opened.settings.preprocess);
    let of = |flags: String, words: String, set: Stated| Tried {
        flags,
        words,
        params: model.recipe(set).map(|settled| settled.recipe.params()),
    };
    let mut tried = vec![of(String::new(), "the recipe in force".into(), set.clone())];
    for known in KNOWN.iter().filter(|known| known.normalize != recipe.normalize.value) {
        set.normalize = Some(Given::new(known.normalize, Origin::Flag));
        tried.push(of(format!("--normalize {}", known.name), known.words.into(), set.clone()));
    }
    // one channel has no order
    if model.input.channels() == 1 {
        return tried;
    }
    let swapped = if recipe.colour.value == Colour::Bgr { ("rgb", Colour::Rgb) } else { ("bgr", Colour::Bgr) };
    set.normalize = Some(recipe.normalize.clone());
    set.colour = Some(Given::new(swapped.1, Origin::Flag));
    tried.push(of(format!("--colour {}", swapped.0), format!("{} instead", swapped.0.to_uppercase()), set));
    tried
}
