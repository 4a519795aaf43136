//! Each direct dependency has its reason in docs/architecture.md, and the table has no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use toml::de::DeTable;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn each_direct_dependency_has_a_row_with_its_reason_and_licence() {
    let manifest = read("Cargo.toml");
    let manifest = DeTable::parse(&manifest).unwrap();
    let known: BTreeSet<_> = ["dependencies", "dev-dependencies"]
        .iter()
        .flat_map(|section| manifest.get_ref()[*section].get_ref().as_table().unwrap().keys())
        .map(|name| name.get_ref().to_string())
        .collect();
    let page = read("docs/architecture.md");
    let chapter = page.split("\n## ").find(|chapter| chapter.starts_with("Dependencies\n")).unwrap();
    // tables about single crates are in later sections
    let tables = chapter.split("\n### ").next().unwrap();
    let mut rows = BTreeSet::new();
    for row in tables.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        rows.extend(cells[0].split(", ").map(|name| name.trim_matches('`').to_owned()));
    }
    assert_eq!(rows, known, "docs/architecture.md (left) and Cargo.toml (right)");
}
