//! Prints the gradients of the network of the article, or of the requests in JSON files.
//!
//!     cargo run
//!     cargo run -- FILE...

use std::{env, error::Error, fs, process::ExitCode};

use gradients::{Answer, Client};
use serde_json::{from_str, json, Value};

fn article() -> Value {
    json!({
        "network": { "layers": [
            { "weights": vec![[0.1; 2]; 3], "biases": vec![0.1; 3], "activation": "tanh" },
            { "weights": vec![[0.1; 3]; 3], "biases": vec![0.1; 3], "activation": "tanh" },
            { "weights": vec![[0.1; 3]; 2], "biases": vec![0.1; 2] },
        ] },
        // One sample per column.
        "batch": { "inputs": [[3, 2], [4, 5]], "targets": [[2, 1], [2, 2]], "samples": "columns" },
        "loss": "mse",
    })
}

fn run() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = env::args().skip(1).collect();
    let client = Client::from_env();
    if files.is_empty() {
        print(&client.gradients(&article())?);
    }
    for file in files {
        let request: Value = from_str(&fs::read_to_string(file)?)?;
        print(&client.gradients(&request)?);
    }
    Ok(())
}

fn print(answer: &Answer) {
    println!("loss: {}", answer.loss);
    for (number, layer) in answer.gradients.iter().enumerate() {
        println!("layer {number} weights: {:?}", layer.weights);
        if let Some(biases) = &layer.biases {
            println!("layer {number} biases: {biases:?}");
        }
    }
    println!("divisor: {}", answer.divisor);
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
