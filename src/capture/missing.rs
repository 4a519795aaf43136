//! Hints for elements that are missing on this machine: misspelt names, packages to install, decoders.

use crate::suggest;
use gstreamer::{self as gst, glib, prelude::*};

/// A Debian or Ubuntu package (or one of the board's own archive), and an element whose presence shows that it is installed.
struct Package {
    name: &'static str,
    witness: &'static str,
}

const BASE: Package = Package { name: "gstreamer1.0-plugins-base", witness: "videoconvert" };
const GOOD: Package = Package { name: "gstreamer1.0-plugins-good", witness: "multifilesrc" };
const BAD: Package = Package { name: "gstreamer1.0-plugins-bad", witness: "h264parse" };
const UGLY: Package = Package { name: "gstreamer1.0-plugins-ugly", witness: "x264enc" };
const LIBAV: Package = Package { name: "gstreamer1.0-libav", witness: "avdec_h264" };
const X: Package = Package { name: "gstreamer1.0-plugins-base, on Debian 12 gstreamer1.0-x", witness: "textoverlay" };
const LIBCAMERA: Package = Package { name: "gstreamer1.0-libcamera", witness: "libcamerasrc" };
const QUALCOMM: Package = Package {
    name: "gstreamer1.0-plugins-qcom-good, from ppa:ubuntu-qcom-iot/qcom-ppa; on Qualcomm boards only",
    witness: "qtiqmmfsrc",
};

/// The package that contains the elements with this prefix.
const PACKAGES: [(&str, Package); 24] = [
    ("qti", QUALCOMM),
    ("libcamerasrc", LIBCAMERA),
    ("v4l2", GOOD),
    ("jpeg", GOOD),
    ("png", GOOD),
    ("rtsp", GOOD),
    ("rtp", GOOD),
    ("souphttp", GOOD),
    ("multipart", GOOD),
    ("qtdemux", GOOD),
    ("matroska", GOOD),
    ("multifile", GOOD),
    ("vp8", GOOD),
    ("vp9", GOOD),
    ("textoverlay", X),
    ("video", BASE),
    ("decodebin", BASE),
    ("uridecodebin", BASE),
    ("waylandsink", BAD),
    ("kmssink", BAD),
    ("h26", BAD),
    ("openh264", BAD),
    ("x264", UGLY),
    ("av", LIBAV),
];

/// Names that are never treated as misspelt, even where the element is missing.
const COMMON: [&str; 22] = [
    "avdec_h264",
    "avdec_h265",
    "decodebin",
    "h264parse",
    "h265parse",
    "jpegdec",
    "jpegenc",
    "kmssink",
    "libcamerasrc",
    "multipartdemux",
    "openh264dec",
    "pngdec",
    "qtiqmmfsrc",
    "qtivtransform",
    "rtspsrc",
    "souphttpsrc",
    "textoverlay",
    "uridecodebin",
    "v4l2src",
    "videoconvert",
    "waylandsink",
    "x264enc",
];

/// Whether this machine has the element.
pub fn is_there(element: &str) -> bool {
    gst::ElementFactory::find(element).is_some()
}

/// What to do about an element that is missing on this machine.
pub fn element(name: &str) -> String {
    let known =
        || gst::Registry::get().features(gst::ElementFactory::static_type()).into_iter().map(|feature| feature.name().to_string());
    let package = || PACKAGES.iter().find(|(prefix, package)| name.starts_with(prefix) && !is_there(package.witness));
    if !COMMON.contains(&name)
        && let Some(near) = suggest::misspelt(name, known())
    {
        return format!("There is no element '{name}'; did you mean '{near}'?");
    }
    match package() {
        Some((_, package)) => format!("'{name}' is in the package {}.", package.name),
        None => format!("Is '{name}' spelled correctly? gst-inspect-1.0 lists the elements on this machine."),
    }
}

/// What to do about an unknown property: a similar one if there is one. Reads the parser's message,
/// `no property "colour" in element "videotestsrc0"`.
pub fn property(error: &glib::Error) -> Option<String> {
    if !error.matches(gst::ParseError::NoSuchProperty) {
        return None;
    }
    let mut quoted = error.message().split('"').skip(1).step_by(2);
    let (property, element) = (quoted.next()?, quoted.next()?);
    let kind = element.trim_end_matches(|c: char| c.is_ascii_digit());
    let factory = gst::ElementFactory::find(element).or_else(|| gst::ElementFactory::find(kind))?;
    let known = factory.create().build().ok()?.list_properties();
    let near = suggest::misspelt(property, known.iter().map(|spec| spec.name().to_owned()));
    Some(match near {
        Some(near) => format!("{} has no property '{property}'; did you mean '{near}'?", factory.name()),
        None => format!("gst-inspect-1.0 {} lists its properties.", factory.name()),
    })
}

