//! Which way up a source's frames are: what its tags say, and what the user says.

use crate::frame::Orientation;
use gstreamer::{self as gst, prelude::*};
use std::sync::{Arc, Mutex, PoisonError};

/// How frames are made upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// The rotation.
    pub rotate: Rotate,
    /// Whether left and right are exchanged after that.
    pub mirror: bool,
}

/// The rotation that makes frames upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotate {
    /// What the file or the stream says of itself: the rotation matrix of a phone's film, for one.
    #[default]
    Auto,
    /// This one, whatever the stream says.
    By(Orientation),
}

impl Turn {
    /// The orientation of frames of whom their source says `tagged`.
    pub fn of(self, tagged: Orientation) -> Orientation {
        let turned = match self.rotate {
            Rotate::Auto => tagged,
            Rotate::By(orientation) => orientation,
        };
        if self.mirror { turned.then_mirrored() } else { turned }
    }
}

/// The orientation that the tags on a pad tell, for the frames that follow them.
#[derive(Clone, Default)]
pub struct Tagged(Arc<Mutex<Orientation>>);

impl Tagged {
    /// Listens on `pad`, from now on.
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

    /// The latest.
    pub fn get(&self) -> Orientation {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The meaning of GStreamer's tag `image-orientation`: mirrored first ("flip"), then rotated clockwise.
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
    fn what_the_user_says_replaces_what_the_stream_says() {
        let exif = |value| Orientation::from_exif(value).unwrap();
        let turn = |rotate, mirror| Turn { rotate, mirror }.of(exif(6));
        assert_eq!(turn(Rotate::Auto, false), exif(6));
        assert_eq!(turn(Rotate::By(Orientation::UPRIGHT), false), exif(1));
        assert_eq!(turn(Rotate::By(exif(3)), false), exif(3));
        // turned clockwise, then mirrored: rows DA EB FC become AD BE CF
        assert_eq!(turn(Rotate::Auto, true), exif(5));
        assert_eq!(turn(Rotate::By(exif(1)), true), exif(2));
    }
}
