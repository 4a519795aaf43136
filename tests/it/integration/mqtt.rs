//! `glimpsed mqtt` with a real broker, mosquitto.

use crate::common;
use crate::common::broker::{Authority, Broker, Listener};
use crossbeam_channel::Receiver;
use glimpsed::event::{Event, Publisher};
use glimpsed::metrics::Metrics;
use glimpsed::publish::socket::{Params, Socket, hello};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const NODE: &str = "glimpsed/rubik";

/// A line of the log that is missing for this long is a failure.
const PATIENCE: Duration = Duration::from_secs(100);

/// A daemon with two cameras, in this process.
fn daemon(path: &Path) -> Socket {
    let params = Params { path: path.to_owned(), limit: 8, ..Params::default() };
    Socket::open(&params, &hello("animals", "CPU", "the CPU", &["front", "Back door"], &common::animals())).unwrap()
}

fn show(socket: &mut Socket, camera: &str, seq: u64, best: usize) {
    socket.handle(&Event::result(&common::animal(camera, seq, best, 0.75))).unwrap();
}

/// The program, and the lines of its log.
struct Bridge {
    child: Child,
    log: Receiver<String>,
}

impl Bridge {
    fn start(socket: &Path, broker: &str, flags: &[&str]) -> Self {
        let mut command = common::glimpsed();
        command.arg("mqtt").arg(socket).args(["--node", "rubik", "--broker", broker]).args(flags);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (line, log) = crossbeam_channel::unbounded();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|text| line.send(text)));
        Self { child, log }
    }

    /// Waits for a line of the log that contains `text`; returns what was logged until then.
    fn logs(&mut self, text: &str) -> String {
        let mut log = String::new();
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("no '{text}' in the log ({e}):\n{log}"));
            log += &format!("{line}\n");
            if line.contains(text) {
                return log;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    fn end(mut self) {
        self.signal(Signal::SIGTERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    common::socket::temporary()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The topics and JSON payloads of the documentation.
fn documented() -> Vec<(String, Value)> {
    let page = std::fs::read_to_string(common::project().join("docs/mqtt.md")).unwrap();
    let lines = page.lines().filter(|line| line.starts_with(&format!("{NODE}/")));
    let payloads: Vec<_> = lines
        .filter_map(|line| line.split_once(" {"))
        .map(|(topic, rest)| (topic.to_owned(), json(&format!("{{{rest}"))))
        .collect();
    assert!(payloads.len() >= 5, "{payloads:?}");
    payloads
}

fn fields(payload: &Value) -> Vec<&String> {
    payload.as_object().unwrap().keys().collect()
}

#[test]
fn states_are_retained_changes_are_told_and_the_will_says_offline() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    let mut bridge = Bridge::start(&path, &broker.url(), &["--heartbeat", "1s"]);
    bridge.logs("connected to mqtt://");
    let mut live = Listener::start(&broker, "glimpsed/#");
    let state = json(&live.payload(&format!("{NODE}/front/state")));
    assert_eq!((&state["label"], &state["confidence"], &state["model"]), (&"cat".into(), &0.75.into(), &"animals".into()));
    assert_eq!(state["top"].as_array().unwrap().len(), 2, "{state}");
    // a change is an event, and a new state
    show(&mut socket, "front", 1, 1);
    let event = json(&live.payload(&format!("{NODE}/front/event")));
    assert_eq!((&event["event_type"], &event["from"], &event["to"]), (&"changed".into(), &"cat".into(), &"dog".into()));
    assert_eq!(json(&live.payload(&format!("{NODE}/front/state")))["label"], "dog");
    let metrics = Metrics::new("Back door");
    metrics.lost("it was unplugged");
    socket.handle(&Event::Status(&metrics.status())).unwrap();
    assert_eq!(live.payload(&format!("{NODE}/Back_door/availability")), "offline");
    let diagnostics = json(&live.payload_with(&format!("{NODE}/Back_door/diagnostics"), "unplugged"));
    assert_eq!(diagnostics["state"], "lost");
    // a late subscriber gets what holds, and no event
    let mut late = Listener::start(&broker, "#");
    let retained = late.retained(&broker);
    let of = |topic: &str| retained.get(&format!("{NODE}/{topic}")).map(String::as_str);
    assert_eq!((of("status"), of("front/availability"), of("front/event")), (Some("online"), Some("online"), None));
    assert_eq!(json(of("front/state").unwrap())["label"], "dog");
    assert_eq!(json(of("info").unwrap())["cameras"][0]["topic"], "Back_door");
    let announced: Vec<_> = retained.keys().filter(|topic| topic.starts_with("homeassistant/device/glimpsed_")).collect();
    assert_eq!(announced.len(), 3, "board and cameras: {announced:?}");
    for (topic, documented) in documented() {
        let actual = if topic.ends_with("/event") { &event } else { &json(&retained[&topic]) };
        assert_eq!(fields(&documented), fields(actual), "docs/mqtt.md: {topic}");
    }
    bridge.signal(Signal::SIGKILL);
    assert_eq!(live.payload_with(&format!("{NODE}/status"), "offline"), "offline");
}

#[test]
fn an_orderly_end_says_offline_and_a_daemon_that_restarts_says_both() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    // neither the daemon nor its socket is there yet
    let mut bridge = Bridge::start(&path, &broker.url(), &["--home-assistant=false", "--protocol", "5"]);
    bridge.logs("no daemon at");
    bridge.logs("connected to mqtt://");
    let mut live = Listener::start(&broker, "#");
    let [status, state, availability] = ["status", "front/state", "front/availability"].map(|topic| format!("{NODE}/{topic}"));
    assert_eq!(live.payload(&status), "offline");
    for n in 0..2 {
        let mut socket = daemon(&path);
        assert_eq!(live.payload(&status), "online");
        show(&mut socket, "front", 0, n);
        let latest = live.all(&[&state, &availability]);
        assert_eq!((&json(&latest[&*state])["index"], latest[&*availability].as_str()), (&n.into(), "online"));
        drop(socket);
        assert_eq!(live.payload(&status), "offline");
        assert_eq!(live.payload(&availability), "offline");
    }
    let _socket = daemon(&path);
    assert_eq!(live.payload(&status), "online");
    assert!(!live.topics.iter().any(|topic| topic.starts_with("homeassistant/")), "{:?}", live.topics);
    bridge.end();
    assert_eq!(live.payload(&status), "offline");
}

#[test]
fn a_broker_that_comes_back_empty_gets_all_states_and_the_newest() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    show(&mut socket, "Back door", 0, 2);
    let mut bridge = Bridge::start(&path, &broker.url(), &[]);
    bridge.logs("connected to mqtt://");
    Listener::start(&broker, "#").payload(&format!("{NODE}/front/state"));
    let port = broker.port;
    drop(broker);
    bridge.logs("is lost");
    // as many results as a camera gives in half a minute
    for seq in 1..=900 {
        show(&mut socket, "front", seq, (seq % 2) as usize);
    }
    // the bridge has read them when the daemon has ended and is back, with the state of the end
    drop(socket);
    bridge.logs("glimpsed has ended");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 2);
    show(&mut socket, "Back door", 0, 1);
    bridge.logs("glimpsed runs again");
    let broker = Broker::start_at(port, "allow_anonymous true\n");
    let log = bridge.logs("changes were not published meanwhile");
    assert!(log.contains("connected to"), "{log}");
    let mut live = Listener::start(&broker, "#");
    let [status, front, back] = ["status", "front/state", "Back_door/state"].map(|topic| format!("{NODE}/{topic}"));
    let latest = live.all(&[&status, &front, &back]);
    assert_eq!(latest[&*status], "online");
    assert_eq!([&json(&latest[&*front])["label"], &json(&latest[&*back])["label"]], ["owl", "dog"]);
}

