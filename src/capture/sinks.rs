//! The sinks of a pipeline: configures our appsink regardless of the text, and limits other elements that would keep frames without
//! bound.

use super::sample;
use crate::error::{Error, Kind, Result};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;

/// The properties of our appsink that the user cannot change. Nothing is queued or dropped here: the channel behind the appsink
/// does that and counts it. Properties of newer versions are set if they exist.
const OURS: [(&str, &str); 11] = [
    ("sync", "false"),
    ("drop", "false"),
    ("max-buffers", "1"),
    ("max-bytes", "0"),
    ("max-time", "0"),
    ("leaky-type", "none"),
    ("enable-last-sample", "false"),
    ("wait-on-eos", "false"),
    ("emit-signals", "false"),
    // a list of buffers would arrive as a sample without a buffer
    ("buffer-list", "false"),
    ("max-lateness", "-1"),
];

/// For an appsink that is not read: it keeps only its newest frame and does not delay the end of the stream.
const UNREAD: [(&str, &str); 3] = [("max-buffers", "1"), ("drop", "true"), ("wait-on-eos", "false")];

/// The limit, in bytes, of a queue for which the user removed all limits.
const QUEUE_BYTES: u32 = 256 << 20;

/// How many characters of the offered caps are shown.
const SHOWN: usize = 200;

/// Configures our appsink. Its caps are intersected with the accepted ones.
pub fn set_up(sink: &gst_app::AppSink) -> Result<()> {
    set_all(sink.upcast_ref(), &OURS);
    let ours = sample::accepted_caps();
    let caps = match sink.caps().filter(|caps| !caps.is_any()) {
        None => ours,
        Some(users) => {
            // in the user's order of preference
            let both = users.intersect_with_mode(&ours, gst::CapsIntersectMode::First);
            if both.is_empty() {
                return Err(Error::config(format!("the caps of the appsink 'frames' ({users}) allow no supported format"))
                    .because(format!("supported: {}", sample::accepted_formats()))
                    .hint("Leave out caps=..., or convert in front of it: ! videoconvert ! appsink name=frames"));
            }
            both
        }
    };
    sink.set_caps(Some(&caps));
    Ok(())
}

/// An error if `sink` accepts no format of the element in front of it, as far as that is known before a source is opened.
pub fn check_formats(sink: &gst_app::AppSink) -> Result<()> {
    let (Some(peer), Some(taken)) = (sink.static_pad("sink").and_then(|pad| pad.peer()), sink.caps()) else { return Ok(()) };
    let offered = peer.query_caps(None);
    // an element with empty caps may offer some once it runs
    if offered.is_empty() || offered.can_intersect(&taken) {
        return Ok(());
    }
    let mut offered = offered.to_string();
    if let Some((end, _)) = offered.char_indices().nth(SHOWN) {
        offered.replace_range(end.., "...");
    }
    Err(Error::new(Kind::Permanent, "the appsink 'frames' and the element in front of it have no format in common")
        .because(format!("offered: {offered}; supported: {}", sample::accepted_formats()))
        .hint("For raw pictures: ! videoconvert ! appsink name=frames. Encoded pictures need a decoder: ! jpegdec ! appsink name=frames"))
}

/// Limits elements that would otherwise use up the memory: other appsinks, which are not read, and queues without any limit.
/// Returns a log message about each.
pub fn bound_others(pipeline: &gst::Pipeline, ours: &gst_app::AppSink) -> Vec<String> {
    let mut said = Vec::new();
    for element in pipeline.iterate_recurse().into_iter().flatten() {
        let name = element.name();
        if element.is::<gst_app::AppSink>() && element != *ours.upcast_ref::<gst::Element>() {
            set_all(&element, &UNREAD);
            said.push(format!(
                "the appsink '{name}' is not read (only 'frames' is); it keeps only its newest buffer.\n  \
                 Remove it, or replace it with: fakesink"
            ));
        } else if is_unlimited_queue(&element) {
            element.set_property("max-size-bytes", QUEUE_BYTES);
            said.push(format!(
                "the queue '{name}' has no limit; max-size-bytes is set to {QUEUE_BYTES}.\n  \
                 Set a limit, or use: queue leaky=downstream max-size-buffers=1"
            ));
        }
    }
    said
}

/// Whether `element` is a queue that drops nothing and has no limit.
fn is_unlimited_queue(element: &gst::Element) -> bool {
    let kind = element.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
    matches!(&*kind, "queue" | "queue2" | "multiqueue")
        && element.property::<u32>("max-size-buffers") == 0
        && element.property::<u32>("max-size-bytes") == 0
        && element.property::<u64>("max-size-time") == 0
}

fn set_all(element: &gst::Element, properties: &[(&str, &str)]) {
    for (name, value) in properties {
        if element.find_property(name).is_some() {
            element.set_property_from_str(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pipeline;
    use super::*;

    fn built(text: &str) -> Pipeline {
        Pipeline::build(text).unwrap()
    }

    #[test]
    fn the_users_caps_are_kept_as_far_as_they_are_accepted() {
        let caps = |text: &str| built(text).sink.caps().unwrap();
        let wanted = "video/x-raw,format=(string){BGR,NV12,GRAY16_LE},width=320";
        let both = caps(&format!("videotestsrc ! appsink name=frames caps=\"{wanted}\""));
        let given: gst::Caps = "video/x-raw,format={BGR,NV12},width=320".parse().unwrap();
        assert_eq!(both, given);
        assert_eq!(caps("videotestsrc ! appsink name=frames caps=ANY"), sample::accepted_caps());
        for foreign in ["image/jpeg", "video/x-raw,format=GRAY16_LE", "video/x-raw(memory:DMABuf),format=NV12"] {
            let Err(error) = Pipeline::build(&format!("filesrc ! appsink name=frames caps=\"{foreign}\"")) else {
                panic!("{foreign} was accepted");
            };
            let (message, kind) = (error.to_string(), foreign.split([',', '(']).next().unwrap());
            assert!(message.contains(kind) && message.contains("NV12, I420"), "both are named: {message}");
        }
    }

    #[test]
    fn user_settings_of_our_appsink_cannot_delay_or_drop_frames() {
        let text = "videotestsrc ! appsink name=frames sync=true drop=true max-buffers=7 wait-on-eos=true emit-signals=true \
                    enable-last-sample=true buffer-list=true";
        let sink = built(text).sink.clone();
        for (name, value) in OURS.iter().filter(|(name, _)| sink.find_property(name).is_some()) {
            let is = sink.property_value(name).serialize().unwrap();
            assert_eq!(is, *value, "{name}");
        }
    }

    #[test]
    fn unread_appsinks_and_unlimited_queues_are_bounded() {
        let text = "videotestsrc ! tee name=t  t. ! appsink name=frames  t. ! appsink name=other  \
                    t. ! queue name=endless max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! fakesink  \
                    t. ! queue name=usual ! fakesink";
        let pipeline = built(text);
        let element = |name: &str| pipeline.pipeline.by_name(name).unwrap();
        let other = element("other").downcast::<gst_app::AppSink>().unwrap();
        assert!((other.max_buffers(), other.is_drop(), other.is_wait_on_eos()) == (1, true, false));
        assert_eq!(element("endless").property::<u32>("max-size-bytes"), QUEUE_BYTES);
        assert_eq!(pipeline.bounded().len(), 2, "{:?}", pipeline.bounded());
        assert!(pipeline.bounded().iter().all(|said| !said.contains("'usual'")));
    }
}
