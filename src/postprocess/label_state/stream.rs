//! The state of a stream, with names and times as messages tell them.

use super::classes::StateClasses;
use super::multi::MultiLabelState;
use super::single::{Change, LabelState, State};
use super::time_line::TimeLine;
use crate::prediction::{Moment, Prediction, Stable, StableClass, StableState, StateChange};
use std::sync::Arc;
use std::time::Instant;

/// The state of one stream.
#[derive(Debug)]
pub struct StreamState {
    classes: Arc<StateClasses>,
    state: Kind,
    time: TimeLine,
    /// The number of changes so far.
    count: u64,
    /// That number as of the latest result; `None` before the first one.
    told: Option<u64>,
    /// The changes of the present frame; reused.
    found: Vec<Change>,
    /// The probabilities of the classes that can be a state; reused.
    own: Vec<f32>,
}

#[derive(Debug)]
enum Kind {
    One(LabelState),
    Many(MultiLabelState),
}

impl StreamState {
    /// The state before the first frame: nothing.
    pub fn new(classes: Arc<StateClasses>) -> Self {
        let (params, thresholds) = (classes.params, classes.thresholds.clone());
        let state = if classes.independent {
            Kind::Many(MultiLabelState::new(params, thresholds))
        } else {
            Kind::One(LabelState::new(params, thresholds))
        };
        Self { classes, state, time: TimeLine::default(), count: 0, told: None, found: Vec::new(), own: Vec::new() }
    }

    /// The same after `changes` of a state that this one follows: equal numbers must mean the same state.
    pub fn after(self, changes: u64) -> Self {
        Self { count: changes, ..self }
    }

    /// Takes the `probabilities` (by class of the model) of the frame of `prediction`, and sets its `stable`. Appends what has changed to `changes`.
    pub fn update(&mut self, prediction: &mut Prediction, probabilities: &[f32], changes: &mut Vec<StateChange>) {
        let now = self.time.moment(&prediction.info);
        self.classes.gather(probabilities, &mut self.own);
        match &mut self.state {
            Kind::One(state) => self.found.extend(state.update(now, &self.own)),
            Kind::Many(state) => state.update(now, &self.own, &mut self.found),
        }
        self.report(Some(now), prediction, changes);
        self.told = Some(self.count);
    }

    /// When the state ends if no further frame comes; `None` if it is nothing already, or if the source is not live.
    pub fn deadline(&self) -> Option<Instant> {
        let deadline = match &self.state {
            Kind::One(state) => state.deadline(),
            Kind::Many(state) => state.deadline(),
        };
        self.time.instant(deadline?)
    }

    /// Ends the state if its deadline is not after `now`. `prediction` is the latest result.
    pub fn expire(&mut self, now: Instant, prediction: &mut Prediction, changes: &mut Vec<StateChange>) {
        let Some(now) = self.time.at(now) else { return };
        match &mut self.state {
            Kind::One(state) => self.found.extend(state.expire(now)),
            Kind::Many(state) => state.expire(now, &mut self.found),
        }
        self.report(None, prediction, changes);
    }

    /// Whether the source is live, as far as is known.
    pub fn is_live(&self) -> bool {
        self.time.is_live()
    }

    /// Ends the state with the latest frame, because no more come or another model takes over. `prediction` is the latest result.
    pub fn end(&mut self, prediction: &mut Prediction, changes: &mut Vec<StateChange>) {
        match &mut self.state {
            Kind::One(state) => self.found.extend(state.end()),
            Kind::Many(state) => state.end(&mut self.found),
        }
        self.report(None, prediction, changes);
    }

    /// Sets the state in `prediction`, and appends the changes that were found. `now`: the time of the frame that made them, if one did.
    fn report(&mut self, now: Option<Moment>, prediction: &mut Prediction, changes: &mut Vec<StateChange>) {
        self.count += self.found.len() as u64;
        self.show(prediction);
        let Some(stable) = &prediction.stable else { return };
        for Change { from, to } in self.found.drain(..) {
            changes.push(StateChange {
                stream: prediction.stream(),
                known: now.unwrap_or(to.since),
                frame: now.map(|_| prediction.info.number),
                from: shown(&self.classes, from),
                to: shown(&self.classes, to),
                since: to.since,
                lasted: to.since.at.saturating_sub(from.since.at),
                stable: stable.clone(),
            });
        }
    }

    /// Sets the state in `prediction`, in its memory.
    fn show(&self, prediction: &mut Prediction) {
        let changes = self.count;
        match (&self.state, &mut prediction.stable) {
            (Kind::One(state), stable) => {
                let class = told(&self.classes, state.state(), self.told != Some(self.count));
                *stable = Some(Stable { state: StableState::One(class), changes });
            }
            (Kind::Many(state), stable) => {
                let mut classes = match stable.take() {
                    Some(Stable { state: StableState::Many(classes), .. }) => classes,
                    _ => Vec::new(),
                };
                classes.clear();
                classes.extend(state.entered().map(|state| {
                    let is_new = self.found.iter().any(|change| change.to.class == state.class);
                    told(&self.classes, state, is_new)
                }));
                *stable = Some(Stable { state: StableState::Many(classes), changes });
            }
        }
    }
}

/// `state` as messages tell it.
fn told(classes: &StateClasses, state: State, changed: bool) -> StableClass {
    StableClass {
        label: state.class.map(|class| classes.name(class).clone()),
        index: state.class.and_then(|class| classes.index(class)),
        confidence: state.confidence,
        since: state.since.timestamp,
        changed,
    }
}

/// The same; `None` for nothing.
fn shown(classes: &StateClasses, state: State) -> Option<StableClass> {
    state.class.is_some().then(|| told(classes, state, false))
}
