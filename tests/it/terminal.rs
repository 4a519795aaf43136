//! Colours, by the conventions of no-color.org and bixense.com/clicolors.

use crate::common;

/// Standard error and standard output of two commands, which are pipes, with `variables`.
fn written(variables: &[(&str, &str)]) -> [String; 2] {
    let run = |args: &[&str]| {
        let mut command = common::glimpsed();
        for name in ["JOURNAL_STREAM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(name);
        }
        command.args(args).envs(variables.iter().copied()).output().unwrap()
    };
    let report = run(&["doctor", "--model", "testcard"]);
    [common::stderr(&run(&["check", "nowhere.toml"])), String::from_utf8(report.stdout).unwrap()]
}

#[test]
fn pipes_get_colours_only_where_the_user_forces_them() {
    for (variables, coloured) in [
        (&[][..], false),
        (&[("TERM", "xterm-256color")], false),
        (&[("CLICOLOR", "1"), ("TERM", "xterm-256color")], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        for text in written(variables) {
            assert!(!text.is_empty());
            assert_eq!(text.contains('\x1b'), coloured, "{variables:?}: {text}");
        }
    }
}

#[test]
fn results_as_text_hold_no_escape_sequence_whatever_the_user_forces() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.txt");
    let names: String = (0..glimpsed::model::builtin().unwrap().output.classes).map(|n| format!("三毛猫 🐈 {n}\n")).collect();
    std::fs::write(&labels, names).unwrap();
    let source = "videotestsrc num-buffers=2 ! video/x-raw,format=NV12,width=64,height=48 ! appsink name=frames";
    let mut command = common::glimpsed();
    command.args(["run", "--text", "--model", "testcard", "--labels"]).arg(labels).arg("--").args(source.split(' '));
    let output = command.env("CLICOLOR_FORCE", "1").env("TERM", "xterm").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() == 2 && text.contains("三毛猫 🐈") && !text.contains('\x1b'), "{text}");
}
