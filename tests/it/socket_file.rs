//! The socket file: it belongs to one process, which removes it at its end.

use crate::common;
use crate::common::socket::{greeting, line, params, silent, subscriber, temporary};
use glimpsed::publish::socket::{Params, Socket};
use glimpsed::system::unix_socket::connect;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::Barrier;
use std::thread;

#[test]
fn a_stale_socket_is_replaced_but_not_a_live_one_or_another_file() {
    let (_folder, path) = temporary();
    let greeting = greeting();
    // a dropped listener leaves its file
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let first = Socket::open(&params(&path), &greeting).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);

    let refused = Socket::open(&params(&path), &greeting).err().unwrap();
    assert!(refused.to_string().contains("another program listens") && refused.exit_status() == 78, "{refused}");
    assert_eq!(line(&mut silent(&path))["type"], "hello");
    drop(first);
    assert!(!path.exists(), "the file is removed with its owner");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "and so does its lock");

    std::fs::write(&path, "letters").unwrap();
    let refused = Socket::open(&params(&path), &greeting).err().unwrap();
    assert!(refused.to_string().contains("is no socket"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "letters");

    let nowhere = Socket::open(&params(Path::new("/nowhere/x.sock")), &greeting).err().unwrap();
    assert!(nowhere.to_string().contains("Does its folder exist"), "{nowhere}");
    let nobody = Params { group: Some("no such group".into()), path: path.with_extension("2"), ..params(&path) };
    assert!(Socket::open(&nobody, &greeting).err().unwrap().to_string().contains("no group 'no such group'"));
    assert!(!path.with_extension("2").exists(), "a failure leaves nothing behind");
}

#[test]
fn the_program_serves_the_socket_and_removes_it_at_the_end() {
    let (_folder, path) = temporary();
    let mut command = common::glimpsed();
    command.args(["run", "--model", "testcard", "--name", "front", "--socket"]).arg(&path);
    command.args("-- videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240 ! appsink name=frames".split(' '));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("listens") {
        assert!(log.read_line(&mut text).unwrap() > 0, "{text}");
    }
    let mut reader = subscriber(&path);
    let result = std::iter::repeat_with(|| line(&mut reader)).find(|line| line["type"] != "status").unwrap();
    assert_eq!((&result["source"], &result["classifications"][0]["label"]), (&json!("front"), &json!("snow")));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.ends_with("}\n"), "{rest}");
    assert!(child.wait().unwrap().success());
    assert!(!path.exists());
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out, "", "with a socket, standard output has results only on request");
}

#[test]
fn of_four_processes_with_a_stale_socket_one_gets_it() {
    let (_folder, path) = temporary();
    let greeting = greeting();
    for _ in 0..60 {
        drop(UnixListener::bind(&path).unwrap());
        let together = Barrier::new(4);
        let open = || {
            together.wait();
            let opened = Socket::open(&params(&path), &greeting);
            // the owner keeps it until all have tried
            together.wait();
            opened.map(drop).map_err(|e| e.to_string())
        };
        let outcomes: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        assert!(refused.len() == 3 && refused.iter().all(|why| why.contains("another program listens")), "{refused:?}");
    }
}

#[test]
fn a_full_backlog_of_another_program_does_not_block() {
    let (_folder, path) = temporary();
    let _hung = UnixListener::bind(&path).unwrap();
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let mut waiting = Vec::new();
    let full = loop {
        match connect(&path) {
            Ok(stream) => waiting.push(stream),
            Err(e) => break e,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    let refused = Socket::open(&params(&path), &greeting()).err().unwrap();
    assert!(refused.to_string().contains("another program listens"), "{refused}");
}
