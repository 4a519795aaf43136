//! Decides which sources are live, before they are opened.
//!
//! Many network sources do not report that they are live (`souphttpsrc`, `tcpclientsrc`: most cheap cameras), so the kind of source and
//! the scheme of its URI decide. `live = true` or `false` in the configuration overrides this.

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_base::{BaseSrc, prelude::*};

/// URI schemes of network streams and devices.
const LIVE_SCHEMES: [&str; 20] = [
    "dvb", "hls", "http", "https", "mms", "mmsh", "mmst", "ndi", "rist", "rtmp", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp",
    "v4l2", "webrtc", "whep", "ws",
];

/// URI schemes of files.
const FILE_SCHEMES: [&str; 11] = ["cdda", "data", "dvd", "file", "ftp", "gs", "imagesequence", "resource", "s3", "sftp", "smb"];

/// Sources of cameras and network streams. Some of them do not report that they are live, or only once they are open.
const LIVE_SOURCES: [&str; 32] = [
    "aravissrc",
    "curlhttpsrc",
    "decklinkvideosrc",
    "dtlssrtpdec",
    "dvbsrc",
    "libcamerasrc",
    "mmssrc",
    "ndisrc",
    "neonhttpsrc",
    "nvarguscamerasrc",
    "pipewiresrc",
    "pylonsrc",
    "qtiqmmfsrc",
    "reqwesthttpsrc",
    "ristsrc",
    "rtmp2src",
    "rtmpsrc",
    "rtpsrc",
    "rtspsrc",
    "rtspsrc2",
    "sdpsrc",
    "shmsrc",
    "souphttpsrc",
    "srtclientsrc",
    "srtserversrc",
    "srtsrc",
    "tcpclientsrc",
    "tcpserversrc",
    "udpsrc",
    "unixfdsrc",
    "v4l2src",
    "webrtcsrc",
];

/// Whether `pipeline` is live: it is if any of its sources is, even if others read files. `None` if no source is of a known kind.
pub fn by_sources(pipeline: &gst::Pipeline) -> Option<bool> {
    let kinds: Vec<_> = pipeline.iterate_recurse().into_iter().flatten().filter_map(|element| by_kind(&element)).collect();
    if kinds.is_empty() { None } else { Some(kinds.contains(&true)) }
}

/// Whether `element` is a live source; `None` if it is not a source, or of an unknown kind.
fn by_kind(element: &gst::Element) -> Option<bool> {
    let scheme = scheme(element);
    if !element.element_flags().contains(gst::ElementFlags::SOURCE) && scheme.is_none() {
        return None;
    }
    let base = element.downcast_ref::<BaseSrc>();
    let listed = element.factory().is_some_and(|factory| LIVE_SOURCES.contains(&&*factory.name()));
    match scheme {
        _ if listed || base.is_some_and(BaseSrcExt::is_live) => Some(true),
        Some(scheme) if is_live_scheme(&scheme) => Some(true),
        Some(scheme) if FILE_SCHEMES.contains(&&*scheme) => Some(false),
        _ => base.map(|_| false),
    }
}

/// `rtspt`, `rtsp-sdp` and similar schemes are variants of `rtsp`.
fn is_live_scheme(scheme: &str) -> bool {
    LIVE_SCHEMES.contains(&scheme) || scheme.starts_with("rtsp")
}

/// Whether `element` reads a file.
pub fn reads_file(element: &gst::Element) -> bool {
    scheme(element).is_some_and(|scheme| FILE_SCHEMES.contains(&&*scheme)) || by_kind(element) == Some(false)
}

/// The host and port that a network source reads from, without user and password.
pub fn host(element: &gst::Element) -> Option<String> {
    element.find_property("location").filter(|spec| spec.value_type() == String::static_type())?;
    let uri = element.property_value("location").get::<Option<glib::GString>>().ok()??;
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    is_live_scheme(&scheme.to_ascii_lowercase()).then(|| authority.to_owned())
}

/// The scheme of a source's URI, in lower case; if it has no URI, the only scheme it supports.
fn scheme(element: &gst::Element) -> Option<String> {
    let given = ["uri", "location"].into_iter().find_map(|name| {
        element.find_property(name).filter(|spec| spec.value_type() == String::static_type())?;
        let uri = element.property_value(name).get::<Option<glib::GString>>().ok()??;
        Some(uri.split_once("://").or_else(|| uri.split_once(":").filter(|(scheme, _)| *scheme == "data"))?.0.to_ascii_lowercase())
    });
    // (asking the handler for its URI makes some elements log an error if they have none yet)
    let only = || match &element.dynamic_cast_ref::<gst::URIHandler>()?.protocols()[..] {
        [only] => Some(only.to_ascii_lowercase()),
        _ => None,
    };
    given.or_else(only)
}

#[cfg(test)]
mod tests {
    use super::super::Pipeline;

    #[test]
    fn a_source_is_live_by_its_kind_or_by_the_scheme_of_its_uri() {
        let known = |source: &str| {
            let pipeline = Pipeline::build(&format!("{source} ! appsink name=frames"));
            super::by_sources(&pipeline.unwrap_or_else(|e| panic!("{e}")).pipeline)
        };
        for live in [
            "videotestsrc is-live=true",
            "v4l2src device=/dev/video77",
            "souphttpsrc location=http://10.0.0.1/video.mjpg ! multipartdemux ! jpegdec",
            "tcpclientsrc host=10.0.0.1 port=1 ! jpegdec",
            "udpsrc port=0 ! jpegdec",
            "rtspsrc location=rtspt://10.0.0.1/s ! decodebin",
            "uridecodebin uri=rtsp://10.0.0.1/s",
            "uridecodebin3 uri=RTSPS://10.0.0.1/s",
            "uridecodebin uri=http://10.0.0.1/video.mjpg",
            "urisourcebin uri=udp://239.0.0.1:5000 ! decodebin",
            // a camera combined with a picture file is still live
            "filesrc location=/logo.png ! pngdec ! videoconvert ! compositor name=c ! video/x-raw,format=I420 ! identity name=last  \
             udpsrc ! jpegdec ! c.  last.",
        ] {
            assert_eq!(known(live), Some(true), "{live}");
        }
        for film in [
            "videotestsrc",
            "filesrc location=/film.mkv ! decodebin",
            "uridecodebin uri=file:///film.mkv",
            "urisourcebin uri=FILE:///film.mkv ! decodebin",
            "multifilesrc location=/%d.jpg ! jpegdec",
            "fdsrc ! jpegdec",
        ] {
            assert_eq!(known(film), Some(false), "{film}");
        }
        assert_eq!(known("uridecodebin uri=something-new://10.0.0.1/s"), None);
        assert_eq!(known("videotestsrc ! imagefreeze is-live=true"), Some(false), "NO_PREROLL reports that it is live");
    }
}
