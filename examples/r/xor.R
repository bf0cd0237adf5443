# A 2-2-1 network learns XOR by gradient descent with momentum.
# The gradients come from the service.
#
#     Rscript xor.R
source("gradients.R")

rate <- 0.5
momentum <- 0.9
steps <- 200

layers <- list(
  layer(rbind(c(0.8, -0.5), c(-0.3, 0.6)), c(0.1, -0.1), "tanh"),
  layer(rbind(c(0.7, 0.4)), 0, "sigmoid")
)
# One sample per row.
batch <- list(
  inputs = rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1)),
  targets = rbind(0, 1, 1, 0)
)

request <- function(...) {
  list(
    network = list(layers = layers),
    batch = batch,
    loss = "binary_cross_entropy",
    ...
  )
}

parameters <- c("weights", "biases")
velocities <- lapply(layers, function(layer) {
  lapply(layer[parameters], function(values) 0 * values)
})
for (step in seq_len(steps)) {
  answer <- gradients(request())
  if (step %% 50 == 1) {
    cat(sprintf("step %d: loss %.17g\n", step - 1, answer$loss))
  }
  for (k in seq_along(layers)) {
    for (name in parameters) {
      velocity <- momentum * velocities[[k]][[name]] -
        rate * answer$gradients[[k]][[name]]
      velocities[[k]][[name]] <- velocity
      layers[[k]][[name]] <- layers[[k]][[name]] + velocity
    }
  }
}

answer <- gradients(request(include = "outputs"))
cat(sprintf("loss after %d steps: %.17g\n", steps, answer$loss))
inputs <- batch$inputs
cat(
  sprintf("%d xor %d: %.4f\n", inputs[, 1], inputs[, 2], answer$outputs[, 1]),
  sep = ""
)
