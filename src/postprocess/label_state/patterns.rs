//! Names of classes as users write them: `tabby`, `*dog*`.

/// Whether `name` is of the `pattern`, in which `*` stands for any text. Upper and lower case are the same.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<_> = parts.collect();
    // without a star, all of it was the first part
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, is_of) in [
            ("tabby", "tabby", true),
            ("Tabby", "tabbY", true),
            ("tabby", "tabby cat", false),
            ("", "", true),
            ("*", "anything", true),
            ("*dog*", "hot dog", true),
            ("*dog*", "dogsled", true),
            ("*dog", "dogsled", false),
            ("dog*", "hot dog", false),
            ("t*r c*t", "tiger cat", true),
            ("t*r c*t", "tiger cats", false),
            ("ab*b", "ab", false),
            ("a*a*a", "aa", false),
            ("*Ä*", "bär", true),
        ] {
            assert_eq!(matches(pattern, name), is_of, "{pattern} {name}");
        }
    }
}
