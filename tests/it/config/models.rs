//! Several models: what `[[model]]` says, and which camera has which.

use super::{CAMERA, MODEL, parse, parse_with};
use glimpsed::config::{GROUPS, Settings, streams};
use glimpsed::runtime::Provider;
use glimpsed::settings::Flags;
use std::path::Path;

const TWO: &str = "[[model]]\nname = 'animals'\nfile = 'testcard'\n[[model]]\nname = 'people'\nfile = 'testcard'\n";

/// The keys of the models of each camera.
fn models(settings: &Settings) -> Vec<Vec<String>> {
    let of = |camera| streams(camera, &settings.keys()).iter().map(|stream| stream.model.to_string()).collect();
    settings.cameras.iter().map(of).collect()
}

fn cameras(first: &str, second: &str) -> String {
    let other = CAMERA.replace("front", "back");
    format!("{CAMERA}{first}\n{other}{second}\n")
}

#[test]
fn a_camera_has_the_models_that_it_names_or_all() {
    let settings = parse(&[TWO, &cameras("models = ['people']", "")].concat()).unwrap();
    assert_eq!(models(&settings), [vec!["people"], vec!["animals", "people"]]);
    assert!(settings.unused.is_empty());
    let settings = parse(&[MODEL, CAMERA].concat()).unwrap();
    assert_eq!(models(&settings), [[""]], "an only model needs no name");
}

#[test]
fn a_model_that_no_camera_has_is_left_out_and_told() {
    let settings = parse(&[TWO, &cameras("models = ['people']", "models = ['people']")].concat()).unwrap();
    assert_eq!((settings.keys().len(), &*settings.keys()[0], &*settings.unused[0]), (1, "people", "animals"));
    let missing = TWO.replacen("testcard", "/nowhere.onnx", 1);
    assert!(parse(&[&missing, CAMERA, "models = ['people']"].concat()).is_ok(), "it is not opened");
    assert!(parse(&[&missing, CAMERA].concat()).unwrap_err().to_string().contains("/nowhere.onnx"));
}

#[test]
fn a_model_is_executed_as_execution_says_but_for_what_it_sets_itself() {
    let execution =
        "[execution]\nprovider = 'auto'\n[execution.qnn]\nhtp_performance_mode = 'balanced'\nqnn_context_priority = 'low'\n";
    let own = "[model.execution]\nrun_timeout = '3s'\nqnn = { qnn_context_priority = 'high' }\n";
    let settings = parse(&[TWO, own, execution, CAMERA].concat()).unwrap();
    let [first, second] = [0, 1].map(|n| &settings.models[n].runtime);
    assert_eq!((first.provider, second.provider), (Provider::Auto, Provider::Auto));
    assert_eq!(second.run_timeout.map(|time| time.as_secs()), Some(3));
    assert_ne!(first.run_timeout, second.run_timeout);
    let priority = |runtime: &glimpsed::runtime::Params| runtime.qnn.get("qnn_context_priority").map(str::to_owned);
    assert_eq!((priority(first).as_deref(), priority(second).as_deref()), (Some("low"), Some("high")));
    assert_eq!(second.qnn.get("htp_performance_mode"), Some("balanced"));
}

#[test]
fn a_model_of_flags_replaces_those_of_the_file() {
    let flags = Flags::of(&GROUPS, &[("--model", "testcard"), ("--top", "2")]);
    let text = [TWO, CAMERA, "models = ['people']"].concat();
    let settings = parse_with(&text, Path::new("/"), &flags).unwrap();
    assert_eq!((settings.models.len(), settings.models[0].top, models(&settings)), (1, 2, vec![vec![String::new()]]));
}

#[test]
fn each_error_of_models_is_told_with_its_line() {
    let second = "[[model]]\nfile = 'testcard'\n";
    for (text, wanted) in [
        (format!("{TWO}{CAMERA}models = ['poeple']"), "line 10: there is no model 'poeple'; did you mean 'people'?"),
        (format!("{TWO}{CAMERA}models = ['x']"), "line 10: there is no model 'x'; there are: animals, people"),
        (format!("{TWO}{CAMERA}models = ['people', 'people']"), "line 10: models has 'people' twice"),
        (format!("{TWO}{CAMERA}models = []"), "line 10: camera.models must be a list of names"),
        (format!("{MODEL}{CAMERA}models = ['x']"), "line 6: there is no model 'x': the only model has no name"),
        (format!("{TWO}{second}{CAMERA}"), "line 7: this model has no name; with more than one, each needs its own"),
        (format!("{TWO}{second}name = 'people'\n{CAMERA}"), "line 7: a second model is called 'people'; the first one is in line"),
        (
            format!("[[model]]\nname = 'a:b'\nfile = 'testcard'\n{CAMERA}"),
            "line 2: a model's name is a word or two without a colon",
        ),
        (
            format!("{TWO}[model.execution]\nthreds = 1\n{CAMERA}"),
            "line 8: unknown key 'threds' in [execution]; did you mean 'threads'?",
        ),
        (format!("[[model]]\nname = 'a'\n{CAMERA}"), "line 1: no model is set: file = \"FILE\" in [[model]]"),
        (format!("[[model]]\nfiel = 'a'\n{CAMERA}"), "line 2: unknown key 'fiel' in [[model]]; did you mean 'file'?"),
    ] {
        let told = parse(&text).unwrap_err().to_string();
        assert!(told.contains(wanted), "{text}\n{told}");
    }
}
