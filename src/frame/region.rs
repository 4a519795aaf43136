//! A part of a picture, as a user names it, and as it is stored.

use super::picture::Picture;
use super::plane::MAX_SIDE;
use super::shape::Orientation;
use std::fmt;

/// A rectangle in the upright picture: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rect {
    /// Shares of the picture's width and height.
    Shares([f64; 4]),
    /// Pixels.
    Pixels([u32; 4]),
}

/// Sums of shares may exceed 1 by this much: 0.7 + 0.3 does.
const SLACK: f64 = 1e-9;

impl Rect {
    /// The whole picture.
    pub const WHOLE: Self = Self::Shares([0.0, 0.0, 1.0, 1.0]);

    /// The rectangle of four numbers: shares if none exceeds 1, otherwise pixels. An error says what is wrong with them.
    pub fn new(numbers: [f64; 4]) -> Result<Self, String> {
        let [x, y, width, height] = numbers;
        if width <= 0.0 || height <= 0.0 {
            return Err("its width and height must be above 0".into());
        }
        if numbers.iter().all(|number| *number <= 1.0) {
            let outside = x + width > 1.0 + SLACK || y + height > 1.0 + SLACK;
            return if outside {
                Err("it exceeds the picture: left + width and top + height are at most 1".into())
            } else {
                Ok(Self::Shares(numbers))
            };
        }
        if numbers.iter().any(|number| number.fract() != 0.0) {
            return Err("it mixes shares and pixels: shares are at most 1, pixels are whole numbers".into());
        }
        let most = f64::from(MAX_SIDE);
        if x + width > most || y + height > most {
            return Err(format!("it exceeds the largest picture, which has {MAX_SIDE} pixels per side"));
        }
        Ok(Self::Pixels(numbers.map(|number| number as u32)))
    }

    /// Its pixels (left, top, width, height) in an upright picture of this `size`; at least one.
    pub fn pixels(self, size: (u32, u32)) -> Result<[u32; 4], Outside> {
        match self {
            Self::Pixels(rect) => {
                let [x, y, width, height] = rect;
                let fits = x + width <= size.0 && y + height <= size.1;
                if fits { Ok(rect) } else { Err(Outside { rect, size }) }
            }
            Self::Shares([x, y, width, height]) => {
                // both ends are rounded, so that regions that touch have no pixel in common and none between them
                let side = |first: f64, length: f64, side: u32| {
                    let at = |share: f64| (share * f64::from(side)).round().min(f64::from(side)) as u32;
                    let first_pixel = at(first).min(side - 1);
                    (first_pixel, at(first + length).saturating_sub(first_pixel).max(1))
                };
                let ((x, width), (y, height)) = (side(x, width, size.0), side(y, height, size.1));
                Ok([x, y, width, height])
            }
        }
    }
}

/// A rectangle of pixels that is not within the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside {
    /// Left, top, width, height.
    pub rect: [u32; 4],
    /// Columns and rows of the upright picture.
    pub size: (u32, u32),
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([x, y, width, height], (columns, rows)) = (self.rect, self.size);
        let (right, bottom) = (x + width, y + height);
        write!(
            f,
            "the region [{x}, {y}, {width}, {height}] reaches to {right}x{bottom}, and the picture has {columns}x{rows} pixels"
        )
    }
}

impl std::error::Error for Outside {}

/// A part of each picture of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Where it is.
    pub rect: Rect,
    /// The orientation of its content within the upright picture.
    pub rotation: Orientation,
}

/// A part of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Its first stored column.
    pub left: u32,
    /// Its first stored row.
    pub top: u32,
    /// Its stored columns, at least 1.
    pub width: u32,
    /// Its stored rows, at least 1.
    pub height: u32,
    /// The orientation of its content.
    pub orientation: Orientation,
}

impl Area {
    /// All of `picture`.
    pub fn whole(picture: &Picture) -> Self {
        Self { left: 0, top: 0, width: picture.width, height: picture.height, orientation: picture.orientation }
    }

    /// The part of `picture` that `crop` names; `None`: all of it.
    pub fn of(picture: &Picture, crop: Option<Crop>) -> Result<Self, Outside> {
        let Some(Crop { rect, rotation }) = crop else { return Ok(Self::whole(picture)) };
        let [x, y, width, height] = rect.pixels(picture.upright_size())?;
        let orientation = picture.orientation;
        let ((left, top), (width, height)) = (orientation.turn((x, y)), orientation.turn((width, height)));
        let [columns, rows] = orientation.mirrored;
        Ok(Self {
            left: if columns { picture.width - left - width } else { left },
            top: if rows { picture.height - top - height } else { top },
            width,
            height,
            orientation: orientation.then(rotation),
        })
    }

