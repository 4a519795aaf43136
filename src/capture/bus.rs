//! Messages of a pipeline's bus: errors and the end of the stream are forwarded, warnings are logged.

use super::errors;
use super::missing::Missing;
use crate::error::Error;
use crossbeam_channel::{Receiver, bounded};
use gstreamer::{self as gst, prelude::*};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The maximum number of events that wait to be received.
const EVENTS: usize = 8;

/// An event of a running pipeline.
pub enum Event {
    /// An element failed.
    Failed(Error),
    /// All frames have been delivered.
    EndOfStream,
}

/// Forwards errors and the end of the stream from the thread that posts them; that thread delivers frames, so nothing here blocks.
/// Other messages (QoS, tags, element messages) are dropped.
pub fn listen(pipeline: &gst::Pipeline, name: Arc<OnceLock<Arc<str>>>) -> Receiver<Event> {
    let (events, heard) = bounded(EVENTS);
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let missing = Mutex::new(Vec::new());
    bus.set_sync_handler(move |_, message| {
        let event = match message.view() {
            gst::MessageView::Element(element) => {
                let looked_for = element.structure().and_then(Missing::read);
                let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
                if missing.len() < EVENTS {
                    missing.extend(looked_for);
                }
                None
            }
            // only the first is received; the others are not formatted
            gst::MessageView::Error(_) if events.is_full() => None,
            gst::MessageView::Error(error) => {
                Some(Event::Failed(errors::bus_error(error, &missing.lock().unwrap_or_else(PoisonError::into_inner))))
            }
            gst::MessageView::Eos(_) => Some(Event::EndOfStream),
            gst::MessageView::Warning(warning) => {
                let source = name.get().map_or("the pipeline", |name| &**name);
                tracing::warn!(source, "{source}: {}", errors::bus_warning(warning));
                None
            }
            _ => None,
        };
        if let Some(event) = event {
            // one loss posts several errors, and the first names the cause; those that do not fit are not needed
            let _ = events.try_send(event);
        }
        gst::BusSyncReply::Drop
    });
    heard
}
