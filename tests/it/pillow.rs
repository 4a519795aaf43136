//! RGB pictures are resized exactly as by Pillow: every element is equal, for every fit and filter.
//!
//! The reference values were computed by Pillow 13.0.0 from synthetic pictures, with `tests/fixtures/make_pillow.py`.

use crate::common;
use glimpsed::frame::{Area, Crop, Frame, Orientation, OwnedPixels, Picture, PixelFormat, Rect};
use glimpsed::preprocess::{Colour, Filter, Fit, Params, Preprocessor};
use glimpsed::tensor::{ElementType, InputSpec, Layout, Tensor, TensorSpec};

const SIDE: usize = 24;
const SIZES: [(u32, u32); 11] =
    [(640, 480), (97, 61), (33, 77), (1, 50), (50, 1), (1, 1), (24, 24), (17, 9), (333, 500), (1920, 1080), (375, 500)];
const FITS: [Fit; 3] = [Fit::Stretch, Fit::Crop, Fit::Letterbox];
const FILTERS: [Filter; 5] = [Filter::Bicubic, Filter::Bilinear, Filter::Box, Filter::Lanczos, Filter::Nearest];

fn chirp(x: u32, y: u32, channel: u32) -> u8 {
    let (x, y, c) = (u64::from(x), u64::from(y), u64::from(channel));
    (((3 * x * x + 5 * y * y + (c + 1) * x * y) >> 4) & 255) as u8
}

/// The chirp in an RGB format: `order` lists the channels of a pixel (3 for an unused byte), rows are padded by `padding`.
fn frame(format: PixelFormat, order: &[u32], (width, height): (u32, u32), padding: usize) -> Frame {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            data.extend(order.iter().map(|&channel| if channel == 3 { 201 } else { chirp(x, y, channel) }));
        }
        data.extend(std::iter::repeat_n(99, padding));
    }
    let stride = width as usize * order.len() + padding;
    let picture = Picture::new(format, width, height);
    Frame::new(picture, OwnedPixels(vec![(data, stride)])).unwrap()
}

fn preprocessed(frame: &Frame, fit: Fit, filter: Filter) -> Vec<u8> {
    with(frame, &Params { fit, filter, ..Params::default() })
}

fn with(frame: &Frame, params: &Params) -> Vec<u8> {
    with_area(frame, &Area::whole(&frame.info.picture), params)
}

fn with_area(frame: &Frame, area: &Area, params: &Params) -> Vec<u8> {
    let tensor = TensorSpec { name: "x".into(), element: ElementType::U8, shape: vec![1, SIDE, SIDE, 3], quantization: None };
    let input = InputSpec { tensor, layout: Layout::Nhwc, width: SIDE as u32, height: SIDE as u32 };
    let mut out = Tensor::zeros(&input.tensor);
    Preprocessor::new(&input, params).run_area(frame, area, &mut out);
    common::bytes_of(&out)
}

#[test]
fn equals_pillow_in_every_element() {
    let reference = common::npy_u8(&common::project().join("tests/fixtures/pillow.npy"));
    let mut expected = reference.chunks_exact(SIDE * SIDE * 3);
    for size in SIZES {
        let frame = frame(PixelFormat::Rgb, &[0, 1, 2], size, 0);
        for fit in FITS {
            for filter in FILTERS {
                let got = preprocessed(&frame, fit, filter);
                let wrong = got.iter().zip(expected.next().unwrap()).filter(|(a, b)| a != b).count();
                assert_eq!(wrong, 0, "elements that differ, {size:?} {fit:?} {filter:?}");
            }
        }
    }
    assert!(expected.next().is_none());
}

