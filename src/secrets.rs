//! Masks passwords in all output: the log, errors, messages to subscribers, systemd's status and the commands' reports.
//!
//! Masked are:
//! - the password of a URL: `rtsp://user:***@host/`. It extends to the last `@` of the word, because cameras' passwords are often
//!   written without percent-encoding; so `http://host:80/a@b` is shown as `http://host:***@b`, which hides too much but nothing secret;
//! - the same without `://`, in case of a typing error;
//! - the value of a name that means a secret, as in GStreamer properties and URL queries: `user-pw=***`, `?token=***`;
//! - the rest of an HTTP header line with credentials: `Authorization: ***`.

use std::borrow::Cow;
use std::ops::Range;

/// Replaces a secret.
const HIDDEN: &str = "***";

/// Names of secrets, in upper or lower case. A prefix may precede them: `proxy-pw`, `access_token`, `pubPasswd`.
const NAMES: [&str; 10] =
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "credentials", "authorization", "cookie", "cookies"];

/// Short names of secrets, which match alone or as the last part of a name: `user-pw`, `api_key`.
const PARTS: [&str; 3] = ["pw", "pwd", "psk"];

/// Names that mean a secret only in the query of a URL: elsewhere they mean other things (`x264enc pass=...`).
const IN_A_QUERY: [&str; 10] = ["pass", "pas", "loginpas", "loginpass", "key", "auth", "sig", "signature", "session", "sid"];

/// `text` with its secrets masked.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut hidden = urls(text);
    hidden.extend(settings(text));
    hidden.extend(headers(text));
    hidden.extend(refused_properties(text));
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.sort_by_key(|range| range.start);
    let (mut safe, mut from) = (String::with_capacity(text.len()), 0);
    for range in hidden {
        if range.start >= from {
            safe.push_str(&text[from..range.start]);
            safe.push_str(HIDDEN);
        }
        from = from.max(range.end);
    }
    safe.push_str(&text[from..]);
    Cow::Owned(safe)
}

/// The passwords of URLs: from the first colon to the last `@` of the word, without the scheme. A URL that was mistyped (`http:/me:pw@host`,
/// `me:pw@host`) still holds a password.
fn urls(text: &str) -> Vec<Range<usize>> {
    // not at an apostrophe, which a password may contain
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>');
    let (mut found, mut from) = (Vec::new(), 0);
    for word in text.split_inclusive(ends) {
        let start = from;
        from += word.len();
        let mut authorities: Vec<_> = word.match_indices("://").map(|(at, mark)| at + mark.len()).collect();
        if authorities.is_empty() {
            authorities.push(0);
        }
        for authority in authorities {
            let rest = &word[authority..];
            if let (Some(colon), Some(at)) = (rest.find(':'), rest.rfind('@'))
                && colon < at
            {
                found.push(start + authority + colon + 1..start + authority + at);
            }
        }
    }
    found
}

/// The values of `name=value` pairs whose name means a secret.
fn settings(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (equals, _) in text.match_indices('=') {
        let named = text[..equals].trim_end_matches([' ', '\t']);
        let name = named.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).next().unwrap_or_default();
        let query = named[..named.len() - name.len()].ends_with(['?', '&', ';']);
        let name = name.to_ascii_lowercase();
        if is_secret(&name, query) {
            let mut value = value(&text[equals + 1..], query);
            if name.ends_with("authorization") && !query {
                // its value has two words, `Basic ...`; it ends at a quote, because the whole may be quoted
                let rest = &text[equals + 1 + value.start..];
                if !rest.starts_with(['"', '\'']) {
                    value.end = value.start + rest.find(['"', '\'', '\n', '\r']).unwrap_or(rest.len());
                }
            }
            found.push(equals + 1 + value.start..equals + 1 + value.end);
        }
    }
    found
}

fn is_secret(name: &str, query: bool) -> bool {
    let last = name.rsplit(['-', '_']).next().unwrap_or_default();
    NAMES.iter().any(|known| name.ends_with(known))
        || PARTS.contains(&last)
        || (last == "key" && name.len() > last.len())
        || (query && IN_A_QUERY.contains(&name))
}

