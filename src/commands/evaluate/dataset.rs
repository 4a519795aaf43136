//! Pictures whose classes are known: one folder for each class, or a list.

use super::classes::Classes;
use super::{folder, list};
use crate::error::{Error, Result};
use crate::labels::Labels;
use std::path::{Path, PathBuf};

/// The most names of unknown classes that an error lists.
const LISTED: usize = 10;

/// What is expected, for errors.
const LAYOUT: &str = "One folder for each class is expected, named as the label or its number: FOLDER/cat/1.jpg, FOLDER/dog/2.jpg;\n\
                      or a CSV or JSON-lines file of path and label: cat/1.jpg,cat or {\"path\": \"cat/1.jpg\", \"label\": \"cat\"}.";

/// A picture, and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The file.
    pub path: PathBuf,
    /// The index of its class.
    pub class: usize,
}

/// The pictures of the folder or list at `path`. Classes take turns, so that a part of the pictures is a fair sample.
pub fn read(path: &Path, labels: &Labels) -> Result<Vec<Labelled>> {
    let cannot = |e: std::io::Error| Error::failed(format!("cannot read '{}'", path.display())).because(e).hint(LAYOUT);
    let is_folder = std::fs::metadata(path).map_err(cannot)?.is_dir();
    let named = if is_folder { folder::read(path).map_err(cannot)? } else { list::read(path)? };
    let classes = Classes::new(labels);
    let (mut pictures, mut unknown) = (Vec::new(), Vec::new());
    for group in named {
        match classes.find(&group.word) {
            Ok(class) => pictures.extend(group.files.into_iter().map(|path| Labelled { path, class })),
            Err(why) => unknown.push(why),
        }
    }
    if !unknown.is_empty() {
        return Err(no_class(path, if is_folder { "folder" } else { "label" }, unknown, labels));
    }
    if pictures.is_empty() {
        return Err(Error::failed(format!("there is no picture in '{}'", path.display())).hint(LAYOUT));
    }
    Ok(in_turn(pictures, labels.len()))
}

/// The error for words of `path` that name no class, with why not.
fn no_class(path: &Path, word: &str, mut why: Vec<String>, labels: &Labels) -> Error {
    let hint = if labels.origin().is_none() { "The model comes without labels: --labels FILE names them." } else { LAYOUT };
    let (shown, count) = (path.display(), why.len());
    if count == 1 {
        return Error::failed(format!("a {word} of '{shown}' names no class")).because(why.remove(0)).hint(hint);
    }
    why.truncate(LISTED);
    if count > LISTED {
        why.push(format!("and {} more", count - LISTED));
    }
    Error::failed(format!("{count} {word}s of '{shown}' name no class")).hint(format!("{}\n{hint}", why.join("\n")))
}

/// The first picture of each class, then the second of each, and so on.
fn in_turn(pictures: Vec<Labelled>, classes: usize) -> Vec<Labelled> {
    let mut counts = vec![0_usize; classes];
    let mut numbered: Vec<_> = pictures
        .into_iter()
        .map(|picture| {
            let count = &mut counts[picture.class];
            *count += 1;
            (*count, picture)
        })
        .collect();
    numbered.sort_by_key(|(number, picture)| (*number, picture.class));
    numbered.into_iter().map(|(_, picture)| picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn labels() -> Labels {
        Labels::parse(b"cat\ndog\nbarn owl\n", "test").unwrap()
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        root
    }

    fn told(files: &[&str]) -> String {
        read(tree(files).path(), &labels()).unwrap_err().to_string()
    }

    #[test]
    fn folders_are_classes_and_take_turns() {
        let root = tree(&["cat/1.jpg", "cat/2.jpg", "cat/more/3.jpg", "Barn_Owl/1.jpg", "1/1.jpg", "cat/.hidden", ".git/x"]);
        let pictures = read(root.path(), &labels()).unwrap();
        let names =
            pictures.iter().map(|picture| (picture.path.strip_prefix(root.path()).unwrap().to_str().unwrap(), picture.class));
        let wanted = [("cat/1.jpg", 0), ("1/1.jpg", 1), ("Barn_Owl/1.jpg", 2), ("cat/2.jpg", 0), ("cat/more/3.jpg", 0)];
        assert_eq!(names.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn unknown_folders_come_at_once_with_the_nearest_label() {
        let text = told(&["cat/1.jpg", "dgo/1.jpg", "bran_owl/1.jpg"]);
        assert!(text.contains("2 folders of") && text.contains("'dgo'") && text.contains("did you mean 'dog'?"), "{text}");
        assert!(text.contains("did you mean 'barn owl'?"), "{text}");
        let numbered = read(tree(&["cat/1.jpg"]).path(), &Labels::numbered(3)).unwrap_err().to_string();
        assert!(numbered.contains("a folder of") && numbered.contains("--labels FILE"), "{numbered}");
        let many: Vec<String> = (0..30).map(|n| format!("unknown{n}/1.jpg")).collect();
        let text = told(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.contains("30 folders of") && text.contains("and 20 more"), "{text}");
    }

    #[test]
    fn a_folder_without_pictures_says_what_is_expected() {
        for files in [&[][..], &["1.jpg", "2.jpg"], &["cat/.hidden"]] {
            let text = told(files);
            assert!(text.contains("there is no picture in") && text.contains("FOLDER/cat/1.jpg"), "{files:?}: {text}");
        }
        let text = read(Path::new("/nowhere"), &labels()).unwrap_err().to_string();
        assert!(text.contains("cannot read '/nowhere'") && text.contains("FOLDER/cat/1.jpg"), "{text}");
    }

    #[test]
    fn the_classes_of_a_list_are_found_in_the_same_way() {
        let root = tree(&["a.jpg"]);
        fs::write(root.path().join("list.csv"), "a.jpg,DOG\nb.jpg,2\na.jpg,dog\n").unwrap();
        let pictures = read(&root.path().join("list.csv"), &labels()).unwrap();
        assert_eq!(pictures.iter().map(|picture| picture.class).collect::<Vec<_>>(), [1, 2, 1]);
        fs::write(root.path().join("list.csv"), "a.jpg,cta\na.jpg,cta\n").unwrap();
        let text = read(&root.path().join("list.csv"), &labels()).unwrap_err().to_string();
        assert!(text.contains("a label of") && text.contains("did you mean 'cat'?"), "{text}");
    }
}
