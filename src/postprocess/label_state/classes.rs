//! The classes that can be a state: those of the model that count, and groups of them.

use super::patterns::matches;
use super::rules::Rules;
use super::settings::Params;
use super::thresholds::Thresholds;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::suggest::{misspelt, nearest};
use std::sync::Arc;

/// The classes that can be a state, with their names and thresholds.
#[derive(Debug, Clone)]
pub struct StateClasses {
    pub(super) params: Params,
    pub(super) thresholds: Thresholds,
    /// The name of each, and its index in the model; groups have none.
    classes: Vec<(Arc<str>, Option<usize>)>,
    /// The class here that each class of the model belongs to; `None` for one that does not count.
    targets: Vec<Option<usize>>,
    /// Whether any number of them can be true at once.
    pub(super) independent: bool,
}

impl StateClasses {
    /// The classes of a model, by `labels`. `independent`: the model gives each of them a probability of its own.
    pub fn new(labels: &Labels, independent: bool, params: Params) -> Self {
        let classes = (0..labels.len()).map(|index| (labels.name(index).into(), Some(index))).collect();
        let targets = (0..labels.len()).map(Some).collect();
        Self { params, thresholds: Thresholds::new(labels.len(), &params), classes, targets, independent }
    }

    /// The classes that count by `rules`. An error tells all that is wrong with them.
    pub fn by_rules(labels: &Labels, independent: bool, params: Params, rules: &Rules) -> Result<Self> {
        let names: Vec<&str> = (0..labels.len()).map(|index| labels.name(index)).collect();
        let mut resolving = Resolving { names: &names, faults: Vec::new() };
        let allowed = resolving.any("allow", &rules.allow);
        let denied = resolving.any("deny", &rules.deny);
        let counts: Vec<bool> = (0..names.len()).map(|n| (rules.allow.is_empty() || allowed[n]) && !denied[n]).collect();
        if resolving.faults.is_empty() && !counts.contains(&true) {
            resolving.faults.push("allow and deny leave no class".into());
        }
        let (mut classes, mut targets): (Vec<(Arc<str>, _)>, _) = (Vec::new(), vec![None; names.len()]);
        for (group, patterns) in &rules.groups {
            resolving.group(group, patterns, &counts, &mut targets, classes.len());
            classes.push((group.as_str().into(), None));
        }
        for (index, name) in names.iter().enumerate().filter(|(index, _)| counts[*index]) {
            if targets[index].is_none() {
                targets[index] = Some(classes.len());
                classes.push(((*name).into(), Some(index)));
            }
        }
        let mut thresholds = Thresholds::new(classes.len(), &params);
        let known: Vec<&str> = classes.iter().map(|(name, _)| &**name).collect();
        let mut among = Resolving { names: &known, faults: Vec::new() };
        for (pattern, enter) in &rules.thresholds {
            for class in among.one("thresholds", pattern) {
                thresholds = thresholds.with(class, *enter as f32);
            }
        }
        let faults = [resolving.faults, among.faults].concat();
        if faults.is_empty() { Ok(Self { params, thresholds, classes, targets, independent }) } else { Err(error(&faults)) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Never: there is always one at least.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Whether any number of them can be true at once.
    pub fn are_independent(&self) -> bool {
        self.independent
    }

    /// The name of a class.
    pub fn name(&self, class: usize) -> &Arc<str> {
        &self.classes[class].0
    }

    /// The index of a class in the model; `None` for a group.
    pub fn index(&self, class: usize) -> Option<usize> {
        self.classes[class].1
    }

    /// Whether each class of the model counts; `None` if all do.
    pub fn mask(&self) -> Option<Vec<bool>> {
        let all = self.targets.iter().all(Option::is_some);
        (!all).then(|| self.targets.iter().map(Option::is_some).collect())
    }

    /// The probabilities of these classes from `probabilities`, those of the model's. In a group they add up; if each class has a
    /// probability of its own, the greatest counts.
    pub fn gather(&self, probabilities: &[f32], own: &mut Vec<f32>) {
        own.clear();
        if probabilities.len() != self.targets.len() {
            // of another model: the state ignores it
            return;
        }
        own.resize(self.classes.len(), 0.0);
        for (value, target) in probabilities.iter().zip(&self.targets) {
            if let Some(target) = *target {
                own[target] = if self.independent { own[target].max(*value) } else { own[target] + value };
            }
        }
    }
}

/// Finds classes by patterns, and notes what is wrong.
struct Resolving<'a> {
    names: &'a [&'a str],
    faults: Vec<String>,
}

