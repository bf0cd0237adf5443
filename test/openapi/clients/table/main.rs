//! Sends each line of standard input, a request, and prints the answer or the problem.

use openapi::apis::{configuration::Configuration, gradients_api::gradients, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut configuration = Configuration::new();
    configuration.base_path = std::env::args().nth(1).unwrap();
    for line in std::io::stdin().lines() {
        let request = serde_json::from_str(&line.unwrap()).unwrap();
        match gradients(&configuration, request, None, None).await {
            Ok(answer) => println!("{}", serde_json::to_string(&answer).unwrap()),
            Err(Error::ResponseError(response)) => println!("{}", response.content),
            Err(error) => panic!("{error}"),
        }
    }
}
