//! The command line. Flags of settings are made of the descriptions of [`crate::settings::Key`]s ([`FlagArgs`]); each subcommand takes those
//! that it uses.

mod args;
mod bench;
mod flag_sets;
mod command;
mod daemon;
mod evaluate;
mod flags;
mod help;
#[cfg(feature = "mqtt")]
mod mqtt;
mod source;
mod tools;

#[cfg(test)]
mod tests;

pub use args::{LimitArgs, OutputArgs};
pub use bench::Bench;
pub use command::{Classify, Cli, Command, Demo};
pub use daemon::{Check, CheckedArgs, ConfigArgs, Doctor, Origin, Run};
pub use evaluate::Evaluate;
pub use flags::{FlagArgs, FlagSet, FlagSpec};
#[cfg(feature = "mqtt")]
pub use mqtt::Mqtt;
pub use source::{LaunchArgs, names_source};
pub use tools::{Compare, Compile, Completions, Inspect, Subscribe};
