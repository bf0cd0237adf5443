//! Prints the gradients of the network of the article, or of the request in a JSON file.
//!
//!     cargo run
//!     cargo run -- FILE

use std::{env, error::Error, fs, process::ExitCode};

use gradients::gradients;
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
    let request = match env::args().nth(1) {
        Some(file) => from_str(&fs::read_to_string(file)?)?,
        None => article(),
    };
    let answer = gradients(&request)?;
    println!("loss: {}", answer.loss);
    for (number, layer) in answer.gradients.iter().enumerate() {
        println!("layer {number} weights: {:?}", layer.weights);
        if let Some(biases) = &layer.biases {
            println!("layer {number} biases: {biases:?}");
        }
    }
    Ok(())
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
