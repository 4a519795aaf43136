//! The context cache: built once, then loaded; whatever happens to it, a session works, and one log line says what was done.

use crate::common;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs two frames of the demo on the NPU with the cache at `cache`; returns the log lines about the cache.
fn said(output: Output) -> Vec<String> {
    let log = common::stderr(&output);
    assert!(output.status.success(), "{log}");
    let results = common::json_lines(&output);
    assert!(results.len() == 2 && results.iter().all(|result| result["execution_provider"] == "QNN"), "{log}");
    log.lines().filter(|line| line.contains("context cache")).map(str::to_owned).collect()
}

fn demo(cache: &Path, qnn_dir: &Path) -> Command {
    let mut command = common::glimpsed();
    command.args(["-v", "demo", "--json", "--frames", "2", "--provider", "qnn", "--context-cache"]).arg(cache);
    command.arg("--qnn-dir").arg(qnn_dir);
    command
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// Checks that there is one line and that it contains all of `words`.
fn assert_line(lines: &[String], words: &[&str]) {
    let [line] = lines else { panic!("one line: {lines:?}") };
    assert!(words.iter().all(|word| line.contains(word)), "{line}");
}

#[test]
fn built_once_then_loaded_and_rebuilt_when_damaged() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("deep/cache");
    let run = || said(demo(&cache, &qnn_dir).output().unwrap());
    assert_line(&run(), &["context cache: built in ", "bytes in '"]);
    assert_line(&run(), &["context cache: hit, loaded in "]);
    let [entry] = &entries(&cache)[..] else { panic!("one entry") };
    let binary = entries(entry).into_iter().find(|path| path.extension().is_some_and(|kind| kind == "bin")).unwrap();
    let whole = fs::read(&binary).unwrap();

    let damages: [(&str, &dyn Fn()); 4] = [
        ("truncated", &|| fs::write(&binary, &whole[..whole.len() / 2]).unwrap()),
        ("corrupt", &|| fs::write(&binary, whole.iter().map(|byte| byte ^ 0x55).collect::<Vec<_>>()).unwrap()),
        ("half gone", &|| fs::remove_file(&binary).unwrap()),
        ("no sum", &|| fs::remove_file(entry.join("sum")).unwrap()),
    ];
    for (what, damage) in damages {
        damage();
        let lines = run();
        assert!(lines.len() == 2 && lines[0].contains("rebuilt, because") && lines[1].contains("built in"), "{what}: {lines:?}");
        assert_line(&run(), &["hit"]);
    }
    // other options need another graph
    let mut command = demo(&cache, &qnn_dir);
    command.args(["--qnn", "htp_graph_finalization_optimization_mode=1"]);
    assert_line(&said(command.output().unwrap()), &["built in"]);
    assert_eq!(entries(&cache).len(), 2);
}

#[test]
fn a_context_of_another_model_is_rebuilt() {
    let (Some(qnn_dir), Some(testdata)) = (common::qnn_dir(), common::testdata()) else { return };
    let folder = tempfile::tempdir().unwrap();
    said(demo(folder.path(), &qnn_dir).output().unwrap());
    let [ours] = &entries(folder.path())[..] else { panic!("one entry") };
    // complete, with its checksum, but of SqueezeNet: like a copied file, or one written by an older QNN
    let other = tempfile::tempdir().unwrap();
    let mut command = common::glimpsed();
    command.args(["classify", "--json", "--provider", "qnn", "--qnn-dir"]).arg(&qnn_dir).arg("--context-cache").arg(other.path());
    command.arg("--model").arg(testdata.join("models/squeezenet1_1_w8a8.onnx")).arg(testdata.join("png/n01440764_tench.png"));
    assert!(command.output().unwrap().status.success());
    let [theirs] = &entries(other.path())[..] else { panic!("one entry") };
    fs::remove_dir_all(ours).unwrap();
    fs::rename(theirs, ours).unwrap();
    let lines = said(demo(folder.path(), &qnn_dir).output().unwrap());
    assert!(lines.len() == 2 && lines[0].contains("rebuilt, because") && lines[1].contains("built in"), "{lines:?}");
}

#[test]
fn a_session_works_even_if_the_cache_cannot_be_written() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    assert_line(&said(demo(Path::new("/dev/null/cache"), &qnn_dir).output().unwrap()), &["not stored", "/dev/null/cache"]);
    assert!(said(demo(Path::new("off"), &qnn_dir).output().unwrap()).is_empty());

    // a disk that is full after 50 KB
    let folder = tempfile::tempdir().unwrap();
    let full = demo(folder.path(), &qnn_dir);
    let words: Vec<_> = full.get_args().map(|word| word.to_str().unwrap().to_owned()).collect();
    let mut shell = common::glimpsed();
    shell = {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""]).arg(shell.get_program()).args(&words);
        command.env("ORT_DYLIB_PATH", common::onnxruntime());
        command
    };
    assert_line(&said(shell.output().unwrap()), &["not stored"]);
    assert!(entries(folder.path()).is_empty(), "no partial entry is left");
}

#[test]
fn two_processes_at_once_leave_one_complete_entry() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    let folder = tempfile::tempdir().unwrap();
    let both = [(); 2].map(|()| {
        let mut command = demo(folder.path(), &qnn_dir);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    });
    for child in both {
        let lines = said(child.wait_with_output().unwrap());
        assert!(lines.len() == 1 && !lines[0].contains("not stored"), "{lines:?}");
    }
    assert_eq!(entries(folder.path()).len(), 1);
    assert_line(&said(demo(folder.path(), &qnn_dir).output().unwrap()), &["hit"]);
}
