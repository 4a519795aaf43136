//! One subscriber costs no other its turn, and the end comes in time.

use super::*;

#[test]
fn eleven_requests_in_a_second_are_the_end_of_the_connection() {
    let mut bench = Bench::new();
    let (mut hasty, mut other) = (bench.connect(), bench.connect());
    say(&mut hasty, &"\n".repeat(11));
    say(&mut other, "{\"subscribe\":{}}\n");
    bench.turn(0);
    let told = messages(&mut hasty);
    assert!(told[1]["message"].as_str().unwrap().contains("at most 10 requests per second"), "{told:?}");
    assert_eq!(bench.server.subscribers.len(), 1);
    assert_eq!(heard(&mut other), ["hello", "subscribed"]);
}

#[test]
fn one_turn_reads_a_piece_of_each_and_nothing_is_left_unread() {
    let mut bench = Bench::new();
    let (mut long, mut brief) = (bench.connect(), bench.connect());
    say(&mut long, &format!("{{\"subscribe\":{}{{}}}}\n", " ".repeat(12_000)));
    say(&mut brief, "{\"subscribe\":{}}\n");
    bench.turn(0);
    assert_eq!(heard(&mut brief), ["hello", "subscribed"]);
    assert_eq!(heard(&mut long), ["hello"]);
    // no event comes for bytes that are there already
    (1..4).for_each(|ms| bench.server.turn(bench.start + Duration::from_millis(ms)));
    assert_eq!(heard(&mut long), ["subscribed"]);
}

#[test]
fn a_panic_costs_one_subscriber() {
    let mut bench = Bench::new();
    let (mut unlucky, mut other) = (bench.connect(), bench.connect());
    bench.turn(0);
    bench.server.guarded(FIRST, |_| panic!("a fault in serving it"));
    bench.result("front", 0, 0, 0.75);
    bench.turn(GRACE);
    assert_eq!(heard(&mut unlucky), ["hello", "over"]);
    assert_eq!(heard(&mut other), ["hello", "subscribed", "front 0"]);
}

#[test]
fn a_last_word_that_nobody_reads_does_not_keep_the_connection() {
    let mut bench = Bench::new();
    let mut deaf = bench.connect();
    say(&mut deaf, "{\"subscribe\":{}}\n");
    // until its connection holds no more
    let mut seq = 0;
    while !bench.server.subscribers.values().any(Subscriber::has_more) {
        bench.result("front", seq, 0, 0.75);
        bench.turn(1);
        seq += 1;
    }
    say(&mut deaf, "nonsense\n");
    bench.turn(2);
    bench.turn(501);
    assert_eq!(bench.server.subscribers.len(), 1, "it has its time to read");
    bench.turn(502);
    assert_eq!(bench.server.subscribers.len(), 0);
}

#[test]
fn while_it_ends_nothing_is_read_and_nobody_is_kept_waiting_for_what_is_new() {
    let mut bench = Bench::new();
    bench.result("front", 0, 0, 0.75);
    let (mut new, mut talker) = (bench.connect(), bench.connect());
    bench.turn(0);
    bench.messages.send(Notice::End).unwrap();
    bench.turn(1);
    assert_eq!(heard(&mut new), ["hello", "subscribed", "front 0"], "who made no request gets what there is");
    let _ = heard(&mut talker);
    say(&mut talker, "{\"subscribe\":{}}\n");
    bench.result("front", 1, 0, 0.75);
    bench.turn(2);
    assert!(bench.server.ready.is_empty());
    assert_eq!(heard(&mut talker), [""; 0]);
    assert_eq!(bench.server.end, Some(bench.start + Duration::from_millis(1) + FLUSH_TIME), "nothing makes it later");
}
