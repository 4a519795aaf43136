//! The V4L2 cameras of this machine.

use gstreamer::{self as gst, prelude::*};
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum number of formats that are listed for a camera.
const LISTED: usize = 12;

/// A camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// `/dev/videoN`.
    pub path: PathBuf,
    /// Its name according to the driver.
    pub name: String,
    /// A path that stays the same after replugging.
    pub stable: Option<PathBuf>,
}

/// All cameras, by number. (Additional nodes of a camera, for metadata, are left out.)
pub fn list() -> Vec<Device> {
    list_in(Path::new("/sys/class/video4linux"), Path::new("/dev"))
}

fn list_in(class: &Path, dev: &Path) -> Vec<Device> {
    let mut found: Vec<_> = fs::read_dir(class)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let node = entry.file_name().into_string().ok()?;
            let number: u32 = node.strip_prefix("video")?.parse().ok()?;
            let read = |file: &str| fs::read_to_string(entry.path().join(file)).map(|text| text.trim().to_owned());
            let first = read("index").is_ok_and(|index| index == "0");
            first.then(|| {
                (number, Device { path: dev.join(&node), name: read("name").unwrap_or_default(), stable: stable(dev, &node) })
            })
        })
        .collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, device)| device).collect()
}

fn stable(dev: &Path, node: &str) -> Option<PathBuf> {
    let links = fs::read_dir(dev.join("v4l/by-id")).ok()?.flatten().map(|entry| entry.path());
    let mut links: Vec<_> = links.filter(|link| fs::canonicalize(link).is_ok_and(|target| target.ends_with(node))).collect();
    links.sort();
    links.into_iter().next()
}

/// A hint for a camera that does not exist: the ones that do.
pub fn which() -> String {
    let known = list();
    if known.is_empty() {
        return "There is no camera on this machine (/dev/video*).".to_owned();
    }
    let named =
        known.iter().map(|device| format!("{} ({})", device.stable.as_ref().unwrap_or(&device.path).display(), device.name));
    format!("Available cameras: {}", named.collect::<Vec<_>>().join(", "))
}

/// The formats in `caps`, each in short form: `YUY2 640x480 30/1`.
pub fn formats(caps: &gst::CapsRef) -> Vec<String> {
    let said = |structure: &gst::StructureRef, field: &str| {
        let value = structure.value(field).ok()?.serialize().ok()?;
        Some(value.replace("(string)", "").replace("(int)", "").replace("(fraction)", ""))
    };
    let mut formats: Vec<String> = Vec::new();
    for structure in caps.iter() {
        let kind = match structure.name().as_str() {
            "video/x-raw" => said(structure, "format").unwrap_or_else(|| "raw".into()),
            other => other.to_owned(),
        };
        let size = [said(structure, "width"), said(structure, "height")].map(|side| side.unwrap_or_else(|| "?".into())).join("x");
        let rate = said(structure, "framerate").map(|rate| format!(" {rate}")).unwrap_or_default();
        let format = format!("{kind} {size}{rate}");
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    if formats.len() > LISTED {
        let more = formats.len() - LISTED;
        formats.truncate(LISTED);
        formats.push(format!("{more} more"));
    }
    formats
}

/// The formats of each camera, by its path. Opens the cameras briefly.
pub fn offered() -> Vec<(PathBuf, Vec<String>)> {
    let monitor = gst::DeviceMonitor::new();
    monitor.add_filter(Some("Video/Source"), None);
    if monitor.start().is_err() {
        return Vec::new();
    }
    let known = monitor.devices();
    let offered = known.iter().filter_map(|device| {
        let properties = device.properties()?;
        let path = ["device.path", "api.v4l2.path"].into_iter().find_map(|field| properties.get::<String>(field).ok())?;
        Some((path.into(), formats(device.caps()?.as_ref())))
    });
    let offered = offered.collect();
    monitor.stop();
    offered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_listed_by_number_with_their_stable_path() {
        let folder = tempfile::tempdir().unwrap();
        let (class, dev) = (folder.path().join("class"), folder.path().join("dev"));
        for (node, index, name) in
            [("video10", "0", "late"), ("video2", "0", "early"), ("video3", "1", "its metadata"), ("v4l-subdev0", "0", "x")]
        {
            fs::create_dir_all(class.join(node)).unwrap();
            fs::write(class.join(node).join("index"), index).unwrap();
            fs::write(class.join(node).join("name"), format!("{name}\n")).unwrap();
        }
        fs::create_dir_all(dev.join("v4l/by-id")).unwrap();
        fs::write(dev.join("video2"), "").unwrap();
        std::os::unix::fs::symlink("../../video2", dev.join("v4l/by-id/usb-early-index0")).unwrap();
        let found = list_in(&class, &dev);
        assert_eq!(found.iter().map(|device| device.name.as_str()).collect::<Vec<_>>(), ["early", "late"]);
        assert_eq!(found[0].stable, Some(dev.join("v4l/by-id/usb-early-index0")));
        assert_eq!((&found[1].path, &found[1].stable), (&dev.join("video10"), &None));
        assert!(list_in(&folder.path().join("nowhere"), &dev).is_empty());
    }

    #[test]
    fn formats_are_listed_in_short_form() {
        gst::init().unwrap();
        let caps: gst::Caps = "video/x-raw,format=YUY2,width=640,height=480,framerate={(fraction)30/1,(fraction)15/1};\
                               image/jpeg,width=1280,height=720,framerate=30/1;image/jpeg,width=1280,height=720,framerate=30/1"
            .parse()
            .unwrap();
        assert_eq!(formats(&caps), ["YUY2 640x480 { 30/1, 15/1 }", "image/jpeg 1280x720 30/1"]);
        let many: gst::Caps =
            (1..=20).map(|n| format!("image/jpeg,width={n},height={n}")).collect::<Vec<_>>().join(";").parse().unwrap();
        assert_eq!((formats(&many).len(), formats(&many)[12].as_str()), (13, "8 more"));
    }
}