    /// Width and height of its upright content at its display aspect ratio, in pixels of the stored height.
    pub fn display_shape(&self, picture: &Picture) -> (f64, f64) {
        let (width, height) = picture.pixel_aspect.ratio();
        let wide = f64::from(self.width) * width / height;
        self.orientation.turn((wide, f64::from(self.height)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;

    #[test]
    fn numbers_are_shares_or_pixels_within_a_picture() {
        assert_eq!(Rect::new([0.7, 0.0, 0.3, 1.0]), Ok(Rect::Shares([0.7, 0.0, 0.3, 1.0])));
        assert_eq!(Rect::new([0.0, 0.0, 1.0, 2.0]), Ok(Rect::Pixels([0, 0, 1, 2])));
        for (numbers, wrong) in [
            ([0.5, 0.0, 0.6, 1.0], "exceeds the picture"),
            ([0.0, 0.0, 0.0, 1.0], "above 0"),
            ([0.5, 10.0, 20.0, 20.0], "mixes shares and pixels"),
            ([30_000.0, 0.0, 3_000.0, 10.0], "exceeds the largest picture"),
        ] {
            assert!(Rect::new(numbers).unwrap_err().contains(wrong), "{numbers:?}");
        }
    }

    #[test]
    fn shares_become_pixels_that_touch_and_pixels_must_be_within_the_picture() {
        let pixels = |rect, size| Rect::new(rect).unwrap().pixels(size);
        assert_eq!(pixels([0.0, 0.0, 1.0, 1.0], (641, 3)), Ok([0, 0, 641, 3]));
        let thirds = [0.0, 1.0 / 3.0, 2.0 / 3.0].map(|left| pixels([left, 0.0, 1.0 / 3.0, 1.0], (100, 9)).unwrap());
        assert_eq!(thirds, [[0, 0, 33, 9], [33, 0, 34, 9], [67, 0, 33, 9]]);
        assert_eq!(pixels([0.999, 0.999, 0.001, 0.001], (10, 10)), Ok([9, 9, 1, 1]), "at least one pixel");
        assert_eq!(pixels([600.0, 0.0, 40.0, 480.0], (640, 480)), Ok([600, 0, 40, 480]));
        let outside = pixels([600.0, 0.0, 41.0, 480.0], (640, 480)).unwrap_err().to_string();
        assert_eq!(outside, "the region [600, 0, 41, 480] reaches to 641x480, and the picture has 640x480 pixels");
    }

    /// The upright content of `area` of stored rows of letters.
    fn content(stored: &[&str], area: &Area) -> Vec<String> {
        let Area { left, top, width, height, orientation } = *area;
        let (columns, rows) = orientation.turn((width, height));
        let at = |x: u32, y: u32| {
            let (column, row) = orientation.turn((x, y));
            let [mirrored_columns, mirrored_rows] = orientation.mirrored;
            let column = left + if mirrored_columns { width - 1 - column } else { column };
            let row = top + if mirrored_rows { height - 1 - row } else { row };
            stored[row as usize].as_bytes()[column as usize] as char
        };
        (0..rows).map(|y| (0..columns).map(|x| at(x, y)).collect()).collect()
    }

    /// Letters turned clockwise, by hand: the last row becomes the first column.
    fn turned(rows: Vec<String>) -> Vec<String> {
        let columns = rows[0].len();
        (0..columns).map(|x| rows.iter().rev().map(|row| row.as_bytes()[x] as char).collect()).collect()
    }

    #[test]
    fn a_part_of_the_upright_picture_is_found_in_the_stored_one_however_it_is_oriented() {
        let stored = ["ABCDE", "FGHIJ", "KLMNO", "PQRST"];
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let picture = Picture { orientation, ..Picture::new(PixelFormat::Gray8, 5, 4) };
            let upright = content(&stored, &Area::whole(&picture));
            for (x, y, width, height) in [(1_usize, 0_usize, 2_usize, 3_usize), (0, 1, 3, 2), (3, 2, 1, 1)] {
                let rect = Rect::Pixels([x, y, width, height].map(|number| number as u32));
                let mut expected: Vec<String> = upright[y..y + height].iter().map(|row| row[x..x + width].to_owned()).collect();
                for degrees in [0, 90, 180, 270] {
                    let rotation = Orientation::rotated(degrees).unwrap();
                    let area = Area::of(&picture, Some(Crop { rect, rotation })).unwrap();
                    assert_eq!(content(&stored, &area), expected, "EXIF {exif}, {rect:?}, {degrees} degrees");
                    expected = turned(expected);
                }
            }
        }
    }
}
