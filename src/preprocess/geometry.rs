//! The mapping of the picture to the model's input.

use super::filter::{Filter, Span};
use crate::frame::Area;

/// How a picture is fitted to an input with another aspect ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// The whole picture, scaled to the input's shape without keeping its aspect ratio, as in the board guide's script.
    #[default]
    Stretch,
    /// The middle of the picture: resized so that its shortest side is the input's size / share (256 for 224 and 0.875), then cut to
    /// the input's size. torchvision's and AI Hub's recipe (`Resize(256)`, `CenterCrop(224)`), with their rounding.
    Crop,
    /// The whole picture with its aspect ratio, and bars.
    Letterbox,
    /// The same with the picture at the top left, so that there is one bar, to the right or below. Its sides are rounded up, as in
    /// PaddleOCR.
    LetterboxLeft,
}

/// Which pixels become the input: the upright source is resized to `resized`, and of that `width` x `height` pixels from (`left`, `top`) on
/// land in the input from (`x`, `y`) on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The size to which the whole source is resized (columns, rows).
    pub resized: (u32, u32),
    /// The first column of it that is used.
    pub left: u32,
    /// The first row of it that is used.
    pub top: u32,
    /// How many columns are used.
    pub width: u32,
    /// How many rows are used.
    pub height: u32,
    /// The first column of the input.
    pub x: u32,
    /// The first row of the input.
    pub y: u32,
}

impl Placement {
    /// What the windows of each stored direction (across, down) are made for, in a plane of which `area` is used, in pixels, whose samples
    /// `shared` pixels share. The placement is that of the upright content.
    pub fn spans(&self, filter: Filter, area: &Area, shared: (u32, u32)) -> [Span; 2] {
        let orientation = area.orientation;
        let upright = ((self.resized.0, self.left, self.width), (self.resized.1, self.top, self.height));
        let (across, down) = orientation.turn(upright);
        let [columns, rows] = orientation.mirrored;
        let span = |(offset, source), shared, (resized, first, count), mirrored| Span {
            filter,
            offset,
            source,
            shared,
            resized,
            first,
            count,
            mirrored,
        };
        let Area { left, top, width, height, .. } = *area;
        [span((left, width), shared.0, across, columns), span((top, height), shared.1, down, rows)]
    }
}

impl Fit {
    /// The share of the resized picture that the input keeps where nothing else is said: a crop takes 224 of 256, the others all.
    pub fn usual_share(self) -> f64 {
        match self {
            Self::Crop => 0.875,
            Self::Stretch | Self::Letterbox | Self::LetterboxLeft => 1.0,
        }
    }

    /// Whether it leaves bars.
    pub fn has_bars(self) -> bool {
        matches!(self, Self::Letterbox | Self::LetterboxLeft)
    }

