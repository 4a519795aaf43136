//! Opens a session with QNN, directly or through the context cache.
#![allow(clippy::result_large_err)] // ort's error contains the builder

use super::super::context_cache::{Entry, Found};
use super::super::infer::Execution;
use super::super::library::Library;
use super::super::refusal::failed;
use super::super::session::{self, Session};
use super::libraries::Qnn;
use crate::error::Result;
use crate::model::{Model, Source};
use crate::npu;
use ort::session::builder::{BuilderResult, SessionBuilder};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// The parameters of a session with QNN.
pub struct Attempt<'a> {
    pub library: &'a Library,
    pub qnn: &'a Qnn,
    pub model: &'a Model,
    pub options: BTreeMap<String, String>,
}

impl Attempt<'_> {
    pub fn open(&self, source: &Source, more: impl FnOnce(SessionBuilder) -> BuilderResult) -> Result<Session> {
        let nodes = self.model.nodes();
        let detail = format!("the {}, QNN HTP, all {nodes} nodes", npu::NAME);
        let execution = Execution { provider: "QNN", detail, nodes: Some((nodes, 0)) };
        let configure = |builder: SessionBuilder| {
            let builder = self.qnn.configure(self.library, builder, &self.options)?;
            more(builder).map_err(|e| failed("cannot set up a session on the NPU", ort::Error::<()>::from(e)))
        };
        session::open(self.library, self.model, source, configure, execution)
    }

    /// Opens a session with every node on the NPU, and writes its graph to `graph`.
    pub fn keep(&self, graph: &Path) -> Result<Session> {
        let graph = graph.display().to_string();
        self.open(&*self.model.to_open(true)?, |builder| {
            let builder = builder.with_disable_cpu_fallback()?.with_config_entry("ep.context_enable", "1")?;
            builder.with_config_entry("ep.context_embed_mode", "0")?.with_config_entry("ep.context_file_path", &graph)
        })
    }

    /// Opens a session with every node on the NPU, through the context cache if there is one.
    pub fn whole(&self, cache: Option<&Path>) -> Result<Session> {
        let strict = SessionBuilder::with_disable_cpu_fallback;
        // a model that already is a context need not be built
        let Some(cache) = cache.filter(|_| !self.model.is_context()) else { return self.open(&*self.model.to_open(true)?, strict) };
        let [plugin, backend] = self.qnn.files();
        let libraries = [self.library.path.clone(), plugin, backend];
        let entry = Entry::of(cache, self.model, &libraries, &self.options)?;
        let start = Instant::now();
        let mut why = None;
        match entry.look() {
            Found::Ready(graph, size) => {
                let opened = self.open(&Source::File(graph), strict);
                let took = start.elapsed();
                match opened.and_then(|session| session.probed(self.model)) {
                    Ok(session) => {
                        tracing::info!("context cache: hit, loaded in {took:.1?}, {size} bytes in '{}'", entry.folder().display());
                        return Ok(session);
                    }
                    Err(error) => why = Some(error.summary()),
                }
            }
            Found::Damaged(what) => why = Some(what),
            Found::Nothing => {}
        }
        if let Some(why) = &why {
            tracing::warn!("context cache: rebuilt, because '{}' cannot be used: {why}", entry.folder().display());
            entry.remove();
        }
        let start = Instant::now();
        let draft = match entry.begin() {
            Ok(draft) => draft,
            Err(error) => {
                tracing::warn!("context cache: not stored, the next start will be slow too: {error}");
                return self.open(&*self.model.to_open(true)?, strict);
            }
        };
        let keeping = self.keep(&draft.graph());
        let session = match keeping {
            Ok(session) => session,
            // is the cause the model, or the disk?
            Err(error) => {
                let session = self.open(&*self.model.to_open(true)?, strict)?;
                tracing::warn!("context cache: not stored, the next start will be slow too: {error}");
                return Ok(session);
            }
        };
        let took = start.elapsed();
        match draft.finish(&entry) {
            Ok(size) => tracing::info!("context cache: built in {took:.1?}, {size} bytes in '{}'", entry.folder().display()),
            Err(error) => tracing::warn!("context cache: not stored, the next start will be slow too: {error}"),
        }
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::library;
    use super::super::libraries::Form;
    use super::*;
    use crate::runtime::Options;

    /// No library with built-in QNN is available; one without it must not be used as one and silently fall back to the CPU.
    #[test]
    fn built_in_qnn_that_is_missing_is_an_error_and_not_the_cpu() {
        let library = library::load(Some(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.runtime/onnxruntime")))).unwrap();
        let (qnn, model) = (Qnn { form: Form::BuiltIn, folder: "/opt/qnn".into() }, crate::model::builtin().unwrap());
        let mut set = Options::default();
        set.set("vtcm_mb", "2").unwrap();
        let options = set.all(&qnn.backend());
        // as for a library with built-in QNN
        let said: Vec<_> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert!(
            said.contains(&"backend_path=/opt/qnn/libQnnHtp.so".to_owned()) && said.contains(&"vtcm_mb=2".to_owned()),
            "{said:?}"
        );
        let attempt = Attempt { library, qnn: &qnn, model: &model, options };
        for refused in [attempt.open(&model.source, Ok), attempt.whole(None)] {
            let refused = refused.err().unwrap().to_string();
            assert!(refused.contains("QNN rejects the session") && refused.contains("not supported in this build"), "{refused}");
        }
        assert_eq!(qnn.describe(), "QNN built into libonnxruntime, '/opt/qnn'");
    }
}
