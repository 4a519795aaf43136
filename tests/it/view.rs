//! The live view in a real terminal: it fits, and the terminal is as before afterwards.

use crate::common;
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

const SOURCE: &str = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! appsink name=frames";

const COLUMNS: u16 = 40;
const ROWS: u16 = 10;

/// A program in a terminal.
struct Terminal {
    program: Child,
    keyboard: File,
    inside: OwnedFd,
    before: Termios,
    output: Receiver<Vec<u8>>,
    text: String,
}

fn start(args: &[&str], variables: &[(&str, &str)]) -> Terminal {
    let pty = openpty(None, None).unwrap();
    tcsetwinsize(&pty.slave, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let before = tcgetattr(&pty.slave).unwrap();
    let mut command = common::glimpsed();
    for name in ["LC_ALL", "LC_CTYPE", "LANG", "TERM", "NO_COLOR", "CLICOLOR", "JOURNAL_STREAM"] {
        command.env_remove(name);
    }
    command.args(args).envs(variables.iter().copied());
    let end = || pty.slave.try_clone().unwrap();
    command.stdin(end()).stdout(end()).stderr(end());
    let program = command.spawn().unwrap();
    let (mut screen, (seen, output)) = (File::from(pty.master.try_clone().unwrap()), channel());
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut bytes) {
            if seen.send(bytes[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    Terminal { program, keyboard: File::from(pty.master), inside: pty.slave, before, output, text: String::new() }
}

impl Terminal {
    /// Reads until there is `wanted`.
    fn wait(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            let more = self.output.recv_timeout(Duration::from_secs(60));
            let more = more.unwrap_or_else(|_| panic!("no {wanted:?} in {:?}", self.text));
            self.text += &String::from_utf8_lossy(&more);
        }
    }

    /// Waits for its end; returns the rest of its output.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.program.wait().unwrap();
        // what it wrote last
        while let Ok(more) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.text += &String::from_utf8_lossy(&more);
        }
        let after = tcgetattr(&self.inside).unwrap();
        assert_eq!(after.local_modes, self.before.local_modes, "the terminal's modes");
        (status, self.text)
    }
}

const UTF8: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];

fn run(more: &[&'static str]) -> Vec<&'static str> {
    let mut args = vec!["run", "--model", "testcard"];
    args.extend(more);
    args.push("--");
    args.extend(SOURCE.split(' '));
    args
}

/// What was shown in the window, between its opening and its closing; and what came after.
fn parts(text: &str) -> (&str, &str) {
    let (_, shown) = text.split_once("\x1b[?25l").expect("the cursor was hidden");
    let (shown, after) = shown.rsplit_once("\x1b[?25h").expect("the cursor was restored");
    assert!(text.contains("\x1b[?1049h") && after.starts_with("\x1b[?1049l") && !after.contains("\x1b[?25l"), "{text:?}");
    (shown, after)
}

fn assert_fits(shown: &str) {
    assert!(!shown.contains('\n'), "a line break may scroll: {shown:?}");
    for line in shown.split("\x1b[2K").skip(1) {
        let mut plain = String::new();
        let mut rest = line;
        while let Some((text, sequence)) = rest.split_once("\x1b[") {
            plain += text;
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).expect("a sequence ends");
            rest = &sequence[end + 1..];
        }
        plain += rest;
        assert!(plain.width() <= usize::from(COLUMNS), "{plain:?}");
    }
    for place in shown.split("\x1b[").filter_map(|sequence| sequence.split_once(";1H")) {
        assert!(place.0.parse::<u16>().unwrap() <= ROWS + 1, "{place:?}");
    }
}

#[test]
fn the_terminal_is_as_before_after_sigterm() {
    let mut terminal = start(&run(&[]), &UTF8);
    terminal.wait("results/s");
    kill(Pid::from_raw(terminal.program.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let (status, text) = terminal.end();
    let (shown, after) = parts(&text);
    assert_fits(shown);
    assert!(status.success() && after.contains("shutting down"), "the log is written afterwards: {after:?}");
}

#[test]
fn the_terminal_is_as_before_after_two_signals_at_once() {
    let mut terminal = start(&run(&[]), &UTF8);
    terminal.wait("results/s");
    for _ in 0..2 {
        // the program may have ended after the first
        let _ = kill(Pid::from_raw(terminal.program.id().try_into().unwrap()), Signal::SIGTERM);
    }
    let (_, text) = terminal.end();
    assert_fits(parts(&text).0);
}

#[test]
fn keys_freeze_and_quit() {
    let mut terminal = start(&run(&[]), &UTF8);
    terminal.wait("results/s");
    terminal.keyboard.write_all(b" ").unwrap();
    terminal.wait("frozen");
    terminal.keyboard.write_all(b"q").unwrap();
    let (status, text) = terminal.end();
    assert_fits(parts(&text).0);
    assert!(status.success());
}

#[test]
fn the_terminal_is_as_before_after_an_error() {
    let missing =
        ["run", "--model", "testcard", "--", "v4l2src", "device=/dev/video77", "!", "nosuchelement", "!", "appsink", "name=frames"];
    let (status, text) = start(&missing, &UTF8).end();
    assert!(!status.success() && text.rfind("\x1b[?25h") >= text.rfind("\x1b[?25l"), "{text:?}");
    assert!(text.contains("nosuchelement"), "{text:?}");
}

#[test]
fn a_terminal_that_cannot_show_it_gets_lines() {
    let ends = run(&["--frames", "3"]);
    let (dumb, ascii) = ([("TERM", "dumb"), ("LANG", "C.UTF-8")], [("TERM", "xterm"), ("LANG", "C")]);
    for (args, variables) in [(&ends, &dumb), (&ends, &ascii), (&run(&["--frames", "3", "--text"]), &UTF8)] {
        let (status, text) = start(args, variables).end();
        assert!(status.success() && !text.contains("\x1b[?"), "{variables:?}: {text:?}");
        assert_eq!(text.matches("camera: ").count(), 4, "three results and the statistics: {text:?}");
    }
}

#[test]
fn no_color_is_a_view_without_colours() {
    let mut terminal = start(&run(&["--quiet"]), &[UTF8[0], UTF8[1], ("NO_COLOR", "1")]);
    terminal.wait("results/s");
    terminal.keyboard.write_all(b"q").unwrap();
    let (_, text) = terminal.end();
    assert!(
        !text.replace("\x1b[0m", "").contains("m\u{1b}") && !text.contains("\x1b[1m") && !text.contains("\x1b[32m"),
        "{text:?}"
    );
}
