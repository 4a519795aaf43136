use super::*;
use crate::bridge::mqtt::settings::Version;
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

/// The bytes are those of the examples in the standard (OASIS, MQTT 3.1.1, sections 3.1 to 3.14).
#[test]
fn packets_are_written_as_the_standard_says() {
    let request = |version, user, password| {
        let (client, will_topic, will) = ("c", "t", b"off".as_slice());
        written(|out| connect(out, &Connect { version, client, user, password, keep_alive: 10, will_topic, will }))
    };
    assert_eq!(request(Version::V3, None, None), b"\x10\x15\0\x04MQTT\x04\x2e\0\x0a\0\x01c\0\x01t\0\x03off");
    assert_eq!(
        request(Version::V5, Some("u"), Some(b"p")),
        b"\x10\x1d\0\x04MQTT\x05\xee\0\x0a\0\0\x01c\0\0\x01t\0\x03off\0\x01u\0\x01p"
    );
    let message = |retain, id| Publish { topic: "a/b", payload: b"x", retain, id };
    assert_eq!(written(|out| publish(out, Version::V3, &message(false, None))), b"\x30\x06\0\x03a/bx");
    assert_eq!(written(|out| publish(out, Version::V5, &message(true, Some(10)))), b"\x33\x09\0\x03a/b\0\x0a\0x");
    assert_eq!(written(|out| subscribe(out, Version::V3, 10, "a")), b"\x82\x06\0\x0a\0\x01a\0");
    assert_eq!([written(ping), written(disconnect)], [b"\xc0\0", b"\xe0\0"]);
    // a length of two bytes
    let long = written(|out| publish(out, Version::V3, &Publish { topic: "a", payload: &[b'x'; 300], retain: false, id: None }));
    assert_eq!((&long[..6], long.len()), (&b"\x30\xaf\x02\0\x01a"[..], 306));
}

#[test]
fn packets_are_read_across_parts() {
    let accepted = Accepted { in_flight: u16::MAX, acknowledges: true, keep_alive: None, longest: u32::MAX };
    for (bytes, version, packet) in [
        (&b"\x20\x02\0\0"[..], Version::V3, Packet::Connected(Ok(accepted))),
        (b"\x20\x02\0\x05", Version::V3, Packet::Connected(Err(5))),
        (b"\x20\x06\0\0\x03\x21\0\x14", Version::V5, Packet::Connected(Ok(Accepted { in_flight: 20, ..accepted }))),
        (
            b"\x20\x0f\0\0\x0c\x24\0\x13\0\x1e\x12\0\x01c\x22\0\x0a",
            Version::V5,
            Packet::Connected(Ok(Accepted { acknowledges: false, keep_alive: Some(30), ..accepted })),
        ),
        (b"\x20\x06\0\0\x03\x13\0\0", Version::V5, Packet::Connected(Ok(accepted))),
        (b"\x20\x02\0\x87", Version::V5, Packet::Connected(Err(0x87))),
        (b"\x40\x02\0\x07", Version::V3, Packet::Acknowledged(7, Ok(()))),
        (b"\x40\x03\0\x07\x87", Version::V5, Packet::Acknowledged(7, Err(0x87))),
        (b"\x90\x03\0\x01\x80", Version::V3, Packet::Subscribed(false)),
        (b"\x90\x04\0\x01\0\0", Version::V5, Packet::Subscribed(true)),
        (b"\xd0\0", Version::V3, Packet::Alive),
        (b"\xe0\x01\x8e", Version::V5, Packet::Disconnected(0x8e)),
        (b"\x31\x06\0\x01tabc", Version::V3, Packet::Message { topic: "t".into(), payload: b"abc".to_vec() }),
        (b"\x30\x05\0\x01t\0x", Version::V5, Packet::Message { topic: "t".into(), payload: b"x".to_vec() }),
    ] {
        let mut part = Vec::new();
        for byte in &bytes[..bytes.len() - 1] {
            part.push(*byte);
            assert_eq!(read(&part, version), Ok(None), "{bytes:?}");
        }
        part.extend([bytes[bytes.len() - 1], 0xd0]);
        assert_eq!(read(&part, version), Ok(Some((packet, bytes.len()))), "the next packet is left: {bytes:?}");
    }
}

#[test]
fn what_is_no_packet_is_an_error() {
    let acknowledged = b"\x32\x06\0\x01t\0\x02x";
    for bytes in [&b"\x20\xff\xff\xff\xff\x01"[..], b"\x30\x80\x80\x40", b"\x20\x01\0", b"\x30\x02\0\x05", b"\x10\0", acknowledged]
    {
        assert!(read(bytes, Version::V3).is_err(), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..64), five in any::<bool>()) {
        let version = if five { Version::V5 } else { Version::V3 };
        let mut rest = &bytes[..];
        while let Ok(Some((_, length))) = read(rest, version) {
            rest = &rest[length..];
        }
    }
}
