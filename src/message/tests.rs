//! The messages as integrators read them, and a comparison of the types with the written JSON.

use super::*;
use crate::frame::{FrameInfo, Orientation, Picture, PixelFormat};
use crate::labels::Labels;
use crate::prediction::{self, Moment, Prediction, Score, Stable, StableState, StateChange, StreamName};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A frame that is stored on its side.
fn info(number: u64, micros: u64, pts: Option<Duration>, (width, height): (u32, u32)) -> FrameInfo {
    let picture = Picture { orientation: Orientation::from_exif(6).unwrap(), ..Picture::new(PixelFormat::Nv12, height, width) };
    FrameInfo { number, timestamp: SystemTime::UNIX_EPOCH + Duration::from_micros(micros), pts, ..FrameInfo::new(picture) }
}

fn iguana() -> prediction::StableClass {
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_417_795);
    prediction::StableClass { label: Some("common iguana".into()), index: Some(1), confidence: 0.61, since, changed: false }
}

fn prediction() -> Prediction {
    Prediction {
        source: "front".into(),
        region: None,
        seq: 1234,
        info: info(2469, 1_795_417_800_123_456, Some(Duration::from_nanos(41_133_000_000)), (1280, 720)),
        model: "squeezenet1_1_w8a8".into(),
        execution_provider: "QNN",
        top: vec![Score { index: 1, confidence: 0.368_270_46 }],
        stable: Some(Stable { state: StableState::One(iguana()), changes: 7 }),
        labels: Labels::parse(b"boa \"constrictor\"\ncommon iguana\n", "test").unwrap().into(),
        timing: prediction::Timing { age: Duration::from_nanos(4_123_456), ..prediction::Timing::default() },
        reused: false,
        dropped: 2,
    }
}

#[test]
fn a_result_is_the_documented_line() {
    assert_eq!(
        serde_json::to_string(&prediction()).unwrap(),
        r#"{"type":"classification","version":1,"source":"front","seq":1234,"frame":2469,"timestamp":"2026-11-23T07:10:00.123456Z","#.to_owned()
            + r#""pts_ns":41133000000,"width":1280,"height":720,"model":"squeezenet1_1_w8a8","execution_provider":"QNN","#
            + r#""classifications":[{"index":1,"label":"common iguana","confidence":0.36827}],"#
            + r#""stable":{"label":"common iguana","index":1,"confidence":0.61,"since":"2026-11-23T07:09:55.000000Z","changed":false},"#
            + r#""timing":{"age_ms":4.123,"wait_ms":0.0,"preprocess_ms":0.0,"inference_ms":0.0,"postprocess_ms":0.0},"dropped":2}"#
    );
    assert!(is_classification(&line(&prediction())));
}

#[test]
fn hello_names_each_stream_and_describes_each_model() {
    let model = |name: &str, provider: &str| Model {
        name: name.into(),
        execution_provider: provider.into(),
        execution: format!("{name} on {provider}"),
        nodes: None,
        labels: vec![format!("a label of {name}")],
        states: None,
        multi_label: false,
        recipe: None,
    };
    let hello = Hello::new(vec![model("first", "QNN"), model("second", "CPU")], vec!["front".into(), "back".into()]);
    let streams: Vec<_> = hello.streams.iter().map(|stream| (&*stream.camera, &*stream.model)).collect();
    assert_eq!(streams, [("front", "first"), ("front", "second"), ("back", "first"), ("back", "second")]);
    assert_eq!((&*hello.model, &*hello.execution_provider, &*hello.execution), ("first", "QNN", "first on QNN"));
    assert_eq!((&hello.labels, hello.models.len()), (&vec!["a label of first".to_owned()], 2));
    // of a daemon that knows nothing of streams
    let mut older = serde_json::to_value(&hello).unwrap();
    ["streams", "models"].iter().for_each(|field| drop(older.as_object_mut().unwrap().remove(*field)));
    let Message::Hello(read) = Message::read(older.to_string().as_bytes()).unwrap() else { panic!("no hello") };
    assert!(read.streams.is_empty() && read.models.is_empty());
}

#[test]
fn a_count_of_missed_lines_is_a_field_of_the_message() {
    let mut written = line(&Borrowed { missed: 7, ..Borrowed::new(&prediction()) });
    let mut added = line(&prediction());
    add_missed(&mut added, 7);
    assert_eq!(String::from_utf8(added), String::from_utf8(written.clone()));
    add_missed(&mut written, 0);
    let Message::Classification(read) = Message::read(&written).unwrap() else { panic!("no result") };
    assert_eq!(read.missed, Some(7));
}

