//! The tests of glimpsed: one binary, a module each. Those that need their own process, for an allocator of their own, are beside
//! this folder.

mod bad_input;
mod bench;
mod camera;
mod commands;
mod common;
mod config;
mod context_cache;
mod daemon;
mod dependencies;
mod doctor;
mod films;
mod frames;
mod fuzz;
mod http_camera;
mod integration;
mod layers;
mod linear;
mod live;
mod models;
mod npu;
mod npu_tools;
mod overlay;
mod pillow;
mod pipelines;
mod readme;
mod recovery;
mod reload;
mod service;
mod socket;
mod socket_file;
mod squeezenet;
mod stdout;
mod subscribe;
mod worker;
mod yuv;
