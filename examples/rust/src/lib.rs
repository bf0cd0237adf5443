//! The gradients of a network, from a gradient service.

use std::{env, error, fmt, thread, time::Duration};

use serde::{Deserialize, Serialize};
use ureq::{http::Response, Agent, Body};

/// The answer of the service.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub loss: f64,
    /// One for each layer of the network.
    pub gradients: Vec<Gradient>,
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
    /// Something other than the service, such as a proxy, answered with this status.
    Unexpected(u16),
    /// There is no connection, or the answer cannot be read.
    Failed(ureq::Error),
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
            Error::Unexpected(status) => write!(f, "the service answered {status}"),
            Error::Failed(error) => error.fmt(f),
        }
    }
}

impl error::Error for Error {}

impl From<ureq::Error> for Error {
    fn from(error: ureq::Error) -> Self {
        Error::Failed(error)
    }
}

const TRIES: u32 = 5;

/// The answer to a request, which may be anything that serialises to one, such as a `serde_json::Value`.
///
/// `GRADIENTS_URL` is the URL of the service, `GRADIENTS_API_KEY` its API key.
/// If the service is busy (429, 503), this waits as long as Retry-After says and tries again.
pub fn gradients(request: &impl Serialize) -> Result<Answer, Error> {
    let config = Agent::config_builder().http_status_as_error(false);
    let agent = Agent::new_with_config(config.build());
    let mut attempt = 1;
    loop {
        let mut response = post(&agent, request)?;
        match response.status().as_u16() {
            200 => return Ok(response.body_mut().read_json()?),
            429 | 503 if attempt < TRIES => thread::sleep(to_wait(&response)),
            _ => return Err(refusal(response)),
        }
        attempt += 1;
    }
}

fn post(agent: &Agent, request: &impl Serialize) -> Result<Response<Body>, ureq::Error> {
    let url = env::var("GRADIENTS_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".into());
    let mut post = agent.post(format!("{url}/gradients"));
    if let Ok(key) = env::var("GRADIENTS_API_KEY") {
        post = post.header("Authorization", format!("Bearer {key}"));
    }
    post.send_json(request)
}

/// Seconds to wait, by Retry-After; without it, 1.
fn to_wait(response: &Response<Body>) -> Duration {
    let seconds = header(response, "Retry-After").and_then(|wait| wait.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

fn refusal(mut response: Response<Body>) -> Error {
    let media_type = header(&response, "Content-Type").unwrap_or_default();
    if !media_type.starts_with("application/problem+json") {
        return Error::Unexpected(response.status().as_u16());
    }
    match response.body_mut().read_json() {
        Ok(problem) => Error::Refused(problem),
        Err(error) => Error::Failed(error),
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}
