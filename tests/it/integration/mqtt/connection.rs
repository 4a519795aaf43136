//! The connection to the broker, and what the user is told of one that fails.

use super::{Bridge, daemon, place};
use crate::common;
use crate::common::broker::{Authority, Broker};
use nix::sys::signal::Signal;

#[test]
fn a_broker_that_hangs_is_noticed() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let _socket = daemon(&path);
    let mut bridge = Bridge::start(&path, &broker.url(), &["--keep-alive", "5s"]);
    bridge.logs("connected to mqtt://");
    broker.signal(Signal::SIGSTOP);
    bridge.logs("the broker has sent nothing for 5 s");
    broker.signal(Signal::SIGCONT);
    bridge.logs("connected to mqtt://");
}

#[test]
fn a_wrong_password_is_told_and_a_corrected_one_is_used() {
    let (folder, path) = place();
    let password = folder.path().join("password");
    let users = folder.path().join("users");
    Broker::add_user(&users, "me", "right");
    let broker = Broker::start(&format!("allow_anonymous false\npassword_file {}\n", users.display()));
    let nobody = Bridge::start(&path, &broker.url(), &[]).logs("--username NAME and --password-file FILE");
    assert!(nobody.contains("refuses the connection: not authorized"), "{nobody}");
    std::fs::write(&password, "hunter2\n").unwrap();
    let flags = ["--username", "me", "--password-file", password.to_str().unwrap(), "-vv"];
    let mut bridge = Bridge::start(&path, &broker.url(), &flags);
    let log = bridge.logs("refuses the connection");
    assert!(log.contains("not authorized") || log.contains("wrong user name or password"), "{log}");
    std::fs::write(&password, "right\n").unwrap();
    let log = log + &bridge.logs("connected to mqtt://");
    assert!(!log.contains("hunter2") && !log.contains("right\n"), "{log}");
}

#[test]
fn tls_with_its_own_authority_and_each_mistake_has_its_own_message() {
    let (folder, path) = place();
    let authority = Authority::new(folder.path(), "own");
    let other = Authority::new(folder.path(), "other");
    let (certificate, key) = authority.issue("localhost");
    let (certificate, key, own) = (certificate.display(), key.display(), authority.certificate.display());
    let files = format!("allow_anonymous true\ncafile {own}\ncertfile {certificate}\nkeyfile {key}\n");
    let tls = Broker::start(&files);
    let strict = Broker::start(&format!("{files}require_certificate true\n"));
    let plain = Broker::start("allow_anonymous true\n");
    let url = |scheme: &str, host: &str, broker: &Broker| format!("{scheme}://{host}:{}", broker.port);
    let (own, other_ca) = (authority.certificate.to_str().unwrap(), other.certificate.to_str().unwrap());
    for (url, flags, told) in [
        (url("mqtts", "localhost", &tls), &["--ca", own][..], "connected to mqtts://localhost"),
        (url("mqtts", "localhost", &tls), &["--ca", own, "--protocol", "5"], "connected to mqtts://localhost"),
        (url("mqtts", "localhost", &tls), &["--ca", other_ca], "the broker's certificate is not signed by a CA in"),
        (url("mqtts", "localhost", &tls), &[], "not signed by a CA that this system trusts"),
        (url("mqtts", "127.0.0.1", &tls), &["--ca", own], "the broker's certificate is not for '127.0.0.1'"),
        (url("mqtt", "localhost", &tls), &[], "the address is mqtts://"),
        (url("mqtts", "localhost", &plain), &["--ca", own], "the address is mqtt://"),
        (url("mqtts", "localhost", &strict), &["--ca", own], "--certificate"),
        (url("mqtt", "nowhere.invalid", &plain), &[], "cannot connect to mqtt://nowhere.invalid"),
    ] {
        let mut flags = flags.to_vec();
        // the authorities that this system trusts must exist: another file stands in for them
        let environment = flags.is_empty() && url.starts_with("mqtts");
        let mut bridge = if environment {
            let mut command = common::glimpsed();
            command.arg("mqtt").arg(&path).args(["--broker", &url]).env("SSL_CERT_FILE", other_ca);
            Bridge::of(command)
        } else {
            flags.push("-v");
            Bridge::start(&path, &url, &flags)
        };
        bridge.logs(told);
    }
    let (client, client_key) = authority.issue("rubik");
    let flags = ["--ca", own, "--certificate", client.to_str().unwrap(), "--key", client_key.to_str().unwrap()];
    Bridge::start(&path, &url("mqtts", "localhost", &strict), &flags).logs("connected to mqtts://localhost");
}

#[test]
fn what_is_wrong_with_the_command_line_is_told_and_nothing_is_started() {
    for (args, status, told) in [
        (&["--broker", "hub.local"][..], 2, "did you mean mqtts://hub.local?"),
        (&["--broker", "mqqt://hub"], 2, "did you mean mqtt?"),
        (&["--broker", "mqtt://hub:99999"], 2, "a port is a number from 1 to 65535"),
        (&["--broker", "mqtt://me:hunter2@hub"], 2, "password_file"),
        (&["--borker", "mqtt://hub"], 2, "--broker"),
        (&["--broker", "mqtt://hub", "--ca", "x"], 2, "--ca has no effect without a broker with TLS"),
        (&["--broker", "mqtts://hub", "--ca", "/nowhere"], 78, "cannot read '/nowhere'"),
        (&["--broker", "mqtt://hub", "--username", "me", "--password-file", "/nowhere"], 78, "cannot read '/nowhere'"),
        (&["--config", "/nowhere.toml"], 78, "cannot read the configuration '/nowhere.toml'"),
    ] {
        let output = common::glimpsed().arg("mqtt").args(args).output().unwrap();
        let log = common::stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {log}");
        assert!(log.contains(told) && !log.contains("hunter2") && output.stdout.is_empty(), "{args:?}: {log}");
    }
}
