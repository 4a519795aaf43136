//! Properties of label states, with the time of each frame given.

use super::*;
use crate::prediction::Moment;
use proptest::prelude::*;
use std::time::Duration;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn at(n: u64) -> Moment {
    Moment::ZERO.later(ms(n))
}

fn state_of(classes: usize, settings: Params) -> LabelState {
    LabelState::new(settings, Thresholds::new(classes, &settings))
}

/// All of the probability on `class`, of three.
fn sure(class: usize) -> [f32; 3] {
    std::array::from_fn(|index| if index == class { 1.0 } else { 0.0 })
}

/// Shows each of `scenes` (probabilities, milliseconds) at intervals of `step`; returns the changes and when they came.
fn play<const N: usize>(state: &mut LabelState, scenes: &[([f32; N], u64)], step: u64) -> Vec<(u64, Change)> {
    let (mut changes, mut now, mut end) = (Vec::new(), 0, 0);
    for (probabilities, length) in scenes {
        end += length;
        while now < end {
            changes.extend(state.update(at(now), probabilities).map(|change| (now, change)));
            now += step;
        }
    }
    changes
}

#[test]
fn a_scene_is_entered_after_it_has_held_and_left_for_nothing() {
    let mut state = state_of(3, Params { enter: 0.5, leave: 0.2, ..Params::default() });
    let changes = play(&mut state, &[(sure(1), 3_000), ([0.1; 3], 4_000), (sure(2), 3_000)], 100);
    let seen: Vec<_> = changes.iter().map(|(at, change)| (*at, change.from.class, change.to.class)).collect();
    assert_eq!(seen, [(500, None, Some(1)), (3_900, Some(1), None), (7_600, None, Some(2))]);
    let (_, left) = changes[1];
    assert_eq!((left.from.since, left.to.since), (at(0), at(3_400)), "a state begins when its condition was first met");
}

#[test]
fn equal_classes_go_by_the_lower_index() {
    let settings = Params { enter: 0.5, hold: ms(0), ..Default::default() };
    let change = state_of(3, settings).update(at(0), &[0.0, 0.5, 0.5]).unwrap();
    assert_eq!(change.to.class, Some(1));
}

#[test]
fn below_one_half_a_class_needs_a_lead_to_become_the_state_but_not_to_stay() {
    let mut state = state_of(3, Params { hold: ms(0), ..Default::default() });
    assert_eq!(state.update(at(0), &[0.45, 0.35, 0.2]), None, "noise would choose between the two");
    assert_eq!(state.update(at(2_000), &[0.45, 0.25, 0.25]).unwrap().to.class, Some(0), "after a gap: 1.8 times the second");
    assert_eq!(state.update(at(3_900), &[0.35, 0.34, 0.31]), None);
    assert_eq!(state.state().class, Some(0));
    let mut without = state_of(3, Params { lead: 0.0, hold: ms(0), ..Default::default() });
    assert_eq!(without.update(at(0), &[0.45, 0.35, 0.2]).unwrap().to.class, Some(0));

    // independent classes: the alternative is that it is not true
    let settings = Params { hold: ms(0), ..Default::default() };
    let (mut states, mut changes) =
        (MultiLabelState::new(settings, Thresholds::new(3, &settings).with(2, settings.enter)), Vec::new());
    states.update(at(0), &[0.45, 0.5, 0.45], &mut changes);
    assert_eq!(
        changes.iter().map(|change| change.to.class).collect::<Vec<_>>(),
        [Some(1), Some(2)],
        "a threshold of its own counts alone, even if it equals the common one"
    );
}

/// A picture that a model of a thousand classes is not sure of, with noise: in 10 of 120 frames another class is best.
#[test]
fn a_still_picture_with_noise_makes_one_change() {
    let mut state = state_of(3, Params::default());
    let frames = (0..300u64).map(|n| if n % 12 == 5 { [0.2, 0.3, 0.1] } else { [0.37, 0.1, 0.06] });
    let best = |p: &[f32; 3]| usize::from(p[1] > p[0]);
    let raw = frames.clone().map(|p| best(&p)).collect::<Vec<_>>().windows(2).filter(|two| two[0] != two[1]).count();
    let changes: Vec<_> = frames.zip((0..).step_by(33)).filter_map(|(p, now)| state.update(at(now), &p)).collect();
    assert_eq!((raw, changes.len(), changes[0].to.class), (50, 1, Some(0)));
}