#[test]
fn a_broker_that_hangs_is_noticed() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let _socket = daemon(&path);
    let mut bridge = Bridge::start(&path, &broker.url(), &["--keep-alive", "5s"]);
    bridge.logs("connected to mqtt://");
    broker.signal(Signal::SIGSTOP);
    bridge.logs("the broker has sent nothing for 5 s");
    broker.signal(Signal::SIGCONT);
    bridge.logs("connected to mqtt://");
}

#[test]
fn a_wrong_password_is_told_and_a_corrected_one_is_used() {
    let (folder, path) = place();
    let password = folder.path().join("password");
    let users = folder.path().join("users");
    Broker::add_user(&users, "me", "right");
    let broker = Broker::start(&format!("allow_anonymous false\npassword_file {}\n", users.display()));
    let nobody = Bridge::start(&path, &broker.url(), &[]).logs("--username NAME and --password-file FILE");
    assert!(nobody.contains("refuses the connection: not authorized"), "{nobody}");
    std::fs::write(&password, "hunter2\n").unwrap();
    let flags = ["--username", "me", "--password-file", password.to_str().unwrap(), "-vv"];
    let mut bridge = Bridge::start(&path, &broker.url(), &flags);
    let log = bridge.logs("refuses the connection");
    assert!(log.contains("not authorized") || log.contains("wrong user name or password"), "{log}");
    std::fs::write(&password, "right\n").unwrap();
    let log = log + &bridge.logs("connected to mqtt://");
    assert!(!log.contains("hunter2") && !log.contains("right\n"), "{log}");
}

