//! README.md, CONTRIBUTING.md and docs/ show what the program is today: commands, settings, messages, files and links.

use crate::common;
use clap::{CommandFactory, Parser};
use glimpsed::cli::Cli;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A page and its text.
struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self { path, text }
    }

    /// Code blocks: language and text.
    fn blocks(&self) -> Vec<(&str, &str)> {
        let inside = self.text.split("```").skip(1).step_by(2);
        inside.map(|block| block.split_once('\n').unwrap_or_else(|| panic!("{}: {block}", self.path.display()))).collect()
    }

    /// The text outside of code blocks.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect()
    }

    /// What stands between single backticks.
    fn inline_code(&self) -> Vec<String> {
        self.prose().split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// The links to files and headings of the project.
    fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.filter(|target| !target.starts_with("http")).map(str::to_owned).collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    fn anchors(&self) -> BTreeSet<String> {
        let prose = self.prose();
        let headings = prose.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
        let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        headings.map(|heading| heading.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-")).collect()
    }
}

fn pages() -> Vec<Page> {
    let root = common::project();
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    paths.extend(common::files_of(&root.join("docs")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")));
    assert!(paths.len() >= 10, "{paths:?}");
    paths.into_iter().map(Page::read).collect()
}

/// The lines of a page's shell examples, comments and what follows a pipe cut off; `console` blocks begin with `$ `.
fn commands(page: &Page) -> Vec<String> {
    let shell = page.blocks().into_iter().flat_map(|(language, text)| match language {
        "sh" => text.lines().collect::<Vec<_>>(),
        "console" => text.lines().filter_map(|line| line.strip_prefix("$ ")).collect(),
        _ => Vec::new(),
    });
    let plain = |line: &str| line.split(" # ").next().unwrap().split(" | ").next().unwrap().trim().to_owned();
    let without_sudo = |line: String| line.trim_start_matches("sudo ").trim_start_matches("-u glimpsed ").to_owned();
    shell.map(plain).map(without_sudo).collect()
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
fn the_readme_is_one_page() {
    let lines = Page::read(common::project().join("README.md")).text.lines().count();
    assert!(lines <= 200, "README.md has {lines} lines; what is not needed in the first five minutes belongs into docs/");
}

#[test]
fn every_glimpsed_command_is_understood() {
    let mut seen = 0;
    for page in pages() {
        for command in commands(&page).into_iter().filter(|line| line.starts_with("glimpsed ")) {
            seen += 1;
            if let Err(e) = Cli::try_parse_from(words(&command)) {
                panic!("{}: {command}: {e}", page.path.display());
            }
        }
    }
    assert!(seen >= 20, "only {seen} commands were found");
}

/// `glimpsed NAME ...` and `--flag` in the text name subcommands and flags that exist, and every subcommand has its place there.
#[test]
fn subcommands_and_flags_of_the_text_exist() {
    let grammar = Cli::command();
    let flags_of = |command: &clap::Command| command.get_arguments().filter_map(|a| a.get_long().map(str::to_owned)).collect();
    let mut flags: BTreeSet<String> = flags_of(&grammar);
    flags.extend(grammar.get_subcommands().flat_map(|command| -> BTreeSet<String> { flags_of(command) }));
    flags.extend(["help".to_owned(), "version".to_owned()]);
    let mut named = BTreeSet::new();
    for page in pages() {
        for code in page.inline_code() {
            let place = format!("{}: `{code}`", page.path.display());
            let first = |text: &str| text.split([' ', '=']).next().unwrap().to_owned();
            if let Some(flag) = code.strip_prefix("--").filter(|flag| !flag.starts_with(' ')) {
                assert!(flags.contains(&first(flag)), "{place}: there is no such flag");
            }
            if let Some(command) = code.strip_prefix("glimpsed ").map(first) {
                let placeholder = command.starts_with('-') || command.chars().all(|c| c.is_uppercase());
                assert!(placeholder || grammar.find_subcommand(&command).is_some(), "{place}: there is no such command");
                named.insert(command);
            }
        }
    }
    for command in grammar.get_subcommands().filter(|command| !command.is_hide_set()) {
        assert!(named.contains(command.get_name()), "no page tells of `glimpsed {}`", command.get_name());
    }
}

#[test]
fn every_toml_block_is_a_sound_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glimpsed.toml");
    let mut seen = 0;
    for page in pages() {
        for (_, text) in page.blocks().into_iter().filter(|(language, _)| *language == "toml") {
            seen += 1;
            let model = if text.contains("[model]") { "" } else { "[model]\nfile = \"testcard\"\n" };
            let here = text.replace("/usr/share/glimpsed/pipelines", common::project().join("pipelines").to_str().unwrap());
            std::fs::write(&file, format!("{model}{here}")).unwrap();
            let output = common::run(&["check", "--config", file.to_str().unwrap()]);
            assert!(output.status.success(), "{}:\n{here}{}", page.path.display(), common::stderr(&output));
        }
    }
    assert!(seen >= 3, "only {seen} blocks were found");
}

/// The report on a wrong configuration that docs/configuration.md shows, line by line.
#[test]
fn the_report_of_check_is_the_one_that_is_shown() {
    let page = Page::read(common::project().join("docs/configuration.md"));
    let folder = tempfile::tempdir().unwrap();
    let blocks = page.blocks();
    let report = blocks.iter().position(|(_, text)| text.starts_with("$ glimpsed check --config wrong.toml")).unwrap();
    let (wrong, shown) = (blocks[report - 1].1, blocks[report].1.split_once('\n').unwrap().1);
    std::fs::write(folder.path().join("wrong.toml"), wrong).unwrap();
    let output = common::glimpsed().current_dir(folder.path()).args(["check", "--config", "wrong.toml"]).output().unwrap();
    assert_eq!((output.status.code(), common::stderr(&output).as_str()), (Some(78), shown));
}

#[test]
fn every_message_holds_to_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/message.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let keys = |kind: &str| -> BTreeSet<String> {
        let properties = schema["$defs"][kind]["properties"].as_object().unwrap_or_else(|| panic!("no message is a '{kind}'"));
        properties.keys().cloned().chain(["type".into(), "version".into()]).collect()
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for page in pages() {
        let lines = page.blocks().into_iter().filter(|(language, _)| ["json", "console"].contains(language));
        for line in lines.flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with('{')) {
            let place = format!("{}: {line}", page.path.display());
            let message: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{place}: {e}"));
            // a request has the fields that its answer repeats
            let (kind, fields) = match message.get("subscribe") {
                Some(request) => ("subscribed", request),
                None => (message["type"].as_str().unwrap(), &message),
            };
            if kind != "subscribed" || message.get("type").is_some() {
                let faults: Vec<_> = validator.iter_errors(&message).map(|fault| fault.to_string()).collect();
                assert!(faults.is_empty(), "{place}: {faults:?}");
            }
            for field in fields.as_object().unwrap().keys() {
                assert!(keys(kind).contains(field), "{place}: '{field}' is no field of it");
            }
            *seen.entry(kind.to_owned()).or_default() += 1;
        }
    }
    for kind in ["classification", "hello", "subscribed", "status", "error"] {
        assert!(seen.contains_key(kind), "no page shows a '{kind}'");
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut seen = 0;
    for page in pages() {
        for link in page.links() {
            seen += 1;
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.path.clone() } else { page.path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: ({link}) leads nowhere", page.path.display());
            let found = heading.is_empty() || Page::read(target).anchors().contains(heading);
            assert!(found, "{}: ({link}) names no heading", page.path.display());
        }
    }
    assert!(seen >= 20, "only {seen} links were found");
}

#[test]
fn every_file_and_make_target_exists() {
    let root = common::project();
    let makefile = std::fs::read_to_string(root.join("Makefile")).unwrap();
    for page in pages() {
        let inline = page.inline_code();
        let typed = commands(&page);
        let make = inline.iter().chain(&typed).filter_map(|line| line.strip_prefix("make "));
        for target in make.map(|rest| rest.split_whitespace().next().unwrap()) {
            assert!(makefile.contains(&format!("\n{target}:")), "{}: no target {target}", page.path.display());
        }
        let ours = |code: &&String| {
            let folder = code.split('/').next().unwrap();
            let placeholder = code.contains(['*', ' ', '{', '<', ':'])
                || code.starts_with('.')
                || ["fuzz/artifacts", "target/"].iter().any(|made| code.starts_with(made));
            !placeholder && code.contains('/') && !folder.is_empty() && root.join(folder).is_dir()
        };
        for code in inline.iter().filter(ours) {
            assert!(root.join(code).exists(), "{}: there is no `{code}`", page.path.display());
        }
    }
}

/// Messages that come from elsewhere: ONNX Runtime, QNN, GStreamer, the loader.
const FOREIGN: [&str; 5] =
    ["graph nodes that are assigned", "cannot open shared object file", "qnn_open", "Failed to load skel", "no element"];

/// The tables of messages quote the program: the longest piece without a number, a name or an omission stands in the source.
#[test]
fn every_message_in_a_table_is_one_of_the_program() {
    let mut files = Vec::new();
    sources(&common::project().join("src"), &mut files);
    let source: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let mut seen = 0;
    for page in pages() {
        let tables = page.text.split("| message | what to do |\n").skip(1);
        let rows = tables.flat_map(|table| table.lines().take_while(|line| line.starts_with('|')));
        for message in rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)) {
            let varies = |word: &str| word.contains(|c: char| c.is_ascii_digit() || "'\".".contains(c));
            let words: Vec<_> = message.split(' ').collect();
            let pieces = words.split(|word| varies(word) || *word == "N" || *word == "M");
            let piece = pieces.map(|piece| piece.join(" ")).max_by_key(String::len).unwrap();
            let foreign = FOREIGN.iter().any(|foreign| message.contains(foreign));
            assert!(foreign || source.contains(piece.trim_end_matches(',')), "{}: no message says '{piece}'", page.path.display());
            seen += 1;
        }
    }
    assert!(seen >= 25, "only {seen} messages were found");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    found.extend(common::files_of(folder));
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        sources(&entry, found);
    }
}

#[test]
fn every_shipped_pipeline_is_told_of() {
    let page = Page::read(common::project().join("docs/pipelines.md"));
    for file in common::files_of(&common::project().join("pipelines")) {
        let name = Path::new("pipelines").join(file.file_name().unwrap());
        assert!(page.inline_code().contains(&name.display().to_string()), "docs/pipelines.md does not tell of {}", name.display());
    }
}
