//! What the README and docs/ tell a user to type is what the program takes.

mod common;

use clap::Parser;
use glimpsed::cli::Cli;

fn readme() -> String {
    let read = |file: &str| std::fs::read_to_string(common::project().join(file)).unwrap();
    read("README.md") + &read("docs/npu.md") + &read("docs/speed.md")
}

/// The lines of the README's shell examples, comments cut off.
fn commands() -> Vec<String> {
    let text = readme();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let consoles = text.split("```console\n$ ").skip(1).map(|rest| rest.lines().next().unwrap().to_owned());
    let lines: Vec<String> =
        blocks.chain(consoles).flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().map(|line| line.split(" # ").next().unwrap().split(" | ").next().unwrap().trim().to_owned()).collect()
}

/// The words of a shell command; double quotes keep spaces together.
fn words(command: &str) -> Vec<String> {
    let mut quoted = false;
    let split = |c: char| {
        quoted ^= c == '"';
        c == ' ' && !quoted
    };
    command.split(split).filter(|word| !word.is_empty()).map(|word| word.replace('"', "")).collect()
}

#[test]
fn every_glimpsed_command_is_understood() {
    let commands: Vec<_> = commands().into_iter().filter(|line| line.starts_with("glimpsed ")).collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        if let Err(e) = Cli::try_parse_from(words(&command)) {
            panic!("{command}: {e}");
        }
    }
}

#[test]
fn every_make_target_and_every_file_exists() {
    let makefile = std::fs::read_to_string(common::project().join("Makefile")).unwrap();
    for command in commands().iter().filter(|line| line.starts_with("make ")) {
        let target = command.split_whitespace().nth(1).unwrap();
        assert!(makefile.contains(&format!("\n{target}:")), "no target {target}");
    }
    let text = readme();
    for file in common::files_of(&common::project().join("pipelines")) {
        let name = format!("pipelines/{}", file.file_name().unwrap().to_str().unwrap());
        assert!(text.contains(&name), "the README does not tell of {name}");
    }
    for path in ["models/squeezenet1_1/fetch", "models/testcard/build", "schema/message.schema.json"] {
        assert!(text.contains(path) && common::project().join(path).is_file(), "{path}");
    }
}

#[test]
fn the_first_line_of_the_sample_is_a_message() {
    let text = readme();
    let sample = text.lines().find(|line| line.starts_with(r#"{"type":"classification""#)).unwrap();
    let schema = std::fs::read_to_string(common::project().join("schema/message.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    assert!(schema.is_valid(&serde_json::from_str(sample).unwrap()));
}