impl Resolving<'_> {
    /// The classes of one pattern of `key`.
    fn one(&mut self, key: &str, pattern: &str) -> Vec<usize> {
        let found: Vec<_> = (0..self.names.len()).filter(|class| matches(pattern, self.names[*class])).collect();
        if found.is_empty() {
            let near = || misspelt(pattern, self.names.iter().map(|name| (*name).to_owned()));
            let near = near().or_else(|| nearest(pattern, self.names).map(str::to_owned)).filter(|_| !pattern.contains('*'));
            let near = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
            self.faults.push(format!("{key}: no class is called '{pattern}'{near}"));
        }
        found
    }

    /// Whether each class is of any of the `patterns` of `key`.
    fn any(&mut self, key: &str, patterns: &[String]) -> Vec<bool> {
        let mut of_any = vec![false; self.names.len()];
        for pattern in patterns {
            self.one(key, pattern).into_iter().for_each(|class| of_any[class] = true);
        }
        of_any
    }

    /// Sets the target of each class of a group that `counts`.
    fn group(&mut self, name: &str, patterns: &[String], counts: &[bool], targets: &mut [Option<usize>], target: usize) {
        let key = format!("groups.{name}");
        let before = self.faults.len();
        let members = self.any(&key, patterns);
        let mut any = false;
        for class in (0..members.len()).filter(|class| members[*class] && counts[*class]) {
            any = true;
            if targets[class].is_some_and(|other| other != target) {
                self.faults.push(format!("{key}: '{}' is in another group too", self.names[class]));
            }
            targets[class] = Some(target);
        }
        if !any && self.faults.len() == before {
            self.faults.push(format!("{key}: none of its classes counts"));
        }
    }
}

fn error(faults: &[String]) -> Error {
    let hint = "In [model.classes] classes have the names of the model's labels, upper or lower case; * stands for any text.";
    let error = match faults {
        [one] => Error::config("the classes are not right").because(one.as_str()),
        many => Error::config("the classes are not right").because(format!("{} errors\n  {}", many.len(), many.join("\n  "))),
    };
    error.hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels::parse(b"tabby\ntiger cat\nhot dog\npug\nminivan\n", "test").unwrap()
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn classes(rules: &Rules, independent: bool) -> StateClasses {
        StateClasses::by_rules(&labels(), independent, Params::default(), rules).unwrap()
    }

    fn told(classes: &StateClasses) -> Vec<(&str, Option<usize>)> {
        (0..classes.len()).map(|class| (&**classes.name(class), classes.index(class))).collect()
    }

    #[test]
    fn without_rules_all_classes_count() {
        let all = classes(&Rules::default(), false);
        assert_eq!((all.len(), all.mask(), all.index(4)), (5, None, Some(4)));
        let mut own = Vec::new();
        all.gather(&[0.1, 0.2, 0.3, 0.4, 0.0], &mut own);
        assert_eq!(own, [0.1, 0.2, 0.3, 0.4, 0.0]);
    }

    #[test]
    fn a_group_stands_for_its_classes() {
        let rules = Rules { groups: vec![("cat".into(), strings(&["tabby", "*CAT"]))], ..Rules::default() };
        let one = classes(&rules, false);
        assert_eq!(told(&one), [("cat", None), ("hot dog", Some(2)), ("pug", Some(3)), ("minivan", Some(4))]);
        let mut own = Vec::new();
        one.gather(&[0.25, 0.5, 0.125, 0.0, 0.125], &mut own);
        assert_eq!(own, [0.75, 0.125, 0.0, 0.125], "probabilities add up");
        classes(&rules, true).gather(&[0.25, 0.5, 0.125, 0.0, 0.125], &mut own);
        assert_eq!(own, [0.5, 0.125, 0.0, 0.125], "independent ones do not");
        own.push(1.0);
        one.gather(&[1.0], &mut own);
        assert!(own.is_empty(), "another model's");
    }

    #[test]
    fn classes_that_do_not_count_are_in_no_group() {
        let rules = Rules {
            allow: strings(&["*cat*", "*dog*", "pug"]),
            deny: strings(&["hot dog"]),
            groups: vec![("dog".into(), strings(&["*dog*", "pug"]))],
            thresholds: vec![("dog".into(), 0.75), ("*cat".into(), 0.25)],
        };
        let some = classes(&rules, false);
        assert_eq!(told(&some), [("dog", None), ("tiger cat", Some(1))]);
        assert_eq!(some.mask(), Some(vec![false, true, false, true, false]));
        assert_eq!(some.thresholds.enter, [0.75, 0.25]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_the_nearest_name() {
        let rules = Rules {
            allow: strings(&["taby", "zebra"]),
            deny: strings(&["*fish*"]),
            groups: vec![("a".into(), strings(&["pug"])), ("b".into(), strings(&["p*"]))],
            thresholds: vec![("mini van".into(), 0.5)],
        };
        let error = StateClasses::by_rules(&labels(), false, Params::default(), &rules).unwrap_err().to_string();
        for part in [
            "allow: no class is called 'taby'; did you mean 'tabby'?",
            "allow: no class is called 'zebra'\n",
            "deny: no class is called '*fish*'\n",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let rules = Rules { allow: Vec::new(), deny: Vec::new(), ..rules };
        let error = StateClasses::by_rules(&labels(), false, Params::default(), &rules).unwrap_err().to_string();
        assert!(error.contains("groups.b: 'pug' is in another group too"), "{error}");
        assert!(error.contains("thresholds: no class is called 'mini van'; did you mean 'minivan'?"), "{error}");
        let rules = Rules { deny: strings(&["*"]), ..Rules::default() };
        let error = StateClasses::by_rules(&labels(), false, Params::default(), &rules).unwrap_err().to_string();
        assert!(error.contains("leave no class"), "{error}");
    }
}
