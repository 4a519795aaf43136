//! A real MQTT broker, mosquitto, on a port of its own, with its own clients.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Seconds after which a missing message is a failure.
const PATIENCE: &str = "60";

/// A broker that listens on the loopback interface.
pub struct Broker {
    child: Child,
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl Broker {
    /// With these lines of its configuration.
    pub fn start(config: &str) -> Self {
        // nobody else takes the port that was just free, as far as one can tell
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(port, config)
    }

    pub fn start_at(port: u16, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mosquitto.conf");
        // as root it would change to a user that cannot read the test's files
        let text = format!("user root\nlistener {port} 127.0.0.1\npersistence false\nlog_dest stderr\nlog_type all\n{config}");
        std::fs::write(&path, text).unwrap();
        let program = if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
        let mut child = Command::new(program).arg("-c").arg(&path).stderr(Stdio::piped()).spawn().expect("make setup-test");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("mosquitto does not start:\n{log}")).unwrap();
            log += &format!("{line}\n");
            if line.contains("running") {
                break;
            }
        }
        // its log must not fill the pipe
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, _folder: folder }
    }

    /// Adds a user to the file of passwords at `path`.
    pub fn add_user(path: &Path, user: &str, password: &str) {
        let mut command = Command::new("mosquitto_passwd");
        assert!(command.args(["-b", "-c"]).arg(path).args([user, password]).status().unwrap().success());
    }

    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Publishes as another client.
    pub fn publish(&self, topic: &str, payload: &str, retain: bool) {
        let mut command = Command::new("mosquitto_pub");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-q", "1", "-t", topic, "-m", payload]);
        assert!(command.args(retain.then_some("-r")).status().unwrap().success());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A subscriber of the broker.
pub struct Listener {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The topics of all messages so far.
    pub topics: Vec<String>,
}

/// A message that a subscriber got.
struct Message {
    retained: bool,
    topic: String,
    payload: String,
}

impl Listener {
    pub fn start(broker: &Broker, filter: &str) -> Self {
        let mut command = Command::new("mosquitto_sub");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &broker.port.to_string(),
            "-q",
            "1",
            "-t",
            filter,
            "-F",
            "%r %t %p",
            "-W",
            PATIENCE,
        ]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, topics: Vec::new() }
    }

    fn next(&mut self, waited_for: &str) -> Message {
        let line = self.lines.next().unwrap_or_else(|| panic!("no message of '{waited_for}' after {:?}", self.topics)).unwrap();
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let (retained, topic) = (parts.next().unwrap() == "1", parts.next().unwrap());
        self.topics.push(topic.clone());
        Message { retained, topic, payload: parts.next().unwrap_or_default() }
    }

    /// The next payload of `topic`.
    pub fn payload(&mut self, topic: &str) -> String {
        self.payload_with(topic, "")
    }

    /// The next payload of `topic` that contains `text`.
    pub fn payload_with(&mut self, topic: &str, text: &str) -> String {
        loop {
            let message = self.next(topic);
            if message.topic == topic && message.payload.contains(text) {
                return message.payload;
            }
        }
    }

    /// The next topic that begins with `prefix` and whose payload contains `text`, and the payload.
    pub fn topic_with(&mut self, prefix: &str, text: &str) -> (String, String) {
        loop {
            let message = self.next(prefix);
            if message.topic.starts_with(prefix) && message.payload.contains(text) {
                return (message.topic, message.payload);
            }
        }
    }

    /// What the broker keeps: all that comes before a message that is published once the subscription is in force.
    pub fn retained(&mut self, broker: &Broker) -> BTreeMap<String, String> {
        const END: &str = "test/end";
        let mut retained = BTreeMap::new();
        loop {
            let message = self.next(END);
            if retained.is_empty() {
                broker.publish(END, "", false);
            }
            match message.topic.as_str() {
                END => return retained,
                _ if message.retained => drop(retained.insert(message.topic, message.payload)),
                _ => {}
            }
        }
    }

    /// The latest payloads of `topics`, once there is one of each.
    pub fn all<'t>(&mut self, topics: &[&'t str]) -> BTreeMap<&'t str, String> {
        let mut latest = BTreeMap::new();
        while latest.len() < topics.len() {
            let message = self.next(topics[0]);
            if let Some(topic) = topics.iter().find(|topic| **topic == message.topic) {
                latest.insert(*topic, message.payload);
            }
        }
        latest
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certification authority of a test.
pub struct Authority {
    pub certificate: PathBuf,
    key: PathBuf,
    folder: PathBuf,
}

impl Authority {
    /// Called `name`, with its files in `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        let mut command = openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2");
        command.args(["-subj", &format!("/CN={name}"), "-keyout"]).arg(&key).arg("-out").arg(&certificate);
        succeed(command);
        Self { certificate, key, folder: folder.to_owned() }
    }

    /// A certificate for `name`, and its key.
    pub fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let path = |end: &str| self.folder.join(format!("{name}.{end}"));
        let mut command = openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes");
        command.args(["-subj", &format!("/CN={name}"), "-keyout"]).arg(path("key")).arg("-out").arg(path("csr"));
        succeed(command);
        std::fs::write(path("ext"), format!("subjectAltName=DNS:{name}\n")).unwrap();
        let mut command = openssl("x509 -req -days 2 -CAcreateserial");
        command.arg("-in").arg(path("csr")).arg("-CA").arg(&self.certificate).arg("-CAkey").arg(&self.key);
        command.arg("-extfile").arg(path("ext")).arg("-out").arg(path("crt"));
        succeed(command);
        (path("crt"), path("key"))
    }
}

fn openssl(arguments: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' '));
    command
}

fn succeed(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
