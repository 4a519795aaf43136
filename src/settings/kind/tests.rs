//! How values of settings are read.

use super::*;

#[test]
fn triples() {
    let mean = Kind::Three(-10_000.0, 10_000.0, ["0.485", "0.456", "0.406"]);
    let std = Kind::Three(1e-6, 10_000.0, ["0.229", "0.224", "0.225"]);
    assert_eq!(mean.of_text("0.5, 0.25,-1"), Ok(Value::Three([0.5, 0.25, -1.0])));
    for wrong in ["1,2", "1,2,x", "1,2,3,4", "1,2,3,x", "1,2,inf", "NaN,1,2", "1e30,1,2"] {
        assert!(mean.of_text(wrong).is_err() && std.of_text(wrong).is_err(), "{wrong}");
    }
    assert_eq!(std.of_text("1,0,1").unwrap_err(), "expected three numbers from 0.000001 to 10000, as in 0.229,0.224,0.225");
    assert!(std.of_text("1,1e-30,1").is_err());
}

#[test]
fn numbers() {
    let kind = Kind::Number(0.001, 1000.0, "5");
    assert_eq!((kind.of_text("5"), kind.of_text(" 0.5 ")), (Ok(Value::Number(5.0)), Ok(Value::Number(0.5))));
    for wrong in ["0", "-1", "1000.1", "NaN", "inf", "x", ""] {
        assert_eq!(kind.of_text(wrong).unwrap_err(), "expected a number from 0.001 to 1000, as in 5", "{wrong}");
    }
}

#[test]
fn sizes() {
    let kind = Kind::Size(|| 1..=16384);
    assert_eq!(kind.of_text("320x240"), Ok(Value::Size((320, 240))));
    for wrong in ["320", "x", "320x", "0x1", "+1x1", "1x16385", "1x1x1", "320X240", "320 x 240"] {
        assert_eq!(kind.of_text(wrong).unwrap_err(), "expected WIDTHxHEIGHT, each from 1 to 16384, as in 224x224", "{wrong}");
    }
}

#[test]
fn a_number_may_be_one_of_the_choices() {
    let kind = Kind::Choice(&["auto", "0", "90"]);
    assert_eq!(kind.of_text("90"), Ok(Value::Text("90".into())));
    assert!(kind.of_text("-90").is_err() && kind.of_text("45").is_err());
    assert_eq!(kind.wanted(&DeValue::Boolean(true)), "one of \"auto\", 0, 90");
}
