//! The orientation of a source's frames, from its tags or from the user's settings.

use crate::frame::Orientation;
use gstreamer::{self as gst, prelude::*};
use std::sync::{Arc, Mutex, PoisonError};

/// The configured orientation correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The rotation.
    pub rotate: Rotate,
    /// Whether the rotated frame is mirrored horizontally.
    pub mirror: bool,
}

/// The rotation that makes frames upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotate {
    /// From the tags of the file or stream, such as the rotation matrix of a phone's video.
    Auto,
    /// This one, regardless of the tags.
    By(Orientation),
}

impl Turn {
    /// The orientation of frames whose source is tagged with `tagged`.
    pub fn of(self, tagged: Orientation) -> Orientation {
        let turned = match self.rotate {
            Rotate::Auto => tagged,
            Rotate::By(orientation) => orientation,
        };
        if self.mirror { turned.then_mirrored() } else { turned }
    }
}

/// The orientation from the latest tags on a pad.
#[derive(Clone, Default)]
pub struct Tagged(Arc<Mutex<Orientation>>);

impl Tagged {
    /// Reads the tags on `pad` from now on.
    pub fn on(pad: &gst::Pad) -> Self {
        let tagged = Self::default();
        let heard = tagged.clone();
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            match info.event().map(|event| event.view()) {
                Some(gst::EventView::StreamStart(_)) => heard.set(Orientation::UPRIGHT),
                Some(gst::EventView::Tag(tag)) => {
                    if let Some(orientation) = tag.tag().get::<gst::tags::ImageOrientation>().and_then(|tag| of_tag(tag.get())) {
                        heard.set(orientation);
                    }
                }
                _ => {}
            }
            gst::PadProbeReturn::Ok
        });
        tagged
    }

    fn set(&self, orientation: Orientation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = orientation;
    }

    /// The current orientation.
    pub fn get(&self) -> Orientation {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parses GStreamer's tag `image-orientation`: mirrored first ("flip"), then rotated clockwise.
fn of_tag(text: &str) -> Option<Orientation> {
    let exif = match text {
        "rotate-0" => 1,
        "flip-rotate-0" => 2,
        "rotate-180" => 3,
        "flip-rotate-180" => 4,
        "flip-rotate-270" => 5,
        "rotate-90" => 6,
        "flip-rotate-90" => 7,
        "rotate-270" => 8,
        _ => return None,
    };
    Orientation::from_exif(exif)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_setting_overrides_the_tags() {
        let exif = |value| Orientation::from_exif(value).unwrap();
        let turn = |rotate, mirror| Turn { rotate, mirror }.of(exif(6));
        assert_eq!(turn(Rotate::Auto, false), exif(6));
        assert_eq!(turn(Rotate::By(Orientation::UPRIGHT), false), exif(1));
        assert_eq!(turn(Rotate::By(exif(3)), false), exif(3));
        // rotated clockwise, then mirrored: rows DA EB FC become AD BE CF
        assert_eq!(turn(Rotate::Auto, true), exif(5));
        assert_eq!(turn(Rotate::By(exif(1)), true), exif(2));
    }
}
