//! The subcommands, one file each.

pub mod bench;
pub mod check;
pub mod classify;
pub mod compare;
pub mod compile;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod evaluate;
mod format;
pub mod inspect;
pub mod line;
pub mod modelinfo;
#[cfg(feature = "mqtt")]
pub mod mqtt;
mod picture;
mod recipes;
pub mod run;
pub mod subscribe;
pub mod try_recipes;
mod view;
