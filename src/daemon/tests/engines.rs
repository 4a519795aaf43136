//! A daemon with several engines: one frame for all of them, changes that all make or none, and one that hangs.

use super::*;
use crate::model::Model;
use crate::postprocess::label_state::{Params, Rules, StateClasses};
use std::thread;
use std::time::Instant;

/// A model that is run at once, and says when its session is closed.
struct Closing(Fake, Sender<()>);

impl Infer for Closing {
    fn infer(&mut self, input: &Tensor, output: &mut Tensor) -> Result<()> {
        self.0.infer(input, output)
    }

    fn execution(&self) -> &Execution {
        self.0.execution()
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let _ = self.1.send(());
    }
}

fn execution() -> Execution {
    Execution { provider: "CPU", detail: "a fake".into(), nodes: None }
}

/// The model `name`, run by `runtime`.
fn classifier(name: &str, runtime: Box<dyn Infer>) -> Classifier {
    let model = Model { name: name.into(), ..builtin().unwrap() };
    Classifier::new(&model, Labels::numbered(model.output.classes), runtime, &preprocess::Params::default(), 1)
}

fn quick(name: &str) -> Classifier {
    classifier(name, Box::new(Fake(execution())))
}

/// Passes on camera and model of each result, and the streams of each greeting.
struct Course(Sender<Seen>);

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Result { camera: String, model: String },
    Hello(Vec<[String; 2]>),
    End,
}

impl Publisher for Course {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let seen = match event {
            Event::Result { prediction, .. } => {
                Seen::Result { camera: prediction.source.to_string(), model: prediction.model.to_string() }
            }
            Event::Hello(hello) => {
                let names = hello.streams.iter().map(|stream| [stream.camera.clone(), stream.model.clone()]);
                Seen::Hello(names.collect())
            }
            Event::Change(_) | Event::Status(_) => return Ok(()),
            Event::End => Seen::End,
        };
        let _ = self.0.send(seen);
        Ok(())
    }
}

fn names(models: &[String]) -> Vec<&str> {
    models.iter().map(String::as_str).collect()
}

/// A daemon with the camera `front`, which a test asks for things.
struct Running {
    stop: Stop,
    ask: Sender<Ask>,
    /// The configuration is being read.
    reads: Receiver<()>,
    seen: Receiver<Seen>,
    daemon: thread::JoinHandle<Result<Vec<Status>>>,
}

impl Running {
    /// Each reload finds the camera `back` instead, and waits for the engines as long as `patience`.
    fn start(classifiers: Vec<Classifier>, patience: Duration) -> Self {
        let ((tell, seen), (read, reads), (ask, asked)) = (unbounded(), unbounded(), bounded(2));
        let models: Vec<_> = classifiers.iter().map(|classifier| classifier.model().to_owned()).collect();
        let before = settings(&names(&models), &["front"]);
        let load: Load = Arc::new(move |_| {
            let _ = read.send(());
            Ok((settings(&names(&models), &["back"]), Vec::new()))
        });
        let source = Source { load, settings: before, files: Default::default(), patience };
        let hub = Hub::new().inline(Box::new(Course(tell)));
        let parts = Parts { classifiers, hub, status_interval: None, limit: None, source: Some(source) };
        let stop = Stop::default();
        let own = stop.clone();
        let daemon = thread::spawn(move || {
            let outside = Outside { stop: &own, asked: &asked, service: Service::default() };
            run(parts, vec![camera("front")], Arc::new(|_| {}), outside)
        });
        Self { stop, ask, reads, seen, daemon }
    }

    fn reload(&self) {
        self.ask.send(Ask::Reload).unwrap();
        self.reads.recv().unwrap();
    }

    fn end(self) -> Result<Vec<Status>> {
        self.stop.request();
        self.daemon.join().unwrap()
    }
}

fn result(camera: &str, model: &str) -> Seen {
    Seen::Result { camera: camera.into(), model: model.into() }
}

#[test]
fn all_engines_make_a_change_before_publishers_hear_of_it() {
    let running = Running::start(vec![quick("first"), quick("second")], Duration::from_secs(30));
    let wait_for = |camera: &str| {
        let (mut missing, mut seen) = (vec![result(camera, "first"), result(camera, "second")], Vec::new());
        while !missing.is_empty() {
            let next = running.seen.recv_timeout(Duration::from_secs(30)).unwrap();
            missing.retain(|wanted| *wanted != next);
            seen.push(next);
        }
        seen
    };
    wait_for("front");
    running.reload();
    let seen = wait_for("back");
    let of = |camera: &str| ["first", "second"].map(|model| [camera.to_owned(), model.to_owned()]).to_vec();
    let told = seen.iter().position(|seen| *seen == Seen::Hello(of("back"))).expect("publishers hear of it");
    let is_of = |wanted: &'static str| move |seen: &Seen| matches!(seen, Seen::Result { camera, .. } if camera == wanted);
    assert!(!seen[..told].iter().any(is_of("back")) && !seen[told..].iter().any(is_of("front")), "{seen:?}");
    let done = running.end().unwrap();
    assert!(done.iter().all(|status| &*status.source == "back"));
}

