//! Whatever clients do, what they get has its form.

use super::*;
use proptest::prelude::*;

/// What a client does between two turns.
#[derive(Debug, Clone)]
enum Does {
    Comes,
    Says(usize, &'static str),
    Falls(usize),
    ShutsUp(usize),
}

const SAYINGS: [&str; 8] = [
    "{\"subscribe\":{}}\n",
    "{\"subscribe\":{\"cameras\":[\"front\"],\"top\":1}}\n",
    "{\"subscribe\":{\"max_rate\":1000,\"on_change\":true}}\n{\"subscribe\":{\"min_confidence\":1}}\n",
    "{\"subscribe\":",
    "{}}\n",
    "\n",
    "nonsense\n",
    "{\"subscribe\":{\"max_rate\":1e-300}}\n",
];

fn does() -> impl Strategy<Value = Does> {
    let index = 0..6_usize;
    prop_oneof![
        3 => Just(Does::Comes),
        6 => (index.clone(), proptest::sample::select(&SAYINGS[..])).prop_map(|(index, text)| Does::Says(index, text)),
        1 => index.clone().prop_map(Does::Falls),
        1 => index.prop_map(Does::ShutsUp),
    ]
}

/// Every conversation has this form: `hello`, then `subscribed`, then anything but more than one `error`, which is the last line.
fn check(lines: &[String]) -> Result<(), TestCaseError> {
    let news = lines.iter().position(|line| line.contains(' ') || line == "status").unwrap_or(lines.len());
    prop_assert_eq!(lines.first().map(String::as_str), Some("hello"));
    prop_assert!(news == lines.len() || lines[..news].iter().any(|line| line == "subscribed"), "{:?}", lines);
    let last = lines.iter().position(|line| line == "error" || line == "over").unwrap_or(lines.len());
    prop_assert!(lines[last..].len() <= 2 && lines[last..].iter().all(|line| line == "error" || line == "over"), "{:?}", lines);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clients_do_a_conversation_has_its_form_and_a_polite_one_is_served(acts in proptest::collection::vec(does(), 1..40)) {
        let mut bench = Bench::new();
        let mut polite = bench.connect();
        say(&mut polite, SAYINGS[0]);
        let mut clients: Vec<(Client, Vec<String>)> = Vec::new();
        for (n, act) in acts.iter().enumerate() {
            match act {
                Does::Comes if clients.len() < 7 => clients.push((bench.connect(), Vec::new())),
                Does::Comes => {}
                Does::Falls(index) => drop((*index < clients.len()).then(|| clients.remove(*index))),
                // whoever was cut off cannot say anything any more
                Does::Says(index, text) => drop(clients.get_mut(*index).map(|(client, _)| client.write_all(text.as_bytes()))),
                Does::ShutsUp(index) => drop(clients.get_mut(*index).map(|(client, _)| client.shutdown(Shutdown::Write))),
            }
            bench.result(if n % 2 == 0 { "front" } else { "back" }, n as u64 / 2, n % 3, 0.75);
            bench.turn(n as u64 * 50);
            for (client, lines) in &mut clients {
                let more = messages(client);
                if lines.last().is_none_or(|line| line != "over") {
                    lines.extend(more.iter().map(short));
                }
            }
        }
        for (_, lines) in &clients {
            check(lines)?;
        }
        let served: Vec<_> = (0..acts.len()).map(|n| format!("{} {}", if n % 2 == 0 { "front" } else { "back" }, n / 2)).collect();
        prop_assert_eq!(heard(&mut polite).split_off(2), served);
    }
}
