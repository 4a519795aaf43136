//! `glimpsed check`: whether `glimpsed run` would start, as far as that shows without opening a camera or a session.

use crate::cli::Run;
use crate::error::Result;
use crate::printable::line;
use crate::publish::write_text;
use std::fs::File;

/// Says on `out` that all is well; or everything that is not, as an error.
pub fn run(args: &Run, mut out: File) -> Result<()> {
    let settings = super::run::loader(args)()?;
    let (model, labels) = settings.model.read()?;
    let mut text = match args.config_file() {
        Some(path) => format!("'{}' is sound\n", line(&path.display().to_string())),
        None => "these flags are sound\n".to_owned(),
    };
    let names = if labels.origin().is_some() { "named" } else { "numbered" };
    text += &format!("  model   {}: {} classes, {names}\n", line(&model.name), labels.len());
    for camera in &settings.cameras {
        let pipeline = camera.pipeline.split_whitespace().collect::<Vec<_>>().join(" ");
        text += &format!("  camera  {}: {}\n", line(&camera.name), line(&pipeline));
    }
    if let Some(socket) = &settings.socket {
        text += &format!("  socket  {}\n", line(&socket.path.display().to_string()));
    }
    write_text(&mut out, &text)
}
