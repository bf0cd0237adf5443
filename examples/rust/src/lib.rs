//! The gradients of a network, from a gradient service.

use std::{
    env, error, fmt,
    io::ErrorKind,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use ureq::{http::Response, Agent};

/// The answer of the service.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub loss: f64,
    /// One for each layer of the network.
    pub gradients: Vec<Gradient>,
    /// What the reduction divided the loss by.
    pub divisor: f64,
    /// None unless the request includes them.
    pub outputs: Option<Vec<Vec<f64>>>,
}

/// The gradient of a layer, in the shape of the layer.
#[derive(Debug, Deserialize)]
pub struct Gradient {
    pub weights: Vec<Vec<f64>>,
    pub biases: Option<Vec<f64>>,
}

/// An error that the service answers: a problem document (RFC 9457).
#[derive(Debug, Deserialize)]
pub struct Problem {
    pub title: String,
    pub detail: String,
    #[serde(default)]
    pub errors: Vec<Fault>,
}

/// A place in the request, and its error.
#[derive(Debug, Deserialize)]
pub struct Fault {
    pub pointer: String,
    pub detail: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// The service refuses the request.
    Refused(Problem),
    /// Something other than the service, such as a proxy, answered for this URL with this status.
    Unexpected(String, u16),
    /// There is no connection to this URL, or the answer cannot be read.
    Failed(String, ureq::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Refused(problem) => {
                write!(f, "{}: {}", problem.title, problem.detail)?;
                for Fault { pointer, detail } in &problem.errors {
                    write!(f, "\n  {pointer}: {detail}")?;
                }
                Ok(())
            }
            Error::Unexpected(url, status) => write!(f, "{url} answered {status}"),
            Error::Failed(url, error) => write!(f, "no answer from {url}: {error}"),
        }
    }
}

impl error::Error for Error {}

/// Seconds for which a service that accepts no connection is tried again: a restart takes less.
const RESTART_TIME: f64 = 10.0;
const LONGEST_BACKOFF: f64 = 10.0;

/// A gradient service. It keeps its connections; threads may share it.
pub struct Client {
    url: String,
    api_key: Option<String>,
    retry_time: f64,
    agent: Agent,
}

impl Client {
    /// `timeout`: what one try may take, from connecting to the last byte of the answer.
    /// `retry_time`: for how long a busy service is asked again, counted from the first failure.
    pub fn new(
        url: &str,
        api_key: Option<String>,
        timeout: Duration,
        retry_time: Duration,
    ) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(timeout.min(Duration::from_secs(10))))
            .timeout_global(Some(timeout))
            .build();
        Client {
            url: url.trim_end_matches('/').into(),
            api_key,
            retry_time: retry_time.as_secs_f64(),
            agent: Agent::new_with_config(config),
        }
    }

    /// The client that `GRADIENTS_URL`, `GRADIENTS_API_KEY`, `GRADIENTS_TIMEOUT` and `GRADIENTS_RETRY_TIME` (seconds) describe.
    pub fn from_env() -> Self {
        let seconds = |name, default| {
            let value = env::var(name).ok().and_then(|text| text.parse().ok());
            Duration::from_secs_f64(value.unwrap_or(default))
        };
        let url = env::var("GRADIENTS_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".into());
        let api_key = env::var("GRADIENTS_API_KEY").ok();
        let timeout = seconds("GRADIENTS_TIMEOUT", 300.0);
        Client::new(
            &url,
            api_key,
            timeout,
            seconds("GRADIENTS_RETRY_TIME", 120.0),
        )
    }

    /// The answer to a request, which may be anything that serialises to one, such as a `serde_json::Value`.
    ///
    /// While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
    /// grows) and tries again. A timeout is not retried.
    pub fn gradients(&self, request: &impl Serialize) -> Result<Answer, Error> {
        let mut first_failure = None;
        let mut backoff = 0.5;
        loop {
            let mut limit = self.retry_time;
            let mut wait = fastrand::f64() * backoff;
            let failure = match self.post(request) {
                Ok(answer) if answer.status() == 200 => {
                    return serde_json::from_slice(answer.body())
                        .map_err(|error| self.failed(error.into()));
                }
                Ok(answer) => {
                    wait += seconds_to_wait(&answer);
                    if !matches!(answer.status().as_u16(), 429 | 502 | 503) {
                        limit = 0.0;
                    }
                    self.refusal(&answer)
                }
                Err(error) => {
                    match &error {
                        ureq::Error::Timeout(_) => limit = 0.0,
                        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
                            limit = limit.min(RESTART_TIME)
                        }
                        ureq::Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
                            limit = limit.min(RESTART_TIME)
                        }
                        _ => {}
                    }
                    self.failed(error)
                }
            };
            let since = first_failure.get_or_insert_with(Instant::now).elapsed();
            if since.as_secs_f64() + wait > limit {
                return Err(failure);
            }
            thread::sleep(Duration::from_secs_f64(wait));
            backoff = LONGEST_BACKOFF.min(2.0 * backoff);
        }
    }

    /// Posts a request, and reads the answer to its end, of any length.
    fn post(&self, request: &impl Serialize) -> Result<Response<Vec<u8>>, ureq::Error> {
        let mut post = self.agent.post(format!("{}/gradients", self.url));
        if let Some(key) = &self.api_key {
            post = post.header("Authorization", format!("Bearer {key}"));
        }
        let (parts, mut body) = post.send_json(request)?.into_parts();
        let bytes = body.with_config().limit(u64::MAX).read_to_vec()?;
        Ok(Response::from_parts(parts, bytes))
    }

    fn failed(&self, error: ureq::Error) -> Error {
        Error::Failed(self.url.clone(), error)
    }

    fn refusal(&self, response: &Response<Vec<u8>>) -> Error {
        let media_type = header(response, "Content-Type").unwrap_or_default();
        if !media_type.starts_with("application/problem+json") {
            return Error::Unexpected(self.url.clone(), response.status().as_u16());
        }
        match serde_json::from_slice(response.body()) {
            Ok(problem) => Error::Refused(problem),
            Err(error) => self.failed(error.into()),
        }
    }
}

/// Seconds to wait, by Retry-After; without it, 0.
fn seconds_to_wait(response: &Response<Vec<u8>>) -> f64 {
    let seconds: Option<u32> = header(response, "Retry-After").and_then(|wait| wait.parse().ok());
    seconds.unwrap_or(0).into()
}

fn header<'a>(response: &'a Response<Vec<u8>>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}