/// The range of the value in `text`, which begins after the equals sign.
fn value(text: &str, query: bool) -> Range<usize> {
    let mut start = text.len() - text.trim_start_matches([' ', '\t']).len();
    // in GStreamer's notation: password=(string)x
    if text[start..].starts_with("(string)") {
        start += "(string)".len();
    }
    let rest = &text[start..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(usize::from(quote.is_some())) {
        let ends = match quote {
            Some(quote) => c == quote,
            None if query => c.is_whitespace() || matches!(c, '&' | '#' | '"' | '\''),
            None => c.is_whitespace(),
        };
        if ends && !escaped {
            // including the quotes
            return start..start + at + if quote.is_some() { 1 } else { 0 };
        }
        escaped = c == '\\' && !escaped;
    }
    start..text.len()
}

/// The values in GStreamer's message about a property that cannot be set: `property "cookies" in element "x" to "..."`.
fn refused_properties(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, mark) in text.match_indices("property \"") {
        let rest = &text[at + mark.len()..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let Some(name) = line.find('"').map(|end| line[..end].to_ascii_lowercase()) else { continue };
        if let (true, Some(to)) = (is_secret(&name, false), line.find(" to \"")) {
            let start = to + " to \"".len();
            let end = line.rfind('"').filter(|end| *end >= start).unwrap_or(line.len());
            found.push(at + mark.len() + start..at + mark.len() + end);
        }
    }
    found
}

/// The text after `Authorization:` and similar headers, to the end of the line.
fn headers(text: &str) -> Vec<Range<usize>> {
    // ASCII lowercase keeps the length
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for name in ["authorization:", "cookie:"] {
        for (at, _) in lower.match_indices(name) {
            let start = at + name.len();
            let end = text[start..].find(['\n', '\r']).map_or(text.len(), |end| start + end);
            if end > start {
                let space = text[start..end].len() - text[start..end].trim_start().len();
                found.push(start + space..end);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_password_of_a_url_is_masked_in_every_form() {
        for (text, safe) in [
            ("rtsp://admin:pw@10.0.0.7:554/s", "rtsp://admin:***@10.0.0.7:554/s"),
            ("cannot open 'RTSP://admin:p@ss:w/rd?@cam/s'", "cannot open 'RTSP://admin:***@cam/s'"),
            ("(http://u:p%40@h/a and srt://v:q@h:1)", "(http://u:***@h/a and srt://v:***@h:1)"),
            ("cannot reach 'mqtt://hub:p'w@broker'", "cannot reach 'mqtt://hub:***@broker'"),
            ("rtsp://:pw@cam", "rtsp://:***@cam"),
            ("rtsp://u:@cam", "rtsp://u:***@cam"),
            // mistyped
            ("location=http:/admin:pw@10.0.0.7/s", "location=http:***@10.0.0.7/s"),
            ("(URL: admin:pw@cam:1/s)", "(URL: admin:***@cam:1/s)"),
        ] {
            assert_eq!(redact(text), safe);
            assert_eq!(redact(safe), safe, "masking twice changes nothing");
        }
    }

    #[test]
    fn other_text_is_kept() {
        for text in [
            "rtsp://admin@cam/s",
            "http://10.0.0.7:8080/a/b.mjpg",
            "mail to a@b, 12:30",
            "x264enc key-int-max=300 pass=quant bitrate=500",
            "front: 12 frames, keyboard=1",
            "größe=3",
        ] {
            assert!(matches!(redact(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_secret_setting_is_masked() {
        for (text, safe) in [
            ("rtspsrc user-id=me user-pw=x!y&z ! decodebin", "rtspsrc user-id=me user-pw=*** ! decodebin"),
            (r#"proxy-pw = "a b\"c" ! x"#, "proxy-pw = *** ! x"),
            ("passphrase=(string)abc, mode=1", "passphrase=(string)*** mode=1"),
            ("PASSWORD='it is' x", "PASSWORD=*** x"),
            ("http://h/v?user=a&pwd=b&res=1", "http://h/v?user=a&pwd=***&res=1"),
            ("http://h/v?key=b#x", "http://h/v?key=***#x"),
            ("h/v?access_token=t", "h/v?access_token=***"),
            ("http://u:p@h/?token=t", "http://u:***@h/?token=***"),
            ("> Authorization: Basic dTpw\n> Host: h", "> Authorization: ***\n> Host: h"),
            (r#"extra-headers="h,Authorization=Basic dTpw" ! x"#, r#"extra-headers="h,Authorization=***" ! x"#),
            (r#"property "cookies" in element "s" to "<a=1,b=2>"."#, r#"property "cookies" in element "s" to "***"."#),
            (r#"property "user-pw" in element "s" to "a"b"#, r#"property "user-pw" in element "s" to "***"b"#),
            ("éuser-pw=x", "éuser-pw=***"),
        ] {
            assert_eq!(redact(text), safe);
            assert_eq!(redact(safe), safe, "masking twice changes nothing");
        }
    }

    proptest! {
        #[test]
        fn a_password_never_survives(
            before in "[ a-zé(',=]{0,8}",
            scheme in "[a-zA-Z][a-zA-Z0-9+.-]{0,4}",
            user in "[a-z0-9._%-]{0,6}",
            // only the password has upper-case letters
            password in "[-A-Z0-9@:/?#&=%!,;()'é]{0,6}[A-Z]{3}[-A-Z0-9@:/?#&=%!,;()'é]{0,6}",
            after in "(/[a-z0-9@.]{0,8})?( [a-z://@ ]{0,12})?",
        ) {
            let scheme = scheme.to_lowercase();
            let text = format!("{before}{scheme}://{user}:{password}@host{after}");
            prop_assert!(!redact(&text).contains(|c: char| c.is_ascii_uppercase()), "{} of {text}", redact(&text));
            // a value with an apostrophe would be quoted
            let text = format!("{before} user-pw={} {after}", password.replace('\'', ""));
            prop_assert!(!redact(&text).contains(|c: char| c.is_ascii_uppercase()), "{} of {text}", redact(&text));
        }

        #[test]
        fn any_text_is_taken_and_hiding_twice_is_hiding_once(text in any::<String>()) {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }
    }
}
