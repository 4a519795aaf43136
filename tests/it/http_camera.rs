//! Cheap network cameras, which close the connection, answer 404, or are absent.

use crate::camera::{assert_came_back, at_once, losses, until};
use crate::common;
use glimpsed::capture::{Ended, Params};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// A cheap network camera: Motion JPEG over HTTP, on its own port, until the test ends. Any path that ends in
/// `missing` is answered with 404.
struct HttpCamera {
    port: u16,
}

impl HttpCamera {
    /// A camera that closes each connection after `frames` frames.
    fn start(frames: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let picture = common::jpeg("smpte");
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // either side may close the connection
                let _ = serve(connection, &picture, frames);
            }
        });
        Self { port }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

fn serve(mut connection: TcpStream, picture: &[u8], frames: usize) -> std::io::Result<()> {
    let mut request = String::new();
    let mut reader = BufReader::new(connection.try_clone()?);
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request)? > 0 {}
    if request.lines().next().unwrap_or_default().contains("missing ") {
        return connection.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    connection
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\nConnection: close\r\n\r\n")?;
    for _ in 0..frames {
        write!(connection, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len())?;
        connection.write_all(picture)?;
        connection.write_all(b"\r\n")?;
    }
    connection.write_all(b"--frame--\r\n")
}

/// The parameters of such a camera; its source does not report that it is live.
fn over_http(camera: &HttpCamera) -> Params {
    let pipeline = format!("souphttpsrc location={} ! multipartdemux ! jpegdec ! appsink name=frames", camera.url());
    Params { backoff: at_once(), ..Params::new(&pipeline) }
}

#[test]
fn a_network_camera_that_closes_the_connection_is_retried() {
    let camera = HttpCamera::start(3);
    let (ended, mut reports) = until(8, &over_http(&camera));
    reports.retain(|reports| !reports.contains("timestamp"));
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert_came_back(&reports, "ended its stream", 2);
}

#[test]
fn a_network_source_declared_not_live_ends_with_its_stream() {
    let camera = HttpCamera::start(3);
    let (ended, reports) = until(usize::MAX, &Params { live: Some(false), ..over_http(&camera) });
    assert_eq!((ended.unwrap(), reports), (Ended::EndOfStream, vec!["flows, live: false".to_owned()]));
}

#[test]
fn an_absent_network_camera_is_retried_and_the_reason_reported() {
    let gone = HttpCamera::start(0).url();
    let pipeline = |source: &str| format!("{source} ! jpegdec ! appsink name=frames");
    // (souphttpsrc's messages differ between versions)
    for (source, why) in [
        (format!("souphttpsrc location={gone}missing"), "Not Found"),
        ("souphttpsrc location=http://user:secret@127.0.0.1:1/".to_owned(), "the connection to 127.0.0.1:1 failed"),
        ("tcpclientsrc host=127.0.0.1 port=1".to_owned(), "refused"),
    ] {
        let reports = losses(2, &Params { backoff: at_once(), ..Params::new(&pipeline(&source)) });
        assert!(reports.iter().all(|(reports, _)| reports.contains(why)), "{source}: {reports:?}");
    }
}