#[test]
fn tls_with_its_own_authority_and_each_mistake_has_its_own_message() {
    let (folder, path) = place();
    let authority = Authority::new(folder.path(), "own");
    let other = Authority::new(folder.path(), "other");
    let (certificate, key) = authority.issue("localhost");
    let (certificate, key, own) = (certificate.display(), key.display(), authority.certificate.display());
    let files = format!("allow_anonymous true\ncafile {own}\ncertfile {certificate}\nkeyfile {key}\n");
    let tls = Broker::start(&files);
    let strict = Broker::start(&format!("{files}require_certificate true\n"));
    let plain = Broker::start("allow_anonymous true\n");
    let url = |scheme: &str, host: &str, broker: &Broker| format!("{scheme}://{host}:{}", broker.port);
    let (own, other_ca) = (authority.certificate.to_str().unwrap(), other.certificate.to_str().unwrap());
    for (url, flags, told) in [
        (url("mqtts", "localhost", &tls), &["--ca", own][..], "connected to mqtts://localhost"),
        (url("mqtts", "localhost", &tls), &["--ca", own, "--protocol", "5"], "connected to mqtts://localhost"),
        (url("mqtts", "localhost", &tls), &["--ca", other_ca], "the broker's certificate is not signed by a CA in"),
        (url("mqtts", "localhost", &tls), &[], "not signed by a CA that this system trusts"),
        (url("mqtts", "127.0.0.1", &tls), &["--ca", own], "the broker's certificate is not for '127.0.0.1'"),
        (url("mqtt", "localhost", &tls), &[], "the address is mqtts://"),
        (url("mqtts", "localhost", &plain), &["--ca", own], "the address is mqtt://"),
        (url("mqtts", "localhost", &strict), &["--ca", own], "--certificate"),
        (url("mqtt", "nowhere.invalid", &plain), &[], "cannot connect to mqtt://nowhere.invalid"),
    ] {
        let mut flags = flags.to_vec();
        // the authorities that this system trusts must exist: another file stands in for them
        let environment = flags.is_empty() && url.starts_with("mqtts");
        let mut bridge = if environment {
            let mut command = common::glimpsed();
            command.arg("mqtt").arg(&path).args(["--broker", &url]).env("SSL_CERT_FILE", other_ca);
            Bridge::of(command)
        } else {
            flags.push("-v");
            Bridge::start(&path, &url, &flags)
        };
        bridge.logs(told);
    }
    let (client, client_key) = authority.issue("rubik");
    let flags = ["--ca", own, "--certificate", client.to_str().unwrap(), "--key", client_key.to_str().unwrap()];
    Bridge::start(&path, &url("mqtts", "localhost", &strict), &flags).logs("connected to mqtts://localhost");
}