    /// How a source that is seen in this `shape` (width, height) lands in an `input` (width, height), of which `share` is kept; no side
    /// is 0. A letterbox keeps all, whatever the share.
    pub fn place(self, share: f64, shape: (f64, f64), input: (u32, u32)) -> Placement {
        let (source_w, source_h) = shape;
        let (input_w, input_h) = (f64::from(input.0), f64::from(input.1));
        let whole = Placement { resized: input, left: 0, top: 0, width: input.0, height: input.1, x: 0, y: 0 };
        // CenterCrop of torchvision
        let middle = |resized: f64, input: f64| ((resized - input) / 2.0).round_ties_even();
        let (short_w, short_h) = ((input_w / share).round().max(input_w), (input_h / share).round().max(input_h));
        match self {
            Self::Stretch => {
                let (left, top) = (middle(short_w, input_w), middle(short_h, input_h));
                Placement { resized: (short_w as u32, short_h as u32), left: left as u32, top: top as u32, ..whole }
            }
            Self::Crop => {
                let (resized_w, resized_h) = if short_w / source_w >= short_h / source_h {
                    // rounding never makes the longer side shorter than the input
                    (short_w, (short_w * source_h / source_w).floor().max(short_h))
                } else {
                    ((short_h * source_w / source_h).floor().max(short_w), short_h)
                };
                let (left, top) = (middle(resized_w, input_w), middle(resized_h, input_h));
                Placement { resized: (resized_w as u32, resized_h as u32), left: left as u32, top: top as u32, ..whole }
            }
            Self::Letterbox | Self::LetterboxLeft => {
                let scale = (input_w / source_w).min(input_h / source_h);
                // a side that fills the input exactly may come out a rounding error longer
                let rounded = if self == Self::Letterbox { f64::round } else { |side: f64| (side - 1e-9).ceil() };
                let side = |source: f64, input: f64| rounded(source * scale).clamp(1.0, input) as u32;
                let (width, height) = (side(source_w, input_w), side(source_h, input_h));
                let (x, y) = match self {
                    Self::Letterbox => ((input.0 - width) / 2, (input.1 - height) / 2),
                    _ => (0, 0),
                };
                Placement { resized: (width, height), left: 0, top: 0, width, height, x, y }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Orientation, Picture, PixelAspect, PixelFormat};

    #[test]
    fn crop_equals_torchvisions() {
        // Resize(256) of 500 x 375 gives 341 x 256 (int(256 * 500 / 375)); CenterCrop(224): left round(58.5) = 58 (ties to even), top 16
        let place = Fit::Crop.place(0.875, (500.0, 375.0), (224, 224));
        assert_eq!((place.resized, place.left, place.top, place.width, place.height), ((341, 256), 58, 16, 224, 224));
        // Resize(224), CenterCrop(224); and Resize((346, 346)), CenterCrop(289), as EfficientNet-B2 has it on Hugging Face
        let place = Fit::Crop.place(1.0, (500.0, 375.0), (224, 224));
        assert_eq!((place.resized, place.left, place.top), ((298, 224), 37, 0));
        let place = Fit::Stretch.place(289.0 / 346.0, (500.0, 375.0), (289, 289));
        assert_eq!((place.resized, place.left, place.top, place.width), ((346, 346), 28, 28, 289));
    }

    #[test]
    fn letterbox_keeps_the_aspect_ratio() {
        let place = Fit::Letterbox.place(0.875, (1280.0, 720.0), (224, 224));
        assert_eq!((place.resized, place.x, place.y), ((224, 126), 0, 49));
        assert_eq!(Fit::Letterbox.place(1.0, (4000.0, 1.0), (224, 224)).resized, (224, 1));
        // PaddleOCR's line of text: ceil(48 * 500 / 334) = 72 of 192 columns
        let place = Fit::LetterboxLeft.place(1.0, (500.0, 334.0), (192, 48));
        assert_eq!((place.resized, place.x, place.y), ((72, 48), 0, 0));
        assert_eq!(Fit::LetterboxLeft.place(1.0, (1280.0, 720.0), (224, 224)).resized, (224, 126));
    }

    #[test]
    fn crop_and_letterbox_use_the_display_aspect_ratio() {
        let of = |width, height, aspect: (u32, u32)| {
            let pixel_aspect = PixelAspect::new(aspect.0, aspect.1).unwrap();
            Picture { pixel_aspect, ..Picture::new(PixelFormat::Nv12, width, height) }
        };
        let television = of(704, 576, (16, 11));
        for fit in [Fit::Stretch, Fit::Crop, Fit::Letterbox] {
            let square = fit.place(0.875, of(1024, 576, (1, 1)).display_shape(), (224, 224));
            assert_eq!(fit.place(0.875, television.display_shape(), (224, 224)), square, "{fit:?}");
        }
        // 576 / 1024 of 224 is 126, in the middle of 224; 1024 / 576 of 256 is 455.1, of which 224 are left from 115.5 on (ties to even)
        let place = Fit::Letterbox.place(0.875, television.display_shape(), (224, 224));
        assert_eq!((place.resized, place.x, place.y), ((224, 126), 0, 49));
        let place = Fit::Crop.place(0.875, television.display_shape(), (224, 224));
        assert_eq!((place.resized, place.left, place.top), ((455, 256), 116, 16));
        // a rotated picture: 720 x 240 pixels, twice as high as wide, are displayed as 360 x 240, upright 240 x 360
        let turned = Picture { orientation: Orientation::rotated(90).unwrap(), ..of(720, 240, (1, 2)) };
        assert_eq!(turned.display_shape(), (240.0, 360.0));
        let place = Fit::Letterbox.place(0.875, turned.display_shape(), (224, 224));
        assert_eq!((place.resized, place.x, place.y), ((149, 224), 37, 0));
    }

    #[test]
    fn the_used_part_is_within_the_resized_picture() {
        for source in [(1, 1), (1, 500), (500, 1), (3, 2), (1919, 1079), (225, 224)] {
            for (fit, share) in [
                (Fit::Stretch, 1.0),
                (Fit::Crop, 0.875),
                (Fit::Crop, 0.01),
                (Fit::Stretch, 0.6),
                (Fit::Letterbox, 1.0),
                (Fit::LetterboxLeft, 1.0),
            ] {
                let place = fit.place(share, (f64::from(source.0), f64::from(source.1)), (224, 160));
                assert!(
                    place.left + place.width <= place.resized.0 && place.top + place.height <= place.resized.1,
                    "{fit:?} {source:?}"
                );
                assert!(
                    place.x + place.width <= 224 && place.y + place.height <= 160 && place.width > 0 && place.height > 0,
                    "{fit:?} {source:?}"
                );
            }
        }
    }
}
