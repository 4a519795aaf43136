//! Several models: which camera's frames go to which, and reloads that add, change and remove them.

use crate::reload::{Running, message};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::BufReader;
use std::os::unix::net::UnixStream;

const LAUNCH: &str =
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=NV12,width=64,height=48,framerate=100/1 ! appsink name=frames";

/// The model `name` with `top` classes in a result.
fn model(name: &str, top: usize) -> String {
    format!("[[model]]\nname = '{name}'\nfile = 'testcard'\ntop = {top}\n")
}

/// The camera `name`, with more keys.
fn camera(name: &str, more: &str) -> String {
    format!("[[camera]]\nname = '{name}'\nlaunch = '{LAUNCH}'\n{more}\n")
}

/// A subscriber that checks that no stream loses a result.
struct Follower {
    reader: BufReader<UnixStream>,
    next: HashMap<String, u64>,
    /// The streams of the latest `hello`.
    streams: Value,
}

impl Follower {
    fn new(running: &Running) -> Self {
        Self { reader: running.subscriber(), next: HashMap::new(), streams: Value::Null }
    }

    /// Reads until `wanted` takes a message.
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = message(&mut self.reader);
            assert_eq!(message["missed"], Value::Null);
            if message["type"] == "hello" {
                self.streams = message["streams"].clone();
            }
            if message["type"] == "classification" {
                let mut stream = json!({"camera": message["source"], "model": message["model"]});
                if let Some(region) = message.get("region") {
                    stream["region"] = region.clone();
                }
                assert!(self.streams.as_array().unwrap().contains(&stream), "{message} is of none of {}", self.streams);
                let (seq, next) = (message["seq"].as_u64().unwrap(), self.next.entry(stream.to_string()));
                let next = next.or_insert(seq);
                assert_eq!(seq, *next, "{message}");
                *next += 1;
            }
            if wanted(&message) {
                return message;
            }
        }
    }

    fn until_result(&mut self, camera: &str, model: &str) -> Value {
        self.until(|message| message["type"] == "classification" && message["source"] == camera && message["model"] == model)
    }
}

#[test]
fn reloads_add_change_and_remove_a_model_and_cost_the_other_streams_no_result() {
    let back = camera("back", "models = ['a']");
    let mut running = Running::start(&[model("a", 2), camera("front", ""), back.clone()].concat());
    let mut follower = Follower::new(&running);
    follower.until_result("front", "a");
    follower.until_result("back", "a");
    // `front` names no models, so it gets the new one
    let both = |top| [model("b", top), model("a", 2), camera("front", ""), back.clone()].concat();
    running.reload(&both(3));
    assert!(running.until("configuration reloaded").contains("the model b is new, front has other streams"));
    assert_eq!(follower.until_result("front", "b")["classifications"].as_array().unwrap().len(), 3);
    let stream = |camera: &str, model: &str| json!({"camera": camera, "model": model});
    assert_eq!(follower.streams, json!([stream("front", "b"), stream("front", "a"), stream("back", "a")]));
    running.reload(&both(1));
    assert!(running.until("configuration reloaded").contains("the model b has changed"));
    let one = |message: &Value| message["classifications"].as_array().is_some_and(|classes| classes.len() == 1);
    assert_eq!(follower.until(one)["model"], "b");
    running.reload(&[model("a", 2), model("b", 1), camera("front", "models = ['a']"), back].concat());
    running.until("the model 'b' is not opened");
    assert!(running.until("configuration reloaded").contains("the model b is gone, front has other streams"));
    follower.until(|message| message["type"] == "hello");
    assert_eq!(follower.streams, json!([stream("front", "a"), stream("back", "a")]));
    for camera in ["front", "back", "front", "back"] {
        follower.until_result(camera, "a");
    }
    let log = running.end();
    assert!(!log.contains("restarted"), "{log}");
}

#[test]
fn a_camera_all_of_whose_models_are_others_is_restarted() {
    let mut running = Running::start(&[model("a", 1), camera("front", "")].concat());
    let mut follower = Follower::new(&running);
    follower.until_result("front", "a");
    running.reload(&[model("b", 1), camera("front", "")].concat());
    let reloaded = running.until("configuration reloaded");
    assert!(["the model b is new", "the model a is gone", "front is restarted"].iter().all(|said| reloaded.contains(said)));
    assert_eq!(follower.until_result("front", "b")["seq"], 0);
    running.end();
}

#[test]
fn a_reload_that_adds_a_region_costs_no_other_stream_a_result() {
    let back = camera("back", "");
    let region = "models = ['a']\n[[camera.region]]\nname = 'door'\nrect = [0.25, 0, 0.5, 1]\n";
    let mut running = Running::start(&[model("a", 2), camera("front", ""), back.clone()].concat());
    let mut follower = Follower::new(&running);
    follower.until_result("front", "a");
    running.reload(&[model("a", 2), camera("front", region), back.clone()].concat());
    assert!(running.until("configuration reloaded").contains("reloaded: front has other streams"));
    assert_eq!(follower.until(|message| message["region"] == "door")["seq"], 0);
    let moved = region.replace("0.25", "0.5");
    running.reload(&[model("a", 2), camera("front", &moved), back.clone()].concat());
    running.until("configuration reloaded: front has other streams");
    follower.until(|message| message["type"] == "hello");
    // it goes on counting
    follower.until(|message| message["region"] == "door");
    running.reload(&[model("a", 2), camera("front", ""), back].concat());
    follower.until(|message| message["type"] == "hello");
    for camera in ["front", "back", "front", "back"] {
        assert_eq!(follower.until_result(camera, "a").get("region"), None);
    }
    running.end();
}
