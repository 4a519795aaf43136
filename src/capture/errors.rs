//! GStreamer's errors as messages that a person can act on.

use super::missing::{self, Missing};
use super::{devices, liveness};
use crate::error::{Error, Kind};
use crate::printable;
use crate::system::access::{self, Access};
use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_base::BaseSrc;
use std::path::Path;

/// A pipeline text that GStreamer cannot make a pipeline of.
pub fn parse_error(text: &str, error: &glib::Error, missing: &[String]) -> Error {
    // (the parser counts an element with a misspelt property among the missing)
    let missing: Vec<_> = missing.iter().filter(|name| !missing::is_there(name)).collect();
    let hint = match &missing[..] {
        [] => missing::property(error).unwrap_or_else(|| format!("The pipeline is: {}", one_line(text))),
        missing => missing.iter().map(|name| missing::element(name)).collect::<Vec<_>>().join("\n"),
    };
    Error::config("cannot make the pipeline").because(error.message()).hint(hint)
}

/// Sources of this machine alone whose formats never change: no other camera can be plugged in there.
const FIXED_SOURCES: [&str; 3] = ["nvarguscamerasrc", "qtiqmmfsrc", "videotestsrc"];

/// Whether `error`, of a source that has not delivered a frame, is permanent: an element is missing, formats of this machine
/// alone do not fit, a file is not there. (Another camera may have other formats, and a camera of the network may be set otherwise.)
fn is_permanent(error: &glib::Error, debug: &str, element: Option<&gst::Element>) -> bool {
    if error.matches(gst::CoreError::MissingPlugin) || error.matches(gst::StreamError::CodecNotFound) {
        return true;
    }
    let Some(source) = element.filter(|element| element.is::<BaseSrc>()) else { return false };
    let fixed = liveness::reads_file(source) || source.factory().is_some_and(|factory| FIXED_SOURCES.contains(&&*factory.name()));
    fixed && (debug.contains("not-negotiated") || error.matches(gst::ResourceError::NotFound))
}

/// Whether `error` only says that something went wrong further on: the cause is in another one.
pub fn is_vague(error: &Error) -> bool {
    let text = error.to_string();
    // (multipartdemux reports the last one of a connection that failed)
    let vague =
        ["Internal data stream error", "Internal data flow error", "failed to post a proper error message", "no valid streams"];
    vague.iter().any(|vague| text.contains(vague))
        && !text.contains("share no format")
        && !text.contains("does not offer the format")
}

/// A WARNING message of a pipeline, in a line: which element, and what it warns of.
pub fn bus_warning(message: &gst::message::Warning) -> String {
    let text = message.error().message().trim_end_matches('.').to_owned();
    format!("{} warns: {}", element_of(message.src(), factory_of(message.src()).as_deref()), printable::line(&text))
}

/// What made an element; `None` for a pipeline or a pad.
fn factory_of(source: Option<&gst::Object>) -> Option<glib::GString> {
    source.and_then(|source| source.downcast_ref::<gst::Element>()?.factory()).map(|factory| factory.name())
}

/// Who posted a message, as messages call it.
fn element_of(source: Option<&gst::Object>, factory: Option<&str>) -> String {
    let Some(source) = source else { return "the pipeline".to_owned() };
    let name = source.name();
    // an element written in Rust is called by its type and a number where the user gives it no name
    let of_type = name.trim_end_matches(|c: char| c.is_ascii_digit()) == source.type_().name().to_ascii_lowercase();
    format!("'{}'", factory.filter(|_| of_type).unwrap_or_else(|| said_name(&name, factory)))
}

/// What to do where nobody answers.
const UNREACHABLE: &str = "Is the camera on, and are its address and port right?";

/// An ERROR message of a pipeline, with what to do next where that is known; `missing` is what elements of it looked for in vain.
pub fn bus_error(message: &gst::message::Error, missing: &[Missing]) -> Error {
    let factory = factory_of(message.src());
    let element = element_of(message.src(), factory.as_deref());
    let error = message.error();
    let debug = message.debug().unwrap_or_default();
    // the last line of the details is the cause; those before it are places in GStreamer's source
    let detail = debug.lines().last().unwrap_or_default().rsplit("): ").next().unwrap_or_default().trim();
    let source = message.src().and_then(|src| src.downcast_ref::<gst::Element>());
    let kind = if is_permanent(&error, &debug, source) { Kind::Permanent } else { Kind::Failed };
    let text = error.message().trim_end_matches('.');
    let host = source.and_then(liveness::host);
    // some network sources (souphttpsrc of 1.22) say nothing more when nobody answers
    let broken = error.message().contains("Internal data stream error") && debug.contains("reason error");
    let unsaid = host.as_deref().filter(|host| !broken && !text.contains(host) && !detail.contains(host));
    let at = unsaid.map(|host| format!(" ({host})")).unwrap_or_default();
    let mut report = Error::new(kind, format!("{element}{at} reports an error"));
    let no_connection =
        [gst::ResourceError::OpenRead, gst::ResourceError::OpenReadWrite].into_iter().any(|kind| error.matches(kind));
    let unreachable = host.is_some() && (broken || no_connection);
    report = if let Some(host) = host.filter(|_| broken) {
        report.because(format!("the connection to {host} failed or broke off ({text})"))
    } else if detail.is_empty() || detail.starts_with("/Gst") {
        report.because(printable::line(text))
    } else {
        report.because(printable::line(&format!("{text} ({detail})")))
    };
    let camera =
        factory.as_deref().filter(|factory| *factory == "v4l2src").and_then(|_| message.src()?.downcast_ref::<gst::Element>());
    match camera
        .and_then(|camera| camera_hint(&error, &debug, camera))
        .or_else(|| hint(&error, &debug, factory.as_deref(), missing))
        .or_else(|| unreachable.then(|| UNREACHABLE.to_owned()))
    {
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

fn hint(error: &glib::Error, debug: &str, factory: Option<&str>, missing: &[Missing]) -> Option<String> {
    if debug.contains("not-negotiated") {
        return Some(
            "Two elements share no format. `videoconvert ! appsink name=frames` takes any; `v4l2-ctl --list-formats-ext` shows what a camera offers.".into(),
        );
    }
    if error.matches(gst::CoreError::MissingPlugin) || error.matches(gst::StreamError::CodecNotFound) {
        return Some(missing::decoder(missing));
    }
    if error.matches(gst::ResourceError::NotAuthorized) {
        return Some("The camera requires a user and a password, or those given are wrong.".into());
    }
    if factory == Some("multipartdemux") {
        return Some(
            "What came is no Motion JPEG (multipart/x-mixed-replace), or it broke off before the first picture. A browser shows what the camera gives at this address.".into(),
        );
    }
    if factory == Some("jpegdec") && debug.contains("no valid frames") {
        return Some("The JPEG is damaged, or of a kind that jpegdec does not decode: CMYK, 12 bits, lossless.".into());
    }
    if error.matches(gst::StreamError::TypeNotFound)
        || error.matches(gst::StreamError::Decode)
        || error.matches(gst::StreamError::WrongType)
    {
        return Some("It is no picture or video that GStreamer knows, or it is damaged.".into());
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
