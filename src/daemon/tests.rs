//! The daemon when one of its threads ends or hangs.

mod engines;

use super::*;
use crate::engine::Classifier;
use crate::error::{Error, Result};
use crate::event::{Event, Hub, Publisher};
use crate::labels::Labels;
use crate::metrics::Status;
use crate::model::builtin;
use crate::preprocess;
use crate::publish::socket::Socket;
use crate::runtime::{Execution, Infer};
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crate::tensor::Tensor;
use crate::{capture, config};
use crossbeam_channel::{Receiver, Sender, bounded, never, unbounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const LIVE: &str = "videotestsrc is-live=true ! video/x-raw,format=NV12,width=64,height=48,framerate=50/1 ! appsink name=frames";

struct Fake(Execution);

impl Infer for Fake {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.0
    }
}

/// Replaces a standard output that is read.
struct Living;

impl Publisher for Living {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, _: &Event) -> Result<()> {
        Ok(())
    }
}

fn camera(name: &str) -> config::Camera {
    config::Camera::new(name, LIVE)
}

/// The outcome of a daemon with the cameras `names`, which ends by itself, or after 30 s.
fn run_to_the_end(names: &[&str], socket: Option<Socket>, prepare: Prepare, asked: &Receiver<Ask>) -> Result<Vec<Status>> {
    let model = builtin().unwrap();
    let fake = Box::new(Fake(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
    let labels = Labels::numbered(model.output.classes);
    let classifier = Classifier::new(&model, labels, fake, &preprocess::Params::default(), 1);
    let hub = socket.into_iter().fold(Hub::new().inline(Box::new(Living)), |hub, socket| hub.inline(Box::new(socket)));
    let parts = Parts { classifiers: vec![classifier], hub, status_interval: None, limit: None, source: None };
    let cameras = names.iter().map(|name| camera(name));
    let stop = Stop::default();
    stop.request_after(Duration::from_secs(30)).unwrap();
    run(parts, cameras.collect(), prepare, Outside { stop: &stop, asked, service: Service::default() })
}

#[test]
fn a_panic_of_the_sockets_thread_ends_the_daemon_although_standard_output_works() {
    for (died, why) in [
        (Socket::to(|| Err(std::io::Error::other("no more events"))), "no subscriber is served any more: no more events"),
        (Socket::to(|| panic!("a fault in serving")), "the thread 'socket' panicked: a fault in serving"),
    ] {
        let error = run_to_the_end(&["front"], Some(died), Arc::new(|_| {}), &never()).unwrap_err();
        assert!(error.to_string().contains(why) && error.exit_status() == 1, "{error}");
    }
}

#[test]
fn an_orderly_end_of_the_sockets_thread_is_not_an_error() {
    let ended = Socket::to(|| Ok(()));
    let pipelines = AtomicU64::new(0);
    let prepare = move |_: &capture::Pipeline| {
        // the second camera cannot be looked after: that, and not the socket, is what ends it
        assert!(pipelines.fetch_add(1, Ordering::SeqCst) == 0, "a fault in capture");
    };
    let error = run_to_the_end(&["front", "back"], Some(ended), Arc::new(prepare), &never()).unwrap_err();
    let told = error.to_string();
    assert!(told.contains("has ended: the thread 'capture' panicked: a fault in capture") && error.exit_status() == 1, "{told}");
}

#[test]
fn the_end_of_the_signal_thread_ends_the_daemon() {
    let (ask, asked) = bounded(1);
    drop(ask);
    let error = run_to_the_end(&["front"], None, Arc::new(|_| {}), &asked).unwrap_err();
    assert!(error.to_string().contains("the thread 'signals' has ended") && error.exit_status() == 1, "{error}");
}

/// A model whose inference hangs until the gate is dropped.
struct Gated {
    begins: Sender<()>,
    gate: Receiver<()>,
    execution: Execution,
}

impl Infer for Gated {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        // the test may have ended
        let (_, _) = (self.begins.try_send(()), self.gate.recv());
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

/// Passes on the source of each result.
struct Sources(Sender<String>);

impl Publisher for Sources {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        if let Event::Result { prediction, .. } = event {
            let _ = self.0.send(prediction.source.to_string());
        }
        Ok(())
    }
}

/// Settings like those in force, with the cameras `names`, which `models` classify.
fn settings(models: &[&str], names: &[&str]) -> config::Settings {
    let model = |name: &&str| config::ModelSettings {
        name: Some((*name).into()),
        top: 1,
        ..config::ModelSettings::builtin(Default::default())
    };
    config::Settings {
        models: models.iter().map(model).collect(),
        unused: Vec::new(),
        cameras: names.iter().map(|name| camera(name)).collect(),
        socket: None,
        output: None,
        status_interval: None,
    }
}

#[test]
fn a_reload_that_the_engine_does_not_accept_in_time_never_takes_effect() {
    let ((begins, begun), (gate, opened)) = (bounded(1), bounded::<()>(0));
    let model = builtin().unwrap();
    let gated = Gated { begins, gate: opened, execution: Execution { provider: "CPU", detail: "a fake".into(), nodes: None } };
    let labels = Labels::numbered(model.output.classes);
    let classifier = Classifier::new(&model, labels, Box::new(gated), &preprocess::Params::default(), 1);
    let (told, sources) = unbounded();
    // first a reload that replaces the camera, then one with errors: once that is read, the first is over
    let (read, reads) = bounded(2);
    let reloads = AtomicU64::new(0);
    let load: Load = Arc::new(move |_| {
        let _ = read.send(());
        let first = reloads.fetch_add(1, Ordering::SeqCst) == 0;
        if first { Ok((settings(&["testcard"], &["back"]), Vec::new())) } else { Err(Error::config("a file with errors")) }
    });
    let source = Source {
        load,
        settings: settings(&["testcard"], &["front"]),
        files: Default::default(),
        patience: Duration::from_millis(50),
    };
    let hub = Hub::new().inline(Box::new(Sources(told)));
    let parts = Parts { classifiers: vec![classifier], hub, status_interval: None, limit: None, source: Some(source) };
    let (stop, (ask, asked)) = (Stop::default(), bounded(2));
    let own = stop.clone();
    let daemon = std::thread::spawn(move || {
        let outside = Outside { stop: &own, asked: &asked, service: Service::default() };
        run(parts, vec![camera("front")], Arc::new(|_| {}), outside)
    });
    begun.recv().unwrap();
    // the model hangs in its first inference, and the engine accepts no changes
    for _ in 0..2 {
        ask.send(Ask::Reload).unwrap();
        reads.recv().unwrap();
    }
    drop(gate);
    let seen: Vec<_> = sources.iter().take(20).collect();
    stop.request();
    daemon.join().unwrap().unwrap();
    assert!(seen.iter().all(|source| source == "front"), "the refused change took effect: {seen:?}");
}
