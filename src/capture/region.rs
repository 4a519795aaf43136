//! What the user can set of a region of a camera's picture: the section `[[camera.region]]`.

use crate::frame::{Crop, Orientation, Rect};
use crate::settings::{Key, Kind, Placed, Section, heading};
use std::sync::Arc;

/// The section.
pub const SECTION: &str = "camera.region";

/// The longest name of a region, in bytes: each message carries it.
const NAME: usize = 128;

const ROTATIONS: [(&str, &str, u32); 4] = [("0", "", 0), ("90", "", 90), ("180", "", 180), ("270", "", 270)];

/// The keys.
pub const KEYS: [Key; 4] = [
    Key::new("name", Kind::Text, "The name of the region in the results").default_described("region"),
    Key::new(
        "rect",
        Kind::Rect,
        "The part of the upright picture that is classified: left, top, width, height, as shares of it (0 to 1) or in pixels",
    )
    .default_described("the whole picture")
    .flag("--region", "X,Y,W,H", heading::CAMERA),
    Key::new("model", Kind::Text, "The name of the model that classifies it").default_described("the only model"),
    Key::new(
        "rotate",
        Kind::Choice(&ROTATIONS),
        "Degrees clockwise that make its content upright, after the rotation of the camera",
    )
    .default("0"),
];

/// A region of a camera's picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its name in results.
    pub name: Arc<str>,
    /// Where it is.
    pub crop: Crop,
    /// The name of its model; `None`: the only model.
    pub model: Option<Arc<str>>,
}

impl Region {
    /// The regions of the camera of `section`. One that a flag names is in place of those of the file.
    pub fn all(section: &Section) -> Vec<Self> {
        let flag = section.section_of_flags(SECTION);
        if flag.has("rect") {
            return Self::read(&flag, true).into_iter().collect();
        }
        let sections = section.sections("region", SECTION);
        let regions: Vec<_> = sections.iter().filter_map(|region| Self::read(region, sections.len() == 1)).collect();
        for (n, region) in regions.iter().enumerate() {
            if regions[..n].iter().any(|other| other.name == region.name) {
                section.fault("region", format!("a second region of this camera is called '{}'", region.name));
            }
        }
        regions
    }

    /// The part of the picture that flags name.
    pub fn crop_of_flags(section: &Section) -> Option<Crop> {
        let flag = section.section_of_flags(SECTION);
        if flag.has("rect") { Self::read(&flag, true).map(|region| region.crop) } else { None }
    }

    fn read(section: &Section, is_only: bool) -> Option<Self> {
        let before = section.count();
        let name = section.get::<Option<String>>("name");
        if let Some(name) = &name
            && (name.trim().is_empty() || name.len() > NAME || name.contains(char::is_control))
        {
            section.fault("name", format!("a region's name is a word or two, of at most {NAME} bytes"));
        }
        if !is_only && !section.has("name") {
            section.fault("name", "this region has no name; with more than one, each needs its own");
        }
        let rect = section.placed::<[f64; 4]>("rect").map(|Placed { value, origin }| {
            Rect::new(value).unwrap_or_else(|wrong| {
                section.invalid(origin, format!("this region is no part of a picture: {wrong}"));
                Rect::WHOLE
            })
        });
        let rotation = Orientation::rotated(section.choice("rotate", &ROTATIONS)).unwrap_or_default();
        let model = section.get::<Option<String>>("model").map(Arc::from);
        let crop = Crop { rect: rect.unwrap_or(Rect::WHOLE), rotation };
        let region = Self { name: name.as_deref().unwrap_or("region").into(), crop, model };
        (section.count() == before).then_some(region)
    }
}
