//! Classifiers that other people published, against their authors' own preprocessing in Python: `tests/classifiers`.

use crate::common;
use std::process::Command;

#[test]
fn published_classifiers_answer_as_their_authors_say_or_name_the_flag() {
    let Some(testdata) = common::testdata() else { return };
    let models = common::project().join(".runtime/classifiers");
    assert!(models.is_dir(), "the published classifiers are missing: run `make setup-classifiers` first");
    let mut script = Command::new("python3");
    script.env("PYTHONPATH", common::python()).arg(common::project().join("tests/classifiers/compare.py"));
    script.args(["--glimpsed", env!("CARGO_BIN_EXE_glimpsed")]).arg("--photos").arg(testdata.join("png"));
    let output = script.output().unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    eprintln!("{table}");
    assert!(output.status.success(), "{}", common::stderr(&output));
    let rows: Vec<Vec<&str>> = table.lines().skip(2).map(|line| line.split(" | ").collect()).collect();
    assert_eq!(rows.len(), 8, "classifiers");
    let docs = std::fs::read_to_string(common::project().join("docs/models.md")).unwrap();
    for row in rows {
        assert!(row[5] == "24/24", "{row:?}");
        // the figures depend a little on the machine, the rest does not
        let documented = docs.lines().filter(|line| line.starts_with(row[0])).any(|line| {
            let told: Vec<_> = line.split(" | ").collect();
            let outcome = |cell: &str| cell.split(';').next().map(str::to_owned);
            told[1..3] == row[1..3] && outcome(told[3]) == outcome(row[3]) && told[4] == row[4]
        });
        assert!(documented, "docs/models.md has another row than {row:?}");
    }
}
