//! Pictures of the view at several sizes.

use super::*;
use crate::publish::live::board::{Camera, Shown};
use std::time::Duration;

fn look(columns: usize, rows: usize) -> Look {
    let now = Instant::now();
    Look { size: (columns, rows), selected: 0, frozen: false, warning: None, styles: Styles::OFF, now, zone: TimeZone::UTC }
}

/// A stream with 30 results a second until `now`.
fn row(label: &str, confidence: f64, now: Instant) -> Row {
    let rest = 1.0 - confidence;
    let mut row = Row {
        top: vec![(label.into(), confidence), ("night snake".into(), rest * 0.7), ("三毛猫".into(), rest * 0.3)],
        provider: "CPU".into(),
        age: 4.1,
        inference: Some(2.3),
        size: (1280, 720),
        ..Row::default()
    };
    let begin = now.checked_sub(Duration::from_secs(4)).unwrap_or(now);
    for n in 0..=120 {
        row.rate.tick(begin + Duration::from_millis(n * 4000 / 120));
    }
    row
}

fn board(look: &Look, cameras: &[&str]) -> Board {
    let one = |name: &&str| {
        let streams = vec![Row { model: "m".into(), ..row("common iguana", 0.64, look.now) }];
        (name.to_string(), Camera { streams, ..Camera::default() })
    };
    Board {
        title: "glimpsed 0.1.0, squeezenet1_1 on CPU, 1 thread".into(),
        cameras: cameras.iter().map(one).collect(),
        truth: None,
    }
}

fn lost(board: &mut Board, camera: &str) {
    let why = "lost: Cannot identify device '/dev/v4l/by-id/usb-046d_HD_Pro_Webcam-video-index0': No such file or directory";
    board.cameras.get_mut(camera).unwrap().trouble = Some(why.into());
}

/// The view, each line without the spaces at its end, between bars that show its width.
fn picture(board: &Board, look: &Look) -> String {
    lines(board, look).iter().map(|line| format!("|{}\n", line.trim_end())).collect()
}

#[test]
fn one_camera_in_40x10() {
    let look = look(40, 10);
    assert_eq!(
        picture(&board(&look, &["front"]), &look),
        "\
| glimpsed 0.1.0, squeezenet1_1 on CPU, …
|  front
|   common iguana
|    common iguana           64 %
|    night snake             25 %
|    三毛猫                  11 %
|  30.0 results/s, 4.1 ms old
| q quit   space freeze
"
    );
}

#[test]
fn one_camera_in_80x24() {
    let look = Look { frozen: true, warning: Some("WARN front: no signal".into()), ..look(80, 24) };
    assert_eq!(
        picture(&board(&look, &["front"]), &look),
        "\
| glimpsed 0.1.0, squeezenet1_1 on CPU, 1 thread                           frozen
|  front
|
|   common iguana
|
|    common iguana           64 %  ███████████████████···········
|    night snake             25 %  ████████······················
|    三毛猫                  11 %  ███···························
|
|  30.0 results/s, 4.1 ms old, inference 2.3 ms on CPU, 1280x720
| WARN front: no signal
| q quit   space freeze
"
    );
}

#[test]
fn several_cameras_in_80x24_with_the_reason_of_a_lost_one_in_full() {
    let look = Look { selected: 2, ..look(80, 24) };
    let mut board = board(&look, &["back", "front", "gate"]);
    lost(&mut board, "front");
    board.cameras.get_mut("gate").unwrap().streams.push(Row { model: "n".into(), ..row("nothing", 0.9, look.now) });
    assert_eq!(
        picture(&board, &look),
        "\
| glimpsed 0.1.0, squeezenet1_1 on CPU, 1 thread
|  back    common iguana              64 %  ██████····   30.0/s      4.1 ms old
|  front   lost: Cannot identify device
|          '/dev/v4l/by-id/usb-046d_HD_Pro_Webcam-video-index0': No such file or
|          directory
| ›gate/m  common iguana              64 %  ██████····   30.0/s      4.1 ms old
|  gate/n  nothing                    90 %  █████████·   30.0/s      4.1 ms old
|
|  gate/m
|
|   common iguana
|
|    common iguana           64 %  ███████████████████···········
|    night snake             25 %  ████████······················
|    三毛猫                  11 %  ███···························
|
|  30.0 results/s, 4.1 ms old, inference 2.3 ms on CPU, 1280x720
| q quit   space freeze   ↑↓ camera
"
    );
}

