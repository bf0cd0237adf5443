# A 1-3-1 network learns a curve by the steps of Levenberg and Marquardt.
# The service computes the steps, and the loss after each.
#
#     Rscript levenberg_marquardt.R
source("gradients.R")

damping <- 1e-3
# With less, a matrix that is singular would be refused.
least <- 1e-12
steps <- 100
# Ends when a step lowers the loss by less than this part of it.
tolerance <- 1e-10

layers <- list(
  layer(rbind(1, 1, 1), c(-1.5, 0, 1.5), "tanh"),
  layer(rbind(c(-1, 1, -1)), 0, "identity")
)
# One sample per row.
x <- (0:40) / 10 - 2
batch <- list(
  inputs = cbind(x),
  targets = cbind(sin(2 * x) + 0.1 * cos(17 * x))
)

for (number in seq_len(steps)) {
  request <- list(
    network = list(layers = layers),
    batch = batch,
    loss = list(type = "mse", reduction = "sum"),
    matrix = "gauss_newton",
    # Shorter and shorter steps: the first one that lowers the loss is taken.
    damping = damping * 10^(0:7)
  )
  answer <- gradients(request, "hessian")
  loss <- answer$loss
  cat(sprintf("step %d: loss %.17g\n", number - 1, loss))
  # A step has no loss if that is not finite.
  step <- Find(function(step) isTRUE(step$loss < loss), answer$steps)
  if (is.null(step)) break
  for (k in seq_along(layers)) {
    for (name in names(step$step[[k]])) {
      layers[[k]][[name]] <- layers[[k]][[name]] + step$step[[k]][[name]]
    }
  }
  damping <- max(step$damping / 10, least)
  if (loss - step$loss < tolerance * loss) {
    loss <- step$loss
    break
  }
}
cat(sprintf("loss at the end: %.17g\n", loss))
