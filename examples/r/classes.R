# The gradients of a classifier: class indices, sample weights, and an
# activation and a loss with options.
#
#     Rscript classes.R
source("gradients.R")

layers <- list(
  layer(
    rbind(c(0.2, -0.4), c(0.6, 0.1), c(-0.3, 0.5)),
    c(0.1, 0, -0.1),
    list(type = "leaky_relu", negative_slope = 0.2)
  ),
  layer(
    rbind(c(0.7, -0.2, 0.3), c(-0.5, 0.4, 0.1), c(0.2, 0.6, -0.8)),
    c(0, 0.1, 0.2)
  )
)
batch <- list(
  inputs = rbind(c(1, 2), c(-1, 0.5), c(0, -2), c(3, 1)),
  # They count from 0; a factor is as.integer(factor) - 1.
  classes = c(0, 2, 1, 2),
  sample_weights = c(1, 0.5, 2, 1)
)
loss <- list(type = "cross_entropy", label_smoothing = 0.1)

answer <- gradients(
  list(network = list(layers = layers), batch = batch, loss = loss)
)
cat(sprintf("loss: %.17g\n", answer$loss))
cat(sprintf("divisor: %.17g\n", answer$divisor))
biases <- answer$gradients[[2]]$biases
cat("biases of the last layer:", sprintf("%.17g", biases), "\n")