/// torchvision's `Resize(n)`, `CenterCrop(24)` for other shares than 0.875, stretched and cut, BGR, gray, and bars of a colour.
#[test]
fn every_recipe_equals_pillow_in_every_element() {
    let reference = common::npy_u8(&common::project().join("tests/fixtures/pillow_recipes.npy"));
    let mut expected = reference.chunks_exact(SIDE * SIDE * 3);
    let usual = Params { filter: Filter::Bilinear, ..Params::default() };
    let recipes = [
        Params { fit: Fit::Crop, crop_share: Some(1.0), ..usual },
        Params { fit: Fit::Crop, crop_share: Some(24.0 / 31.0), ..usual },
        Params { fit: Fit::Stretch, crop_share: Some(24.0 / 29.0), ..usual },
        Params { fit: Fit::Crop, colour: Colour::Bgr, ..usual },
        Params { fit: Fit::Stretch, colour: Colour::Gray, ..usual },
        Params { fit: Fit::Letterbox, bars: [114, 7, 200], ..usual },
        Params { fit: Fit::Letterbox, bars: [114, 7, 200], colour: Colour::Bgr, ..usual },
    ];
    for size in SIZES {
        let frame = frame(PixelFormat::Rgb, &[0, 1, 2], size, 0);
        for recipe in &recipes {
            let got = with(&frame, recipe);
            let wrong = got.iter().zip(expected.next().unwrap()).filter(|(a, b)| a != b).count();
            assert_eq!(wrong, 0, "elements that differ, {size:?} {recipe:?}");
        }
    }
    assert!(expected.next().is_none());
}

/// A frame in YUV gives the same bytes in the other order, and its brightness.
#[test]
fn planes_of_yuv_are_swapped_too() {
    let frames = |(width, height): (u32, u32), format| {
        let luma: Vec<u8> = (0..width * height).map(|n| chirp(n % width, n / width, 0)).collect();
        let half: Vec<u8> = (0..width * height / 2).map(|n| chirp(n % width, n / width, 1)).collect();
        let planes = match format {
            PixelFormat::I420 => {
                let (u, v) = half.split_at(half.len() / 2);
                vec![(luma, width as usize), (u.to_vec(), width as usize / 2), (v.to_vec(), width as usize / 2)]
            }
            _ => vec![(luma, width as usize), (half, width as usize)],
        };
        Frame::new(Picture::new(format, width, height), OwnedPixels(planes)).unwrap()
    };
    for format in [PixelFormat::Nv12, PixelFormat::Nv21, PixelFormat::I420] {
        let frame = frames((96, 64), format);
        let plain = with(&frame, &Params::default());
        let swapped = with(&frame, &Params { colour: Colour::Bgr, ..Params::default() });
        let back: Vec<u8> = swapped.chunks_exact(3).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        assert!(plain == back && plain != swapped, "{format:?}");
        let gray = with(&frame, &Params { colour: Colour::Gray, ..Params::default() });
        assert!(gray.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]), "{format:?}");
    }
}

#[test]
fn every_channel_order_and_padding_gives_the_same_picture() {
    let orders: [(PixelFormat, &[u32]); 8] = [
        (PixelFormat::Rgb, &[0, 1, 2]),
        (PixelFormat::Bgr, &[2, 1, 0]),
        (PixelFormat::Rgbx, &[0, 1, 2, 3]),
        (PixelFormat::Bgrx, &[2, 1, 0, 3]),
        (PixelFormat::Xrgb, &[3, 0, 1, 2]),
        (PixelFormat::Xbgr, &[3, 2, 1, 0]),
        (PixelFormat::Rgba, &[0, 1, 2, 3]),
        (PixelFormat::Bgra, &[2, 1, 0, 3]),
    ];
    for size in [(97, 61), (61, 197)] {
        for filter in [Filter::Bicubic, Filter::Nearest] {
            let plain = preprocessed(&frame(PixelFormat::Rgb, &[0, 1, 2], size, 0), Fit::Stretch, filter);
            for (format, order) in orders {
                for padding in [0, 1, 13, 64] {
                    assert_eq!(
                        preprocessed(&frame(format, order, size, padding), Fit::Stretch, filter),
                        plain,
                        "{format:?} {padding}"
                    );
                }
            }
        }
    }
}