/// A model that hangs, whose test gives a token for each inference and hears of its begin.
fn gated() -> (Classifier, Receiver<()>, Sender<()>) {
    let ((begins, begun), (gate, opened)) = (unbounded(), unbounded());
    (classifier("gated", Box::new(Gated { begins, gate: opened, execution: execution() })), begun, gate)
}

#[test]
fn a_change_that_one_engine_does_not_take_in_time_is_made_by_none() {
    let (hanging, begun, gate) = gated();
    let running = Running::start(vec![quick("quick"), hanging], Duration::from_millis(50));
    begun.recv().unwrap();
    running.reload();
    // read a second time once the first reload is over
    running.reload();
    let mut results = running.seen.iter();
    assert!(results.by_ref().take(20).all(|seen| seen == result("front", "quick")), "the other engine works on");
    drop(gate);
    // the hanging one comes to the withdrawn changes now
    let later: Vec<_> = results.filter(|seen| *seen == result("front", "gated")).take(5).collect();
    assert_eq!(later.len(), 5);
    let seen: Vec<_> = running.seen.try_iter().collect();
    assert!(seen.iter().all(|seen| matches!(seen, Seen::Result { camera, .. } if camera == "front")), "{seen:?}");
    running.end().unwrap();
}

#[test]
fn the_end_comes_in_time_while_an_engine_hangs_in_a_change_and_the_others_close_their_sessions() {
    let (hanging, begun, gate) = gated();
    let (close, closed) = unbounded();
    let quick = classifier("quick", Box::new(Closing(Fake(execution()), close)));
    let running = Running::start(vec![quick, hanging], Duration::from_secs(60));
    begun.recv().unwrap();
    running.reload();
    // one inference ends, and the engine comes to the change; it hangs in the prefetched frame, which comes before the change
    gate.send(()).unwrap();
    begun.recv().unwrap();
    let (start, seen) = (Instant::now(), running.seen.clone());
    let error = running.end().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(error.to_string().contains("the engine of the model 'gated' is not responding"), "{error}");
    closed.try_recv().expect("the session of the engine that does not hang has been closed");
    assert!(seen.try_iter().any(|seen| seen == Seen::End), "publishers end too: queued results are written, the socket is removed");
}

/// A model that cannot be run any more after a few frames.
struct Broken(Fake, u32);

impl Infer for Broken {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        self.1 += 1;
        if self.1 > 3 { Err(Error::failed("the session is broken")) } else { Ok(()) }
    }

    fn execution(&self) -> &Execution {
        self.0.execution()
    }
}

#[test]
fn an_engine_that_fails_ends_the_daemon_though_another_works_or_hangs() {
    let broken = || classifier("broken", Box::new(Broken(Fake(execution()), 0)));
    let (hanging, _begun, _gate) = gated();
    for classifiers in [vec![quick("quick"), broken()], vec![broken(), quick("quick")], vec![hanging, broken()]] {
        let running = Running::start(classifiers, Duration::from_secs(60));
        let error = running.daemon.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("the session is broken") || error.to_string().contains("not responding"), "{error}");
    }
}

#[test]
fn hello_has_the_names_of_states_where_they_are_not_those_of_the_classes() {
    let plain = quick("a");
    let classes = plain.labels().len();
    let group = Rules { groups: vec![("pair".into(), vec!["class 0".into(), "class 1".into()])], ..Rules::default() };
    let grouped = |independent| StateClasses::by_rules(&Labels::numbered(classes), independent, Params::default(), &group).unwrap();
    let [plain, one, many] = [plain, quick("b").with_state(grouped(false)), quick("c").with_state(grouped(true))]
        .map(|classifier| hello(&[classifier], &[]).models.remove(0));
    assert_eq!((plain.states, plain.multi_label, one.multi_label, many.multi_label), (None, false, false, true));
    let states = one.states.unwrap();
    assert_eq!((&states[..2], states.len()), (&["pair".to_owned(), "class 2".to_owned()][..], classes - 1));
}
