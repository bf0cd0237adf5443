# A 2-2-1 network learns XOR by gradient descent with momentum; the gradients come from the service.
#
#     Rscript xor.R
source("gradients.R")

rate <- 0.5
momentum <- 0.9
steps <- 200

layers <- list(
  list(weights = rbind(c(0.8, -0.5), c(-0.3, 0.6)), biases = c(0.1, -0.1), activation = unbox("tanh")),
  list(weights = rbind(c(0.7, 0.4)), biases = 0, activation = unbox("sigmoid"))
)
# One sample per row.
batch <- list(inputs = rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1)), targets = rbind(0, 1, 1, 0))

request <- function(...) {
  list(network = list(layers = layers), batch = batch, loss = unbox("binary_cross_entropy"), ...)
}

velocities <- lapply(layers, function(layer) list(weights = 0 * layer$weights, biases = 0 * layer$biases))
for (step in seq_len(steps)) {
  answer <- gradients(request())
  if (step %% 50 == 1) cat(sprintf("step %d: loss %.17g\n", step - 1, answer$loss))
  for (k in seq_along(layers)) {
    for (name in c("weights", "biases")) {
      velocities[[k]][[name]] <- momentum * velocities[[k]][[name]] - rate * answer$gradients[[k]][[name]]
      layers[[k]][[name]] <- layers[[k]][[name]] + velocities[[k]][[name]]
    }
  }
}
answer <- gradients(request(include = "outputs"))
cat(sprintf("loss after %d steps: %.17g\n", steps, answer$loss))
cat(sprintf("%d xor %d: %.4f\n", batch$inputs[, 1], batch$inputs[, 2], answer$outputs[, 1]), sep = "")
