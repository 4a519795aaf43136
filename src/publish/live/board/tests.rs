//! The rows of the live view.

use super::*;

fn told(board: &mut Board, line: &str) {
    board.message(&Message::read(line.as_bytes()).unwrap(), Instant::now());
}

fn subscribed(cameras: &str, unknown: &str) -> String {
    format!(
        r#"{{"type":"subscribed","version":1,"cameras":[{cameras}],"unknown_cameras":[{unknown}],"top":null,"min_confidence":0,"max_rate":null,"on_change":false}}"#
    )
}

fn result(region: &str, model: &str, label: &str) -> String {
    format!(
        r#"{{"type":"classification","version":1,"source":"front","region":{region},"seq":0,"frame":0,"timestamp":"2026-11-23T07:10:00.123456Z",
        "pts_ns":null,"width":4,"height":3,"model":"{model}","execution_provider":"CPU",
        "classifications":[{{"index":0,"label":"{label}","confidence":0.5}}],"reused":true,"missed":2,
        "timing":{{"age_ms":1,"wait_ms":0,"preprocess_ms":0,"inference_ms":0,"postprocess_ms":0}},"dropped":0}}"#
    )
}

#[test]
fn there_is_a_camera_for_each_one_in_force_and_each_unknown_one() {
    let mut board = Board::default();
    let cameras = |board: &Board| board.cameras.iter().map(|(name, camera)| (name.clone(), camera.unknown)).collect::<Vec<_>>();
    told(&mut board, &subscribed("\"front\"", "\"gate\""));
    assert_eq!(cameras(&board), [("front".to_owned(), false), ("gate".to_owned(), true)]);
    told(&mut board, &subscribed("\"gate\"", ""));
    assert_eq!(cameras(&board), [("gate".to_owned(), false)]);
}

#[test]
fn each_region_and_model_has_its_row_and_a_result_ends_the_trouble() {
    let mut board = Board::default();
    board.camera_is("front", Some(("lost", Some("no such device"))));
    assert_eq!(board.cameras["front"].trouble.as_deref(), Some("lost: no such device"));
    for (region, model, label) in [("null", "n", "dog"), ("null", "m", "cat"), ("\"door\"", "m", "bus"), ("null", "m", "owl")] {
        told(&mut board, &result(region, model, label));
    }
    let camera = &board.cameras["front"];
    assert!(camera.trouble.is_none());
    let rows: Vec<_> = camera.streams.iter().map(|row| (row.key(), &*row.top[0].0, row.missed, row.inference)).collect();
    assert_eq!(rows, [((None, "m"), "owl", 4, None), ((None, "n"), "dog", 2, None), ((Some("door"), "m"), "bus", 2, None)]);
    let stream =
        |region: Option<&str>| message::Stream { camera: "front".into(), region: region.map(str::to_owned), model: "m".into() };
    board.hello(&Hello::with_streams(Vec::new(), vec!["front".into()], vec![stream(None), stream(Some("door"))]));
    assert_eq!(board.cameras["front"].streams.len(), 2, "the model n has been removed");
}

#[test]
fn a_state_that_ends_without_a_result_is_not_shown_any_more_and_the_trouble_stays() {
    let mut board = Board::default();
    let since = "2026-11-23T07:10:00.000000Z";
    let shown = format!(r#""stable":{{"label":"cat","index":0,"confidence":0.5,"since":"{since}","changed":true}},"reused""#);
    told(&mut board, &result("null", "m", "cat").replace(r#""reused""#, &shown));
    let answer = |board: &Board| board.cameras["front"].streams[0].answer().0;
    assert_eq!(answer(&board), "cat");
    board.camera_is("front", Some(("lost", None)));
    let change = |frame: &str| {
        format!(
            r#"{{"type":"change","version":1,"source":"front","model":"m","timestamp":"{since}","pts_ns":null,"frame":{frame},
            "from":{{"label":"cat","index":0,"confidence":0.5,"since":"{since}"}},"to":null,"since":"{since}","since_pts_ns":null,"lasted_ms":1}}"#
        )
    };
    told(&mut board, &change("3"));
    assert_eq!(answer(&board), "cat", "the result of the frame tells more");
    told(&mut board, &change("null"));
    assert_eq!((answer(&board).as_str(), board.cameras["front"].trouble.as_deref()), ("nothing", Some("lost")));
}
