//! Turns GStreamer's errors into messages that the user can act on.

use super::missing::{self, Missing};
use super::{devices, liveness};
use crate::error::{Error, Kind};
use crate::printable;
use crate::system::access::{self, Access};
use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_base::BaseSrc;
use std::path::Path;

/// The error for a pipeline text that GStreamer cannot parse.
pub fn parse_error(text: &str, error: &glib::Error, missing: &[String]) -> Error {
    // (the parser also lists elements with a misspelt property as missing)
    let missing: Vec<_> = missing.iter().filter(|name| !missing::is_there(name)).collect();
    let hint = match &missing[..] {
        [] => missing::property(error).unwrap_or_else(|| format!("The pipeline is: {}", one_line(text))),
        missing => missing.iter().map(|name| missing::element(name)).collect::<Vec<_>>().join("\n"),
    };
    Error::config("cannot build the pipeline").because(error.message()).hint(hint)
}

/// Local sources whose formats never change: no other camera can be plugged in there.
const FIXED_SOURCES: [&str; 3] = ["nvarguscamerasrc", "qtiqmmfsrc", "videotestsrc"];

/// Whether `error`, from a source that has not delivered a frame, is permanent: a missing element, a missing file, or formats of a
/// local source that do not match. (Another camera may have other formats, and a network camera may be reconfigured.)
fn is_permanent(error: &glib::Error, debug: &str, element: Option<&gst::Element>) -> bool {
    if error.matches(gst::CoreError::MissingPlugin) || error.matches(gst::StreamError::CodecNotFound) {
        return true;
    }
    let Some(source) = element.filter(|element| element.is::<BaseSrc>()) else { return false };
    let fixed = liveness::reads_file(source) || source.factory().is_some_and(|factory| FIXED_SOURCES.contains(&&*factory.name()));
    fixed && (debug.contains("not-negotiated") || error.matches(gst::ResourceError::NotFound))
}

/// Whether `error` only says that something failed downstream: another error names the cause.
pub fn is_vague(error: &Error) -> bool {
    let text = error.to_string();
    // (multipartdemux reports the last of these for a failed connection)
    let vague =
        ["Internal data stream error", "Internal data flow error", "failed to post a proper error message", "no valid streams"];
    vague.iter().any(|vague| text.contains(vague))
        && !text.contains("no format in common")
        && !text.contains("does not offer the format")
}

/// A WARNING message of a pipeline in one line, with the name of the element.
pub fn bus_warning(message: &gst::message::Warning) -> String {
    let text = message.error().message().trim_end_matches('.').to_owned();
    format!("{} warns: {}", element_of(message.src(), factory_of(message.src()).as_deref()), printable::line(&text))
}

/// The factory of an element; `None` for a pipeline or a pad.
fn factory_of(source: Option<&gst::Object>) -> Option<glib::GString> {
    source.and_then(|source| source.downcast_ref::<gst::Element>()?.factory()).map(|factory| factory.name())
}

/// The name of a message's sender, for the log.
fn element_of(source: Option<&gst::Object>, factory: Option<&str>) -> String {
    let Some(source) = source else { return "the pipeline".to_owned() };
    let name = source.name();
    // an element written in Rust is named after its type with a number, unless the user names it
    let of_type = name.trim_end_matches(|c: char| c.is_ascii_digit()) == source.type_().name().to_ascii_lowercase();
    format!("'{}'", factory.filter(|_| of_type).unwrap_or_else(|| said_name(&name, factory)))
}

/// The hint for a network camera that does not answer.
const UNREACHABLE: &str = "Is the camera on, and are its address and port correct?";

/// An ERROR message of a pipeline, with a hint if there is one; `missing` lists the decoders that its elements did not find.
pub fn bus_error(message: &gst::message::Error, missing: &[Missing]) -> Error {
    let factory = factory_of(message.src());
    let element = element_of(message.src(), factory.as_deref());
    let error = message.error();
    let debug = message.debug().unwrap_or_default();
    // the last line of the details is the cause; the lines before it are positions in GStreamer's source
    let detail = debug.lines().last().unwrap_or_default().rsplit("): ").next().unwrap_or_default().trim();
    let source = message.src().and_then(|src| src.downcast_ref::<gst::Element>());
    let kind = if is_permanent(&error, &debug, source) { Kind::Permanent } else { Kind::Failed };
    let text = error.message().trim_end_matches('.');
    let host = source.and_then(liveness::host);
    // some network sources (souphttpsrc of 1.22) report nothing more when the camera does not answer
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

/// The hint for an error of a V4L2 camera.
fn camera_hint(error: &glib::Error, debug: &str, camera: &gst::Element) -> Option<String> {
    let device = camera.property::<Option<String>>("device").unwrap_or_default();
    if debug.contains("not-negotiated") {
        let offered = devices::formats(camera.static_pad("src")?.query_caps(None).as_ref());
        return Some(format!(
            "The camera '{device}' does not offer the format that the pipeline requires. It offers: {}",
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

/// The element's name if the user set it; otherwise its factory. (GStreamer numbers the others, and the number grows with each rebuild.)
fn said_name<'a>(name: &'a str, factory: Option<&'a str>) -> &'a str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if factory == Some(bare) { bare } else { name }
}

fn hint(error: &glib::Error, debug: &str, factory: Option<&str>, missing: &[Missing]) -> Option<String> {
    if debug.contains("not-negotiated") {
        return Some(
            "Two elements have no format in common. `videoconvert ! appsink name=frames` accepts any; `v4l2-ctl --list-formats-ext` lists a camera's formats.".into(),
        );
    }
    if error.matches(gst::CoreError::MissingPlugin) || error.matches(gst::StreamError::CodecNotFound) {
        return Some(missing::decoder(missing));
    }
    if error.matches(gst::ResourceError::NotAuthorized) {
        return Some("The camera requires a user name and password, or the given ones are wrong.".into());
    }
    if factory == Some("multipartdemux") {
        return Some(
            "The stream is not Motion JPEG (multipart/x-mixed-replace), or it ended before the first picture. Open the address in a browser to see what the camera sends.".into(),
        );
    }
    if factory == Some("jpegdec") && debug.contains("no valid frames") {
        return Some("The JPEG is damaged, or of a kind that jpegdec does not decode: CMYK, 12-bit, lossless.".into());
    }
    if error.matches(gst::StreamError::TypeNotFound)
        || error.matches(gst::StreamError::Decode)
        || error.matches(gst::StreamError::WrongType)
    {
        return Some("It is not a picture or video that GStreamer knows, or it is damaged.".into());
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
    fn generated_names_are_replaced_by_the_factory() {
        assert_eq!(said_name("v4l2src12", Some("v4l2src")), "v4l2src");
        assert_eq!(said_name("camera2", Some("v4l2src")), "camera2");
        assert_eq!(said_name("camera", None), "camera");
    }
}