#[test]
fn a_class_can_have_a_threshold_of_its_own() {
    let settings = Params { hold: ms(0), ..Default::default() };
    let mut state = LabelState::new(settings, Thresholds::new(3, &settings).with(1, 0.8));
    assert_eq!(state.update(at(0), &[0.1, 0.7, 0.2]), None);
    assert_eq!(state.update(at(5_000), &[0.1, 0.85, 0.05]).unwrap().to.class, Some(1));
    assert_eq!(state.update(at(60_000), &[0.7, 0.2, 0.1]).unwrap().from.class, Some(1), "it ends with the gap");
}

#[test]
fn a_gap_ends_the_state_and_nothing_older_counts() {
    let mut state = state_of(3, Params::default());
    play(&mut state, &[(sure(0), 1_000)], 100);
    assert_eq!(state.deadline(), Some(at(2_900)));
    assert_eq!(state.expire(ms(2_899)), None);
    let change = state.expire(ms(2_900)).unwrap();
    assert_eq!(
        (change.from.class, change.to, state.deadline()),
        (Some(0), State { class: None, confidence: 0.0, since: at(2_900) }, None)
    );

    // without the timer the next frame ends it
    let mut state = state_of(3, Params::default());
    play(&mut state, &[(sure(0), 1_000)], 100);
    let change = state.update(at(9_000), &sure(1)).unwrap();
    assert_eq!((change.from.class, change.to.class, change.to.since), (Some(0), None, at(2_900)));
    assert_eq!(state.update(at(9_500), &sure(1)).unwrap().to.class, Some(1), "smoothing begins with the first frame after the gap");
}

#[test]
fn each_class_of_a_multi_label_model_has_a_state_of_its_own() {
    let settings = Params::default();
    let mut states = MultiLabelState::new(settings, Thresholds::new(3, &settings));
    let mut changes = Vec::new();
    for now in (0..1_000).step_by(100) {
        states.update(at(now), &[0.9, 0.1, 0.8], &mut changes);
    }
    assert_eq!(
        changes.iter().map(|change| (change.from.class, change.to.class)).collect::<Vec<_>>(),
        [(None, Some(0)), (None, Some(2))]
    );
    assert_eq!(states.entered().map(|state| state.class).collect::<Vec<_>>(), [Some(0), Some(2)]);
    changes.clear();
    for now in (1_000..4_000).step_by(100) {
        states.update(at(now), &[0.9, 0.1, 0.0], &mut changes);
    }
    assert_eq!(changes.len(), 1);
    let Change { from, to } = changes[0];
    assert_eq!((from.class, from.since, to.class), (Some(2), at(0), None), "it had been true from the first frame on");
    changes.clear();
    states.expire(states.deadline().unwrap().at, &mut changes);
    assert_eq!(changes.iter().map(|change| change.from.class).collect::<Vec<_>>(), [Some(0)]);
    assert_eq!(states.deadline(), None);
}

/// Frames of four classes, and the time from one to the next in milliseconds.
fn frames() -> impl Strategy<Value = Vec<(u64, [f32; 4])>> {
    let probabilities = prop::array::uniform4(0.0f32..1.0).prop_map(|raw| {
        let sum: f32 = raw.iter().sum::<f32>().max(1e-6);
        raw.map(|value| (value * value / sum).min(1.0))
    });
    let steady = (0usize..4, 0.0f32..1.0)
        .prop_map(|(class, rest)| std::array::from_fn(|index| if index == class { 1.0 - 0.75 * rest } else { 0.25 * rest }));
    prop::collection::vec((1u64..300, prop_oneof![probabilities, steady]), 1..200)
}

fn run(state: &mut LabelState, frames: &[(u64, [f32; 4])], scale: u64) -> Vec<(Duration, Change)> {
    let mut now = 0;
    let mut changes = Vec::new();
    for (step, probabilities) in frames {
        now += step;
        changes.extend(state.update(at(now * scale), probabilities).map(|change| (ms(now * scale), change)));
    }
    changes
}