#[test]
fn a_reader_ignores_unknown_fields_and_types() {
    assert_eq!(Message::read(br#"{"type":"later","version":1,"x":[1]}"#).unwrap(), Message::Other);
    let error = Message::read(br#"{"later":{},"message":"m","version":1,"type":"error"}"#).unwrap();
    assert_eq!(error, Message::Error(Error::new("m")));
    let state: State = serde_json::from_str(r#""dozing""#).unwrap();
    assert_eq!((state.as_str(), serde_json::from_str::<State>(r#""lost""#).unwrap()), ("dozing", State::Lost));
    for wrong in [&b"[]"[..], b"{}", br#"{"type":"error"}"#, br#"{"type":1}"#] {
        assert!(Message::read(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
    }
}

#[test]
fn a_written_request_can_be_read() {
    let cameras = Some(vec!["front".to_owned()]);
    let events = Some(vec![EventKind::Change]);
    let all = Subscribe { cameras, events, top: Some(1), min_confidence: 0.5, max_rate: Some(5.0), on_change: true };
    for subscribe in [all, Subscribe::default()] {
        let line = line(&Request { subscribe: subscribe.clone() });
        assert_eq!(request::parse(&line).as_ref(), Ok(&subscribe), "by the daemon");
        assert_eq!(serde_json::from_slice::<Request>(&line).unwrap().subscribe, subscribe, "by the type");
    }
    assert_eq!(line(&Request::default()), b"{\"subscribe\":{}}\n");
    let nulls =
        br#"{"subscribe":{"cameras":null,"events":null,"top":null,"min_confidence":null,"max_rate":null,"on_change":null}}"#;
    assert_eq!(serde_json::from_slice::<Request>(nulls).unwrap(), Request::default());
}

#[test]
fn a_change_is_the_documented_line() {
    let known =
        Moment { at: Duration::ZERO, timestamp: SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_417_800_123_456), pts: None };
    let since = Moment { pts: Some(Duration::from_nanos(41_000_000_000)), ..known };
    let change = StateChange {
        stream: StreamName { camera: "front".into(), region: None, model: "squeezenet1_1_w8a8".into() },
        known,
        frame: Some(2469),
        from: Some(iguana()),
        to: None,
        since,
        lasted: Duration::from_millis(4_987),
        stable: Stable { state: StableState::Many(Vec::new()), changes: 8 },
    };
    assert_eq!(
        String::from_utf8(line(&Change::from(&change))).unwrap(),
        r#"{"type":"change","version":1,"source":"front","model":"squeezenet1_1_w8a8","timestamp":"2026-11-23T07:10:00.123456Z","#
            .to_owned()
            + r#""pts_ns":null,"frame":2469,"from":{"label":"common iguana","index":1,"confidence":0.61,"since":"2026-11-23T07:09:55.000000Z"},"#
            + r#""to":null,"since":"2026-11-23T07:10:00.123456Z","since_pts_ns":41000000000,"lasted_ms":4987.0}"#
            + "\n"
    );
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..1u64 << 40).prop_map(Duration::from_nanos)
}

prop_compose! {
    fn any_class()(label in ".*", index in proptest::option::of(0..9usize), confidence in 0.0..=1.0f32, changed: bool)
        -> prediction::StableClass
    {
        prediction::StableClass { label: Some(label.into()), index, confidence, changed, ..iguana() }
    }
}

fn any_stable() -> impl Strategy<Value = Stable> {
    let nothing = prediction::StableClass { label: None, index: None, confidence: 0.0, ..iguana() };
    let one = prop_oneof![Just(nothing), any_class()].prop_map(StableState::One);
    let many = proptest::collection::vec(any_class(), 0..3).prop_map(StableState::Many);
    prop_oneof![one, many].prop_map(|state| Stable { state, changes: 0 })
}

prop_compose! {
    fn any_prediction()(
        (source, model, seq, number, dropped) in (".*", ".*", any::<u64>(), any::<u64>(), any::<u64>()),
        (micros, pts, width, height) in (0..1u64 << 52, proptest::option::of(any::<u64>()), any::<u32>(), any::<u32>()),
        scores in proptest::collection::vec((0..3usize, 0.0..=1.0f32), 0..4),
        stable in proptest::option::of(any_stable()),
        names in proptest::collection::vec("[^\r\n]+", 3),
        reused in any::<bool>(),
        (age, wait, preprocess, inference, postprocess) in (duration(), duration(), duration(), duration(), duration()),
    ) -> Prediction {
        Prediction {
            source: source.into(),
            region: None,
            seq,
            info: info(number, micros, pts.map(Duration::from_nanos), (width, height)),
            model: model.into(),
            execution_provider: "CPU",
            top: scores.into_iter().map(|(index, confidence)| Score { index, confidence }).collect(),
            stable,
            labels: Labels::parse(names.join("\n").as_bytes(), "test").map_or_else(|_| Labels::numbered(3).into(), Arc::new),
            timing: prediction::Timing { age, wait, preprocess, inference, postprocess },
            reused,
            dropped,
        }
    }
}

proptest! {
    /// The allocation-free form writes the same line as the owned type.
    #[test]
    fn the_borrowed_result_and_the_owned_one_are_the_same_bytes(
        prediction in any_prediction(),
        missed in 0..3u64,
        runs in proptest::option::of(any::<u64>()),
        top in 1..4usize,
    ) {
        let inference = runs.map(|runs| Repeated { runs, mean_ms: 1.5, p50_ms: 1.25, p99_ms: 3.0 });
        let view = View { top, min_confidence: 0.25 };
        let written = line(&Borrowed { prediction: &prediction, view, inference, missed });
        let read = Message::read(&written).unwrap();
        prop_assert_eq!(String::from_utf8(line(&read)), String::from_utf8(written));
        let Message::Classification(read) = read else { panic!("no result") };
        let info = prediction.info;
        prop_assert_eq!((read.seq, read.frame, read.timestamp), (prediction.seq, info.number, info.timestamp));
        prop_assert_eq!((read.width, read.height, &*read.source), (prediction.size().0, prediction.size().1, &*prediction.source));
        prop_assert_eq!(read.inference, inference);
        prop_assert!(read.classifications.len() <= top);
    }
}
