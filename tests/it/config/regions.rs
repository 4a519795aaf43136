//! Regions: what `[[camera.region]]` says.

use super::{CAMERA, MODEL, parse, parse_with};
use glimpsed::config::{GROUPS, streams};
use glimpsed::frame::{Crop, Orientation, Rect};
use glimpsed::settings::Flags;
use std::path::Path;

const TWO: &str = "[[model]]\nname = 'animals'\nfile = 'testcard'\n[[model]]\nname = 'people'\nfile = 'testcard'\n";

#[test]
fn a_region_is_a_stream_and_the_whole_picture_one_only_if_it_is_named() {
    let door = "[[camera.region]]\nname = 'door'\nrect = [0.25, 0, 0.5, 1]\nmodel = 'people'\nrotate = 90\n";
    let gate = "[[camera.region]]\nname = 'gate'\nrect = [640, 0, 100, 200]\nmodel = 'animals'\n";
    let settings = parse(&[TWO, CAMERA, "models = ['animals']\n", door, gate].concat()).unwrap();
    let named: Vec<_> = streams(&settings.cameras[0], &settings.keys());
    let shown: Vec<_> = named.iter().map(|stream| (stream.region_name().map(|name| &**name), &*stream.model)).collect();
    assert_eq!(shown, [(None, "animals"), (Some("door"), "people"), (Some("gate"), "animals")]);
    let crop = |n: usize| settings.cameras[0].regions[n].crop;
    assert_eq!(crop(0), Crop { rect: Rect::Shares([0.25, 0.0, 0.5, 1.0]), rotation: Orientation::rotated(90).unwrap() });
    assert_eq!(crop(1), Crop { rect: Rect::Pixels([640, 0, 100, 200]), rotation: Orientation::UPRIGHT });
    let settings = parse(&[MODEL, CAMERA, "[[camera.region]]\n"].concat()).unwrap();
    let streams = streams(&settings.cameras[0], &settings.keys());
    assert_eq!((streams.len(), streams[0].region_name().map(|name| &**name)), (1, Some("region")), "of the only model");
}

#[test]
fn a_flag_is_the_only_region_of_every_camera() {
    let flags = Flags::of(&GROUPS, &[("--region", "0.2,0.2,0.5,0.5")]);
    let text = [MODEL, CAMERA, "[[camera.region]]\nname = 'door'\nrect = [0.5, 0, 0.5, 1]\n"].concat();
    let settings = parse_with(&text, Path::new("/"), &flags).unwrap();
    let regions = &settings.cameras[0].regions;
    assert_eq!((regions.len(), regions[0].crop.rect), (1, Rect::Shares([0.2, 0.2, 0.5, 0.5])));
}

#[test]
fn each_error_of_regions_is_told_with_its_line() {
    for (text, wanted) in [
        (
            format!("{MODEL}{CAMERA}[[camera.region]]\nrect = [0.5, 0, 0.6, 1]"),
            "line 7: this region is no part of a picture: it exceeds the picture",
        ),
        (
            format!("{MODEL}{CAMERA}[[camera.region]]\nrect = [0.5, 0, 100, 100]"),
            "line 7: this region is no part of a picture: it mixes",
        ),
        (
            format!("{MODEL}{CAMERA}[[camera.region]]\nrect = [0, 0, 1]"),
            "line 7: camera.region.rect must be left, top, width and height",
        ),
        (format!("{MODEL}{CAMERA}[[camera.region]]\nrect = [-1, 0, 1, 1]"), "line 7: camera.region.rect must be left, top"),
        (
            format!("{MODEL}{CAMERA}[[camera.region]]\nrotate = 45"),
            "line 7: camera.region.rotate must be one of 0, 90, 180, 270, not 45",
        ),
        (
            format!("{MODEL}{CAMERA}[[camera.region]]\nrecct = 1"),
            "line 7: unknown key 'recct' in [[camera.region]]; did you mean 'rect'?",
        ),
        (
            format!("{MODEL}{CAMERA}[[camera.region]]\n[[camera.region]]\nname = 'a'"),
            "line 6: this region has no name; with more than one",
        ),
        (format!("{MODEL}{CAMERA}[camera.region]\nname = 'a'"), "with double brackets: [[camera.region]]"),
        (format!("{TWO}{CAMERA}[[camera.region]]\nname = 'a'"), "the region 'a' names no model; with more than one model"),
        (format!("{TWO}{CAMERA}[[camera.region]]\nmodel = 'peple'"), "there is no model 'peple'; did you mean 'people'?"),
    ] {
        let told = parse(&text).unwrap_err().to_string();
        assert!(told.contains(wanted), "{text}\n{told}");
    }
}
