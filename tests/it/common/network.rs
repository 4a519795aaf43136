//! Network cameras: servers on free ports of 127.0.0.1, which end with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The system's Python, because python3-gi is a system package.
const PYTHON: &str = "/usr/bin/python3";

/// An RTSP camera (tests/fixtures/rtsp_server.py).
pub struct RtspServer {
    child: Child,
    commands: ChildStdin,
    told: BufReader<ChildStdout>,
    pub port: u16,
}

impl RtspServer {
    /// Starts it. Without setup/test-packages.txt: `None`, with a message; in CI that is a failure.
    pub fn start(args: &[&str]) -> Option<Self> {
        if let Some(missing) = missing() {
            let message =
                format!("SKIPPED: no RTSP server here: {missing}; `make test-integration` installs setup/test-packages.txt");
            assert!(std::env::var_os("CI").is_none(), "{message}");
            eprintln!("{message}");
            return None;
        }
        let script = super::project().join("tests/fixtures/rtsp_server.py");
        let mut command = Command::new(PYTHON);
        let mut child =
            command.arg(script).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the RTSP server starts");
        let (commands, told) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, commands, told, port: 0 };
        server.port = server.line().parse().expect("the server prints its port");
        Some(server)
    }

    /// Its stream's address.
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/s", self.port)
    }

    /// The next address that a client requested.
    pub fn asked_for(&mut self) -> String {
        self.line()
    }

    /// Requests a key frame.
    pub fn make_key_frame(&mut self) {
        self.commands.write_all(b"key\n").unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The missing part of setup/test-packages.txt.
fn missing() -> Option<String> {
    gstreamer::init().unwrap();
    if let Some(element) = ["x264enc", "avdec_h264"].into_iter().find(|name| gstreamer::ElementFactory::find(name).is_none()) {
        return Some(format!("no {element}"));
    }
    let import = "import gi; gi.require_version('GstRtspServer', '1.0')";
    let known = Command::new(PYTHON).args(["-c", import]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    (!known).then(|| "no GstRtspServer for Python".to_owned())
}

/// A camera that sends Motion JPEG over HTTP, a frame every 10 ms, until it is dropped, which closes all its connections.
pub struct MjpegServer {
    pub port: u16,
    gone: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl MjpegServer {
    /// Starts it on `port` (0: a free one). `admin`: user and password encoded for Basic authentication, if required.
    pub fn start(port: u16, admin: Option<&'static str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (gone, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (picture, ends, all) = (Arc::new(super::jpeg("smpte")), gone.clone(), connections.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                all.lock().unwrap().push(connection.try_clone().unwrap());
                let picture = picture.clone();
                // a client that closes the connection ends it
                std::thread::spawn(move || drop(serve(connection, &picture, admin)));
            }
        });
        Self { port, gone, connections }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/video.mjpg?a=1&b=2", self.port)
    }
}

impl Drop for MjpegServer {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        // wakes the listener; it is closed once this connection is
        let bye = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut bye| bye.read(&mut [0]));
        drop(bye);
        self.connections.lock().unwrap().iter().for_each(|connection| drop(connection.shutdown(Shutdown::Both)));
    }
}

fn serve(mut connection: TcpStream, picture: &[u8], admin: Option<&str>) -> std::io::Result<()> {
    let mut request = String::new();
    let mut reader = BufReader::new(connection.try_clone()?);
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request)? > 0 {}
    let allowed = admin.is_none_or(|wanted| request.lines().any(|line| line == format!("Authorization: Basic {wanted}")));
    if !allowed {
        let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"camera\"\r\n";
        return write!(connection, "{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
    }
    connection
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\nConnection: close\r\n\r\n")?;
    loop {
        write!(connection, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len())?;
        connection.write_all(picture)?;
        connection.write_all(b"\r\n")?;
        std::thread::sleep(Duration::from_millis(10));
    }
}
