//! GStreamer's errors in words that a person can act on.

use super::devices;
use crate::access::{self, Access};
use crate::error::Error;
use gstreamer::{self as gst, glib, prelude::*};
use std::path::Path;

/// Which package of Debian and Ubuntu (or of the board's own archive) has an element.
const PACKAGES: [(&str, &str); 16] = [
    ("qti", "gstreamer1.0-plugins-qcom-good, of ppa:ubuntu-qcom-iot/qcom-ppa; on Qualcomm boards only"),
    ("libcamerasrc", "gstreamer1.0-libcamera"),
    ("v4l2", "gstreamer1.0-plugins-good"),
    ("jpeg", "gstreamer1.0-plugins-good"),
    ("png", "gstreamer1.0-plugins-good"),
    ("rtspsrc", "gstreamer1.0-plugins-good"),
    ("rtp", "gstreamer1.0-plugins-good"),
    ("qtdemux", "gstreamer1.0-plugins-good"),
    ("multifile", "gstreamer1.0-plugins-good"),
    ("textoverlay", "gstreamer1.0-plugins-base, on Debian 12 gstreamer1.0-x"),
    ("video", "gstreamer1.0-plugins-base"),
    ("decodebin", "gstreamer1.0-plugins-base"),
    ("uridecodebin", "gstreamer1.0-plugins-base"),
    ("waylandsink", "gstreamer1.0-plugins-bad"),
    ("kmssink", "gstreamer1.0-plugins-bad"),
    ("av", "gstreamer1.0-libav"),
];

/// What to do about an element that this machine has not.
pub fn missing_element(name: &str) -> String {
    match PACKAGES.iter().find(|(prefix, _)| name.starts_with(prefix)) {
        Some((_, package)) => format!("'{name}' comes with {package}."),
        None => format!("Is '{name}' spelled right? gst-inspect-1.0 lists the elements of this machine."),
    }
}

/// A pipeline text that GStreamer cannot make a pipeline of.
pub fn parse_error(text: &str, error: &glib::Error, missing: &[String]) -> Error {
    let hint = match missing {
        [] => format!("The pipeline is: {}", one_line(text)),
        missing => missing.iter().map(|name| missing_element(name)).collect::<Vec<_>>().join("\n"),
    };
    Error::config("cannot make the pipeline").because(error.message()).hint(hint)
}

/// An ERROR message of a pipeline, with what to do next where that is known.
pub fn bus_error(message: &gst::message::Error) -> Error {
    let factory = message.src().and_then(|src| src.downcast_ref::<gst::Element>()?.factory()).map(|factory| factory.name());
    let element =
        message.src().map_or_else(|| "the pipeline".to_owned(), |src| format!("'{}'", said_name(&src.name(), factory.as_deref())));
    let error = message.error();
    let debug = message.debug().unwrap_or_default();
    // the last line of the details is the cause; those before it are places in GStreamer's source
    let detail = debug.lines().last().unwrap_or_default().rsplit("): ").next().unwrap_or_default().trim();
    let mut report = Error::failed(format!("{element} reports an error"));
    let text = error.message().trim_end_matches('.');
    report = if detail.is_empty() || detail.starts_with("/Gst") {
        report.because(text)
    } else {
        report.because(format!("{text} ({detail})"))
    };
    let camera = factory.filter(|factory| factory == "v4l2src").and_then(|_| message.src()?.downcast_ref::<gst::Element>());
    match camera.and_then(|camera| camera_hint(&error, &debug, camera)).or(hint(&error, &debug).map(str::to_owned)) {
        Some(hint) => report.hint(hint),
        None => report,
    }
}

/// What to do about a camera, by what it is and what there is.
fn camera_hint(error: &glib::Error, debug: &str, camera: &gst::Element) -> Option<String> {
    let device = camera.property::<Option<String>>("device").unwrap_or_default();
    if debug.contains("not-negotiated") {
        let offered = devices::formats(camera.static_pad("src")?.query_caps(None).as_ref());
        return Some(format!(
            "The camera '{device}' does not offer the format that the pipeline wants. It offers: {}",
            offered.join("; ")
        ));
    }
    if error.matches(gst::ResourceError::Busy) || debug.contains("Device or resource busy") {
        return Some(format!("Another program holds the camera; `fuser -v {device}` names it."));
    }
    match access::to(Path::new(&device)) {
        Access::Absent => Some(devices::which()),
        Access::Locked(why) => Some(why),
        Access::Open => None,
    }
}

/// The name that the user gave the element; else its kind. (GStreamer numbers the others, and counts on with each rebuild.)
fn said_name<'a>(name: &'a str, factory: Option<&'a str>) -> &'a str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if factory == Some(bare) { bare } else { name }
}

fn hint(error: &glib::Error, debug: &str) -> Option<&'static str> {
    if debug.contains("not-negotiated") {
        return Some(
            "Two elements share no format. `videoconvert ! appsink name=frames` takes any; `v4l2-ctl --list-formats-ext` shows what a camera offers.",
        );
    }
    if error.matches(gst::CoreError::MissingPlugin) || error.matches(gst::StreamError::CodecNotFound) {
        return Some("A decoder is missing. Most come with gstreamer1.0-plugins-bad or gstreamer1.0-libav.");
    }
    if error.matches(gst::StreamError::TypeNotFound)
        || error.matches(gst::StreamError::Decode)
        || error.matches(gst::StreamError::WrongType)
    {
        return Some("It is no picture or video that GStreamer knows, or it is damaged.");
    }
    None
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_has_the_users_name_or_none() {
        assert_eq!(said_name("v4l2src12", Some("v4l2src")), "v4l2src");
        assert_eq!(said_name("camera2", Some("v4l2src")), "camera2");
        assert_eq!(said_name("camera", None), "camera");
    }
}
