//! The display shape of a picture: the pixel aspect ratio and the orientation.

/// The width of a pixel divided by its height. Digital television stores 704 x 576 pixels of 16:11 for a picture of 1024 x 576.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelAspect {
    width: u32,
    height: u32,
}

impl PixelAspect {
    /// Square pixels.
    pub const SQUARE: Self = Self { width: 1, height: 1 };

    /// The maximum accepted ratio of a pixel's sides. Standards go up to 40:33 and anamorphic film to 2:1; a ratio above 10 is an error
    /// in the stream.
    const MOST: u64 = 10;

    /// Pixels of `width`:`height`; `None` if that is not a valid ratio.
    pub fn new(width: u32, height: u32) -> Option<Self> {
        let (w, h) = (u64::from(width), u64::from(height));
        (w > 0 && h > 0 && w <= h * Self::MOST && h <= w * Self::MOST).then_some(Self { width, height })
    }

    /// The width and height of a pixel, in the same unit.
    pub fn ratio(self) -> (f64, f64) {
        (f64::from(self.width), f64::from(self.height))
    }
}

impl Default for PixelAspect {
    fn default() -> Self {
        Self::SQUARE
    }
}

/// The transformation of a stored picture to the upright one: the eight values of EXIF and of GStreamer's
/// `GstVideoOrientationMethod`.
///
/// It is represented by the position at which an upright pixel is stored. If `transposed`, upright columns are stored as rows; if
/// `mirrored`, stored columns or rows are counted from their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Orientation {
    /// Whether upright columns are stored as rows.
    pub transposed: bool,
    /// Whether stored columns (first) and stored rows (second) run in the opposite direction.
    pub mirrored: [bool; 2],
}

impl Orientation {
    /// Stored upright.
    pub const UPRIGHT: Self = Self::of(false, false, false);

    const fn of(transposed: bool, columns: bool, rows: bool) -> Self {
        Self { transposed, mirrored: [columns, rows] }
    }

    /// From EXIF's tag 0x0112 (TIFF 6.0, "Orientation"); `None` for values other than 1 to 8.
    pub fn from_exif(value: u32) -> Option<Self> {
        Some(match value {
            1 => Self::of(false, false, false),
            2 => Self::of(false, true, false),
            3 => Self::of(false, true, true),
            4 => Self::of(false, false, true),
            5 => Self::of(true, false, false),
            6 => Self::of(true, false, true),
            7 => Self::of(true, true, true),
            8 => Self::of(true, true, false),
            _ => return None,
        })
    }

    /// The orientation of a picture that becomes upright by a clockwise rotation of `degrees`; `None` for values other than 0, 90, 180 and 270.
    pub fn rotated(degrees: u32) -> Option<Self> {
        match degrees {
            0 => Self::from_exif(1),
            90 => Self::from_exif(6),
            180 => Self::from_exif(3),
            270 => Self::from_exif(8),
            _ => None,
        }
    }

    /// The same, followed by mirroring left and right.
    pub fn then_mirrored(self) -> Self {
        let [columns, rows] = self.mirrored;
        // upright columns are stored as rows if it is transposed
        if self.transposed { Self::of(true, columns, !rows) } else { Self::of(false, !columns, rows) }
    }

    /// The orientation of a picture whose upright form, by this orientation, is seen in the orientation `next`.
    pub fn then(self, next: Self) -> Self {
        let (columns, rows) = self.turn((next.mirrored[0], next.mirrored[1]));
        Self::of(self.transposed != next.transposed, self.mirrored[0] != columns, self.mirrored[1] != rows)
    }

    /// Exchanges width and height if this orientation does so: from stored to upright, and back.
    pub fn turn<T>(self, (width, height): (T, T)) -> (T, T) {
        if self.transposed { (height, width) } else { (width, height) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_aspect_is_a_valid_ratio() {
        assert!(PixelAspect::new(16, 11).is_some() && PixelAspect::new(1, 2).is_some());
        for (width, height) in [(0, 1), (1, 0), (0, 0), (11, 1), (1, 11), (u32::MAX, 1)] {
            assert_eq!(PixelAspect::new(width, height), None, "{width}:{height}");
        }
    }

    /// The upright form of a stored picture, both as rows of letters.
    fn upright(orientation: Orientation, stored: &[&str]) -> Vec<String> {
        let size = (stored[0].len(), stored.len());
        let (width, height) = orientation.turn(size);
        let at = |x: usize, y: usize| {
            let (column, row) = orientation.turn((x, y));
            let [columns, rows] = orientation.mirrored;
            let column = if columns { size.0 - 1 - column } else { column };
            let row = if rows { size.1 - 1 - row } else { row };
            stored[row].as_bytes()[column] as char
        };
        (0..height).map(|y| (0..width).map(|x| at(x, y)).collect()).collect()
    }

    #[test]
    fn exif_values_make_pictures_upright() {
        // by hand, from the figure in the EXIF standard, which shows the position of row 0 and column 0
        let expected = [
            (1, ["ABC", "DEF"].as_slice()),
            (2, &["CBA", "FED"]),
            (3, &["FED", "CBA"]),
            (4, &["DEF", "ABC"]),
            (5, &["AD", "BE", "CF"]),
            (6, &["DA", "EB", "FC"]),
            (7, &["FC", "EB", "DA"]),
            (8, &["CF", "BE", "AD"]),
        ];
        for (value, rows) in expected {
            assert_eq!(upright(Orientation::from_exif(value).unwrap(), &["ABC", "DEF"]), rows, "{value}");
        }
        assert_eq!((Orientation::from_exif(0), Orientation::from_exif(9)), (None, None));
    }

    #[test]
    fn a_rotation_is_clockwise_and_mirroring_comes_after_it() {
        let turned = |degrees| upright(Orientation::rotated(degrees).unwrap(), &["ABC", "DEF"]);
        assert_eq!((turned(0), turned(90)), (vec!["ABC".to_owned(), "DEF".into()], vec!["DA".into(), "EB".into(), "FC".into()]));
        assert_eq!((turned(180)[0].as_str(), turned(270)[0].as_str()), ("FED", "CF"));
        assert_eq!(Orientation::rotated(45), None);
        for degrees in [0, 90, 180, 270] {
            let plain = turned(degrees);
            let mirrored = upright(Orientation::rotated(degrees).unwrap().then_mirrored(), &["ABC", "DEF"]);
            let reversed: Vec<String> = plain.iter().map(|row| row.chars().rev().collect()).collect();
            assert_eq!(mirrored, reversed, "{degrees}");
        }
    }
}