/// A decoder (or another element) that a pipeline needs, from GStreamer's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `H.264 (Main Profile) decoder`.
    what: String,
    /// Its input format: `video/x-h264`.
    format: String,
}

impl Missing {
    /// Reads a `missing-plugin` message.
    pub fn read(message: &gst::StructureRef) -> Option<Self> {
        if message.name() != "missing-plugin" {
            return None;
        }
        let format = message.get::<gst::Caps>("detail").ok().and_then(|caps| Some(caps.structure(0)?.name().to_string()));
        let what = message.get::<String>("name").ok().or_else(|| format.clone())?;
        Some(Self { what, format: format.unwrap_or_default() })
    }
}

/// What to do about missing decoders: the packages that provide them and are not installed.
pub fn decoder(missing: &[Missing]) -> String {
    let pictures = missing.iter().find(|one| !one.format.starts_with("audio/")).or(missing.first());
    let (what, packages): (_, &[Package]) = match pictures {
        None => ("decoder for this stream".to_owned(), &[LIBAV, BAD, UGLY, GOOD]),
        Some(Missing { what, format }) => {
            let packages: &[Package] = match &**format {
                "video/x-h264" | "video/x-h265" => &[LIBAV, BAD],
                "video/x-vp8" | "video/x-vp9" | "image/jpeg" | "image/png" => &[GOOD],
                "video/x-av1" | "image/webp" => &[BAD],
                "video/mpeg" => &[LIBAV, UGLY],
                _ => &[LIBAV, BAD, UGLY, GOOD],
            };
            (what.clone(), packages)
        }
    };
    let packages: Vec<_> = packages.iter().filter(|package| !is_there(package.witness)).map(|package| package.name).collect();
    match &packages[..] {
        [] => format!(
            "GStreamer has no {what}, although the packages that usually provide it are installed. gst-inspect-1.0 lists the available elements."
        ),
        packages => format!("GStreamer has no {what}. It is in {}.", packages.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_gets_a_suggestion_and_a_correct_one_its_package() {
        gst::init().unwrap();
        assert_eq!(element("vidoconvert"), "There is no element 'vidoconvert'; did you mean 'videoconvert'?");
        assert_eq!(element("videoconvrt"), "There is no element 'videoconvrt'; did you mean 'videoconvert'?");
        assert!(element("qtiqmmfsrc").contains("gstreamer1.0-plugins-qcom-good"));
        // plugins-base is installed: appsink is part of it
        let other = element("videofrobnicator");
        assert!(other.contains("spelled correctly") && !other.contains("plugins-base"), "{other}");
    }

    #[test]
    fn a_misspelt_property_gets_a_suggestion() {
        let said = |text: &str| {
            let Err(error) = super::super::Pipeline::build(text) else { panic!("{text} was accepted") };
            error.to_string()
        };
        let guess = said("videotestsrc patern=snow ! appsink name=frames");
        assert!(guess.contains("videotestsrc has no property 'patern'; did you mean 'pattern'?"), "{guess}");
        assert!(
            said("videotestsrc colour=red ! appsink name=frames").contains("gst-inspect-1.0 videotestsrc lists its properties")
        );
    }

    #[test]
    fn installed_packages_are_not_suggested() {
        gst::init().unwrap();
        let missing = |caps: &str, name: &str| {
            let detail: gst::Caps = caps.parse().unwrap();
            let message =
                gst::Structure::builder("missing-plugin").field("type", "decoder").field("detail", detail).field("name", name);
            Missing::read(message.build().as_ref()).unwrap()
        };
        let said = decoder(&[missing("audio/mpeg", "MP3 decoder"), missing("video/x-vp8", "VP8 decoder")]);
        assert!(said.contains("VP8 decoder") && !said.contains("plugins-good"), "{said}");
        for package in [LIBAV, BAD] {
            let said = decoder(&[missing("video/x-h264", "H.264 decoder")]);
            assert_eq!(said.contains(package.name), !is_there(package.witness), "{said}");
        }
        assert!(decoder(&[]).contains("decoder for this stream"));
        assert_eq!(Missing::read(gst::Structure::new_empty("other").as_ref()), None);
    }
}