#[test]
fn a_state_has_its_beginning_and_the_classes_of_the_frame_are_below() {
    let look = look(80, 24);
    let mut board = board(&look, &["back", "front", "gate"]);
    let since = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600 + 185));
    let mut shows = |camera: &str, label: Option<&str>, since| {
        let shown = Shown { label: label.map(str::to_owned), confidence: 0.81, since };
        board.cameras.get_mut(camera).unwrap().streams[0].state = vec![shown];
    };
    shows("back", Some("owl"), since);
    shows("front", None, since);
    assert_eq!(
        picture(&board, &look),
        "\
| glimpsed 0.1.0, squeezenet1_1 on CPU, 1 thread
| ›back   owl                        81 %  since 12:03:05  ████████··   30.0/s
|  front  nothing                          since 12:03:05  ··········   30.0/s
|  gate   common iguana              64 %                  ██████····   30.0/s
|
|  back
|
|   owl   since 12:03:05
|
|    common iguana           64 %  ███████████████████···········
|    night snake             25 %  ████████······················
|    三毛猫                  11 %  ███···························
|
|  30.0 results/s, 4.1 ms old, inference 2.3 ms on CPU, 1280x720
| q quit   space freeze   ↑↓ camera
"
    );
}

#[test]
fn thirty_cameras_in_40x10_are_a_part_around_the_selected_one() {
    let look = Look { selected: 17, ..look(40, 10) };
    let names: Vec<_> = (0..30).map(|n| format!("camera{n:02}")).collect();
    let mut board = board(&look, &names.iter().map(String::as_str).collect::<Vec<_>>());
    lost(&mut board, "camera18");
    assert_eq!(
        picture(&board, &look),
        "\
| glimpsed 0.1.0, squeezenet1_1 on CPU, …
|  camera14  common iguana           64 %
|  camera15  common iguana           64 %
|  camera16  common iguana           64 %
| ›camera17  common iguana           64 %
|  camera18  lost: Cannot identify devic…
|  camera19  common iguana           64 %
|  camera20  common iguana           64 %
|  and 23 more
| q quit   space freeze   ↑↓ camera
"
    );
}

#[test]
fn a_wide_terminal_shows_all_columns() {
    let look = look(200, 50);
    let picture = picture(&board(&look, &["back", "front"]), &look);
    let line = picture.lines().nth(2).unwrap();
    assert_eq!(
        line,
        "|  front  common iguana                      64 %  ███████████████████···········   30.0/s      4.1 ms old  CPU"
    );
}

#[test]
fn whatever_there_is_to_show_it_fits() {
    let names: Vec<_> = (0..30).map(|n| format!("camera {n} 三毛猫")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for cameras in [0, 1, 2, 5, 30] {
        for columns in [1, 2, 5, 8, 13, 24, 40, 80, 132, 200] {
            for rows in [1, 2, 3, 5, 10, 24, 50] {
                for styles in [Styles::OFF, Styles::ON] {
                    for selected in [0, 4, 29] {
                        let warning = Some("WARN something that is longer than many a terminal is wide".to_owned());
                        let look = Look { styles, selected, frozen: true, warning, ..look(columns, rows) };
                        let mut board = board(&look, &names[..cameras]);
                        if cameras > 1 {
                            lost(&mut board, names[1]);
                        }
                        let lines = lines(&board, &look);
                        assert!(lines.len() <= rows, "{} lines in {columns}x{rows}", lines.len());
                        for line in lines {
                            let plain = ["\x1b[0m", "\x1b[1m", "\x1b[7m", "\x1b[33m"]
                                .iter()
                                .fold(line, |line, code| line.replace(code, ""));
                            assert!(plain.width() <= columns, "{plain:?} in {columns}x{rows}");
                        }
                    }
                }
            }
        }
    }
}