proptest! {
    #[test]
    fn constant_input_makes_one_change_at_most(steps in prop::collection::vec(1u64..300, 1..200), p in prop::array::uniform3(0.0f32..1.0)) {
        let mut state = state_of(3, Params::default());
        let mut now = 0;
        let changes = steps.iter().filter_map(|step| { now += step; state.update(at(now), &p) }).count();
        prop_assert!(changes <= 1);
    }

    #[test]
    fn time_can_be_scaled(frames in frames(), scale in 1u64..6) {
        let usual = Params::default();
        let factor = u32::try_from(scale).unwrap();
        let slow = Params { smoothing: usual.smoothing * factor, hold: usual.hold * factor, ..usual };
        let (one, other) = (run(&mut state_of(4, usual), &frames, 1), run(&mut state_of(4, slow), &frames, scale));
        prop_assert_eq!(one.len(), other.len());
        for ((at, change), (slow_at, slow_change)) in one.iter().zip(&other) {
            prop_assert_eq!(*at * factor, *slow_at);
            prop_assert_eq!(change.to.class, slow_change.to.class);
        }
    }

    #[test]
    fn a_state_holds_and_begins_before_it_is_known(frames in frames()) {
        let settings = Params::default();
        let changes = run(&mut state_of(4, settings), &frames, 1);
        for pair in changes.windows(2) {
            prop_assert!(pair[1].0 - pair[0].0 >= settings.hold);
            prop_assert_eq!(pair[0].1.to.class, pair[1].1.from.class);
            prop_assert!(pair[1].1.to.since.at >= pair[0].1.to.since.at);
        }
        prop_assert!(changes.iter().all(|(at, change)| change.to.since.at <= *at && change.from.class != change.to.class));
    }

    #[test]
    fn the_order_of_classes_does_not_matter(frames in frames(), shift in 0usize..4) {
        let turned: Vec<_> = frames.iter().map(|(step, p)| (*step, std::array::from_fn(|index| p[(index + shift) % 4]))).collect();
        let (one, other) = (run(&mut state_of(4, Params::default()), &frames, 1),
                            run(&mut state_of(4, Params::default()), &turned, 1));
        prop_assert_eq!(one.len(), other.len());
        for ((_, change), (_, turned)) in one.iter().zip(&other) {
            prop_assert_eq!(change.to.class, turned.to.class.map(|class| (class + shift) % 4));
        }
    }

    #[test]
    fn a_glitch_in_a_settled_scene_changes_nothing(step in 5u64..100, length in 1u64..340) {
        // smoothing * ln 2 = 347 ms
        let mut state = state_of(3, Params::default());
        let scenes = [(sure(0), 10_000), (sure(1), length.saturating_sub(step)), (sure(0), 5_000)];
        prop_assert_eq!(play(&mut state, &scenes, step).len(), 1);
    }

    #[test]
    fn the_rate_of_frames_hardly_matters(step in 10u64..200, scenes in prop::collection::vec((0usize..3, 2_000u64..5_000), 1..5)) {
        let scenes: Vec<_> = scenes.into_iter().map(|(class, length)| (sure(class), length / (2 * step) * 2 * step)).collect();
        let (slow, fast) = (play(&mut state_of(3, Params::default()), &scenes, 2 * step),
                            play(&mut state_of(3, Params::default()), &scenes, step));
        prop_assert_eq!(slow.len(), fast.len());
        for ((slow, _), (fast, _)) in slow.iter().zip(&fast) {
            prop_assert!(slow.abs_diff(*fast) <= 4 * step, "{} {}", slow, fast);
        }
    }

    #[test]
    fn what_is_no_number_is_ignored(frames in frames(), which in 0usize..4, value in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]) {
        let mut state = state_of(4, Params::default());
        run(&mut state, &frames, 1);
        let before = state.state();
        let mut bad = [0.25; 4];
        bad[which] = value;
        prop_assert_eq!(state.update(at(1_000_000), &bad), None);
        prop_assert_eq!(state.update(at(1_000_000), &[0.5]), None);
        prop_assert_eq!(state.state(), before);
        prop_assert!(before.confidence.is_finite());
    }
}