#[test]
fn home_assistant_that_starts_gets_the_announcements_again() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    let mut bridge = Bridge::start(&path, &broker.url(), &[]);
    bridge.logs("connected to mqtt://");
    let mut live = Listener::start(&broker, "#");
    let front = live.topic_with("homeassistant/device/glimpsed_", "rubik front");
    let device = json(&front.1);
    assert_eq!(device["components"]["label"]["options"], serde_json::json!(["cat", "dog", "owl"]));
    assert_eq!(device["availability"][0]["topic"], format!("{NODE}/status"));
    broker.publish("homeassistant/status", "online", false);
    assert_eq!(live.payload(&front.0), front.1, "announced again");
    // a camera of an earlier time that the broker still knows
    broker.publish(&format!("{NODE}/gone/availability"), "online", true);
    assert_eq!(live.payload(&format!("{NODE}/gone/state")), "");
}

#[test]
fn what_is_wrong_with_the_command_line_is_told_and_nothing_is_started() {
    for (args, status, told) in [
        (&["--broker", "hub.local"][..], 2, "did you mean mqtts://hub.local?"),
        (&["--broker", "mqqt://hub"], 2, "did you mean mqtt?"),
        (&["--broker", "mqtt://hub:99999"], 2, "a port is a number from 1 to 65535"),
        (&["--broker", "mqtt://me:hunter2@hub"], 2, "password_file"),
        (&["--borker", "mqtt://hub"], 2, "--broker"),
        (&["--broker", "mqtt://hub", "--ca", "x"], 2, "--ca has no effect without a broker with TLS"),
        (&["--broker", "mqtts://hub", "--ca", "/nowhere"], 78, "cannot read '/nowhere'"),
        (&["--broker", "mqtt://hub", "--username", "me", "--password-file", "/nowhere"], 78, "cannot read '/nowhere'"),
        (&["--config", "/nowhere.toml"], 78, "cannot read the configuration '/nowhere.toml'"),
    ] {
        let output = common::glimpsed().arg("mqtt").args(args).output().unwrap();
        let log = common::stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {log}");
        assert!(log.contains(told) && !log.contains("hunter2") && output.stdout.is_empty(), "{args:?}: {log}");
    }
}

#[test]
fn the_shipped_recipes_use_topics_and_fields_that_exist() {
    let folder = common::project().join("integrations");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let documented = documented();
    let yaml = read("home-assistant/without-discovery.yaml");
    let topics = yaml.lines().filter_map(|line| line.trim_start_matches([' ', '-']).split_once("topic: ").map(|(_, topic)| topic));
    let known = std::fs::read_to_string(common::project().join("docs/mqtt.md")).unwrap();
    assert_eq!(topics.inspect(|topic| assert!(known.contains(&format!("\n{} ", topic.trim_matches('"'))), "{topic}")).count(), 8);
    let state = &documented.iter().find(|(topic, _)| topic.ends_with("/state")).unwrap().1;
    let used = yaml.split("value_json.").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap());
    assert_eq!(used.inspect(|field| assert!(state.get(field).is_some(), "{field}")).count(), 6);
    let flow = json(&read("node-red/flow.json"));
    let topics: Vec<_> = flow.as_array().unwrap().iter().filter_map(|node| node["topic"].as_str()).collect();
    assert_eq!(topics, ["glimpsed/+/+/event", "glimpsed/+/+/state"]);
}

#[test]
fn a_bridge_of_mosquitto_carries_states_to_another_broker() {
    let recipe = std::fs::read_to_string(common::project().join("integrations/mosquitto/bridge.conf")).unwrap();
    let other = Broker::start("allow_anonymous true\n");
    let here = recipe.replace("cloud.example:8883", &format!("127.0.0.1:{}", other.port)).replace("bridge_capath", "#");
    let broker = Broker::start(&format!("allow_anonymous true\n{here}"));
    let (_folder, path) = place();
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    let _bridge = Bridge::start(&path, &broker.url(), &[]);
    let mut live = Listener::start(&other, "#");
    let [status, state] = ["status", "front/state"].map(|topic| format!("{NODE}/{topic}"));
    let latest = live.all(&[&status, &state]);
    assert_eq!((latest[&*status].as_str(), &json(&latest[&*state])["label"]), ("online", &"cat".into()));
}