/// The chirp of `size`, stored so that `orientation` makes it upright.
fn stored(orientation: Orientation, size: (u32, u32)) -> Frame {
    let (width, height) = orientation.turn(size);
    let [columns, rows] = orientation.mirrored;
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (x, y) = (if columns { width - 1 - x } else { x }, if rows { height - 1 - y } else { y });
            let (x, y) = orientation.turn((x, y));
            data.extend([0, 1, 2].map(|channel| chirp(x, y, channel)));
        }
    }
    let picture = Picture { orientation, ..Picture::new(PixelFormat::Rgb, width, height) };
    Frame::new(picture, OwnedPixels(vec![(data, width as usize * 3)])).unwrap()
}

/// In Pillow: `ImageOps.exif_transpose`, then `resize`. Equality with the upright picture implies equality with Pillow, by the test above.
#[test]
fn a_rotated_picture_gives_the_bytes_of_the_upright_one() {
    // reduced more in one direction than in the other: the order of the passes matters
    for size in [(97, 61), (61, 197), (640, 480), (17, 9), (1, 50), (33, 333)] {
        let upright = frame(PixelFormat::Rgb, &[0, 1, 2], size, 0);
        for fit in FITS {
            for filter in FILTERS {
                let wanted = preprocessed(&upright, fit, filter);
                for exif in 1..=8 {
                    let stored = stored(Orientation::from_exif(exif).unwrap(), size);
                    assert_eq!(stored.info.picture.upright_size(), size);
                    assert!(preprocessed(&stored, fit, filter) == wanted, "{size:?} {fit:?} {filter:?} orientation {exif}");
                }
            }
        }
    }
}

#[test]
fn one_preprocessor_accepts_frames_of_changing_size() {
    let tensor = TensorSpec { name: "x".into(), element: ElementType::U8, shape: vec![1, SIDE, SIDE, 3], quantization: None };
    let input = InputSpec { tensor, layout: Layout::Nhwc, width: SIDE as u32, height: SIDE as u32 };
    for fit in FITS {
        let params = Params { fit, ..Params::default() };
        let mut preprocessor = Preprocessor::new(&input, &params);
        let mut out = Tensor::zeros(&input.tensor);
        for size in [(640, 480), (17, 9), (333, 500), (1, 50), (640, 480)] {
            let frame = frame(PixelFormat::Rgb, &[0, 1, 2], size, 0);
            preprocessor.run(&frame, &mut out);
            assert_eq!(common::bytes_of(&out), preprocessed(&frame, fit, Filter::Bicubic), "{fit:?} {size:?}");
        }
    }
}

/// The size of the picture, the region, and the rotation of its content.
const REGIONS: [((u32, u32), [u32; 4], u32); 4] = [
    ((640, 480), [101, 63, 333, 211], 0),
    ((97, 61), [1, 7, 95, 33], 90),
    ((333, 500), [0, 0, 31, 499], 180),
    ((1920, 1080), [1237, 541, 683, 539], 270),
];

#[test]
fn a_region_equals_pillows_crop_and_resize_in_every_element() {
    let reference = common::npy_u8(&common::project().join("tests/fixtures/pillow_regions.npy"));
    let mut expected = reference.chunks_exact(SIDE * SIDE * 3);
    let recipes = FITS.map(|fit| (fit, Filter::Bicubic)).into_iter();
    let recipes = recipes.chain([(Fit::Stretch, Filter::Bilinear), (Fit::Stretch, Filter::Nearest)]);
    for (size, rect, degrees) in REGIONS {
        let frame = frame(PixelFormat::Rgb, &[0, 1, 2], size, 0);
        let crop = Crop { rect: Rect::Pixels(rect), rotation: Orientation::rotated(degrees).unwrap() };
        let area = Area::of(&frame.info.picture, Some(crop)).unwrap();
        for (fit, filter) in recipes.clone() {
            let got = with_area(&frame, &area, &Params { fit, filter, ..Params::default() });
            let wrong = got.iter().zip(expected.next().unwrap()).filter(|(a, b)| a != b).count();
            assert_eq!(wrong, 0, "elements that differ, {rect:?} of {size:?}, {degrees} degrees, {fit:?} {filter:?}");
        }
    }
    assert!(expected.next().is_none());
}
