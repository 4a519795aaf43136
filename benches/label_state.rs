//! How often label states change without a reason, and how late they are, in a simulation whose truth is known.
//!
//! `cargo bench --bench label_state` (about ten seconds). A scene shows one of eight classes for ten seconds, then another one. The
//! model's logits are 4 for the true class and 0 for the others, with correlated noise (first-order, 0.2 s) on each; once a second on
//! average a glitch of up to 0.3 s shows a wrong class with 95 %. Each method sees the same frames. A change is needless if the scene had
//! not changed to that class; a scene is found if its class becomes the label before the next scene.

use glimpsed::postprocess::label_state::{LabelState, Params, Thresholds};
use glimpsed::prediction::Moment;
use std::time::Duration;

const CLASSES: usize = 8;
const SCENE: f64 = 10.0;
const SCENES: usize = 120;
const RATES: [f64; 3] = [5.0, 15.0, 30.0];
const NOISES: [f64; 2] = [1.0, 2.0];

/// Random numbers that are the same in each run (SplitMix64).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

struct Frame {
    at: f64,
    truth: usize,
    probabilities: [f32; CLASSES],
}

fn frames(rate: f64, noise: f64) -> Vec<Frame> {
    let mut random = Random(1);
    let truths: Vec<_> = (0..SCENES)
        .scan(0, |class, _| {
            *class = (*class + 1 + (random.uniform() * (CLASSES - 1) as f64) as usize) % CLASSES;
            Some(*class)
        })
        .collect();
    let (step, mut drift, mut glitch) = (1.0 / rate, [0.0f64; CLASSES], (0usize, 0.0f64));
    let kept = (-step / 0.2).exp();
    (0..(SCENES as f64 * SCENE * rate) as usize)
        .map(|n| {
            let at = n as f64 * step;
            let truth = truths[((at / SCENE) as usize).min(SCENES - 1)];
            for value in &mut drift {
                *value = kept * *value + (1.0 - kept * kept).sqrt() * noise * random.normal();
            }
            if random.uniform() < step {
                glitch = ((truth + 1 + (random.uniform() * (CLASSES - 1) as f64) as usize) % CLASSES, at + 0.3 * random.uniform());
            }
            let probabilities = if at < glitch.1 {
                std::array::from_fn(|class| if class == glitch.0 { 0.95 } else { 0.05 / (CLASSES - 1) as f32 })
            } else {
                let raw: [f64; CLASSES] =
                    std::array::from_fn(|class| (drift[class] + if class == truth { 4.0 } else { 0.0 }).exp());
                let sum: f64 = raw.iter().sum();
                raw.map(|value| (value / sum) as f32)
            };
            Frame { at, truth, probabilities }
        })
        .collect()
}

fn best(probabilities: &[f32]) -> usize {
    (0..probabilities.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap_or(0)
}

/// A method: a frame in, its label out.
type Method = Box<dyn FnMut(&Frame) -> Option<usize>>;

/// Needless changes a minute, the mean delay in seconds, and how many scenes were found.
fn measure(frames: &[Frame], mut method: Method) -> (f64, f64, usize) {
    let (mut label, mut changes, mut found, mut delay) = (None, 0usize, vec![false; SCENES], 0.0);
    for frame in frames {
        let scene = ((frame.at / SCENE) as usize).min(SCENES - 1);
        let now = method(frame);
        if now != label {
            label = now;
            changes += 1;
        }
        if now == Some(frame.truth) && !found[scene] {
            found[scene] = true;
            delay += frame.at - scene as f64 * SCENE;
        }
    }
    let count = found.iter().filter(|found| **found).count();
    let minutes = SCENES as f64 * SCENE / 60.0;
    (changes.saturating_sub(count) as f64 / minutes, delay / count.max(1) as f64, count)
}

fn three_in_a_row() -> Method {
    let (mut run, mut label) = ((None, 0), None);
    Box::new(move |frame| {
        let class = Some(best(&frame.probabilities));
        run = if run.0 == class { (class, run.1 + 1) } else { (class, 1) };
        if run.1 >= 3 {
            label = class;
        }
        label
    })
}

fn moving_average(seconds: f64) -> Method {
    let (mut mean, mut last) = ([0.0f64; CLASSES], None);
    Box::new(move |frame| {
        let gain = last.map_or(1.0, |last: f64| 1.0 - (-(frame.at - last) / seconds).exp());
        last = Some(frame.at);
        mean.iter_mut().zip(&frame.probabilities).for_each(|(mean, value)| *mean += gain * (f64::from(*value) - *mean));
        Some(best(&mean.map(|value| value as f32)))
    })
}

fn state(settings: Params) -> Method {
    let mut state = LabelState::new(settings, Thresholds::new(CLASSES, &settings));
    Box::new(move |frame| {
        state.update(Moment::ZERO.later(Duration::from_secs_f64(frame.at)), &frame.probabilities);
        state.state().class
    })
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn main() {
    // `cargo test --benches` builds it, and must not run it
    if std::env::args().any(|flag| flag == "--test") {
        return;
    }
    let usual = Params::default();
    type Row = (&'static str, Box<dyn Fn() -> Method>);
    let rows: Vec<Row> = vec![
        ("best of the frame", Box::new(|| Box::new(|frame: &Frame| Some(best(&frame.probabilities))))),
        ("three in a row", Box::new(three_in_a_row)),
        ("moving average 0.5 s", Box::new(|| moving_average(0.5))),
        ("label state (default)", Box::new(move || state(usual))),
        ("  enter 0.5, leave 0.2", Box::new(move || state(Params { enter: 0.5, leave: 0.2, ..usual }))),
        ("  enter 0.3, leave 0.15", Box::new(move || state(Params { enter: 0.3, leave: 0.15, ..usual }))),
        ("  lead 1", Box::new(move || state(Params { lead: 1.0, ..usual }))),
        ("  lead 2", Box::new(move || state(Params { lead: 2.0, ..usual }))),
        ("  no smoothing", Box::new(move || state(Params { smoothing: seconds(0.0), ..usual }))),
        ("  smoothing 0.5 s", Box::new(move || state(Params { smoothing: seconds(0.5), ..usual }))),
        (
            "  smoothing 0.5 s, enter 0.5, leave 0.3",
            Box::new(move || state(Params { smoothing: seconds(0.5), enter: 0.5, leave: 0.3, ..usual })),
        ),
        ("  hold 0.3 s", Box::new(move || state(Params { hold: seconds(0.3), ..usual }))),
        ("  hold 0.8 s", Box::new(move || state(Params { hold: seconds(0.8), ..usual }))),
    ];
    for noise in NOISES {
        println!("noise {noise}: needless changes a minute / mean delay in s / scenes found of {SCENES}, at {RATES:?} frames/s");
        let films: Vec<_> = RATES.iter().map(|rate| frames(*rate, noise)).collect();
        for (name, method) in &rows {
            let cells = films.iter().map(|film| {
                let (needless, delay, found) = measure(film, method());
                format!("{needless:6.1} / {delay:4.2} / {found:3}")
            });
            println!("{name:<40} {}", cells.collect::<Vec<_>>().join("    "));
        }
        println!();
    }
}
