//! The text of a labels file.

use crate::error::{Error, Result};

/// The text of a labels file, without a byte order mark.
pub fn decode<'a>(bytes: &'a [u8], origin: &str) -> Result<&'a str> {
    let line_of = |at: usize| 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::config(format!("the labels '{origin}' are UTF-16, not UTF-8"))
            .hint("Convert them: iconv -f utf-16 -t utf-8 labels.txt > labels-utf8.txt"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        Error::config(format!("the labels '{origin}' are not UTF-8 (line {})", line_of(e.valid_up_to())))
            .hint("Convert them: iconv -f latin1 -t utf-8 labels.txt > labels-utf8.txt")
    })?;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Error::config(format!("the labels '{origin}' are not text: line {} has a byte 0", line_of(at)))
            .hint("A text file with one label a line is wanted."));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The WordNet id and `tench` from `n01440764 tench, Tinca tinca`; `None` for a line in another format.
pub fn synset(line: &str) -> Option<(u32, &str)> {
    let (id, names) = line.split_once(' ')?;
    let digits = id.strip_prefix('n').filter(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    let name = names.split(',').next().unwrap_or(names).trim();
    (!name.is_empty()).then_some((digits.parse().ok()?, name))
}
