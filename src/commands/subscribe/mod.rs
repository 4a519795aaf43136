//! `glimpsed subscribe`: what a running daemon sees, in the terminal or as lines; over its restarts.

mod cameras;
mod client;
mod reader;
mod view;

pub use client::run;
