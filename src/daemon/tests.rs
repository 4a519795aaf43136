//! What becomes of the daemon when one of its threads ends.

use super::*;
use crate::labels::Labels;
use crate::model::builtin;
use crate::prediction::Prediction;
use crate::preprocess;
use crate::publish::Publish;
use crate::runtime::Infer;
use crate::tensor::Tensor;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Stands for a standard output that is read.
struct Living;

impl Publish for Living {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn publish(&mut self, _: &Prediction) -> Result<()> {
        Ok(())
    }
}

/// How a daemon with the cameras `names` ended by itself. Where nothing ends it, it is ended after 30 s.
fn run_to_the_end(names: &[&str], socket: Option<socket::Handle>, prepare: Prepare, asked: &Receiver<Ask>) -> Result<Vec<Status>> {
    let model = builtin().unwrap();
    let fake = Box::new(Fake(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
    let labels = Labels::numbered(model.output.classes);
    let classifier = Classifier::new(&model, labels, fake, &preprocess::Params::default(), 1);
    let publishers = Publishers::new(vec![Box::new(Living)]);
    let parts = Parts { classifier, publishers, socket, status_interval: None, limit: None, source: None };
    let cameras = names.iter().map(|name| config::Camera {
        name: (*name).into(),
        pipeline: LIVE.into(),
        turn: Default::default(),
        limits: Default::default(),
        live: None,
        stuck: None,
    });
    let stop = Stop::default();
    stop.request_after(Duration::from_secs(30)).unwrap();
    run(parts, cameras.collect(), prepare, Outside { stop: &stop, asked, service: Service::default() })
}

#[test]
fn a_socket_whose_thread_has_died_is_a_fault_beside_a_living_standard_output() {
    for (died, why) in [
        (socket::Handle::to(|| Err(std::io::Error::other("no more events"))), "no subscriber is served any more: no more events"),
        (socket::Handle::to(|| panic!("a fault in serving")), "the thread 'socket' panicked: a fault in serving"),
    ] {
        let error = run_to_the_end(&["front"], Some(died), Arc::new(|_| {}), &never()).unwrap_err();
        assert!(error.to_string().contains(why) && error.exit_status() == 1, "{error}");
    }
}

#[test]
fn a_socket_whose_thread_has_ended_as_it_was_asked_to_is_none() {
    let ended = socket::Handle::to(|| Ok(()));
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
fn a_daemon_that_cannot_be_asked_for_anything_any_more_is_a_fault() {
    let (ask, asked) = bounded(1);
    drop(ask);
    let error = run_to_the_end(&["front"], None, Arc::new(|_| {}), &asked).unwrap_err();
    assert!(error.to_string().contains("the thread 'signals' has ended") && error.exit_status() == 1, "{error}");
}
