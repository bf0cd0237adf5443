# Tests of a backward pass written by hand, with testthat: the service compares
# its gradients with the right ones, and names the wrong line.
#
#     Rscript -e 'testthat::test_file("test-my_backprop.R", stop_on_failure = TRUE)'
#
# Copy gradients.R and expect_right(); the rest is the code to be tested.
library(testthat)
source("gradients.R")

# Passes if the gradients of a candidate are right. The message of a failure
# says which line is wrong.
expect_right <- function(request) {
  report <- gradients(request, "check")
  lines <- c("the first wrong array is ", report$first_difference, "\n")
  for (found in report$diagnoses) {
    lines <- c(
      lines, "\n", found$mistake, " at ", found$pointer, "\n  ", found$detail,
      "\n  - ", found$wrong, "\n  + ", found$right, "\n  ", found$remedy, "\n"
    )
  }
  expect(report$agrees, paste(lines, collapse = ""))
}

# The code to be tested: layers with tanh, the last one linear, and the mean
# squared error. Samples are rows; sizes differ, so that a transposed matrix
# shows.
set.seed(7)
sizes <- c(3, 4, 5, 2)
weights <- Map(
  function(outputs, inputs) matrix(rnorm(outputs * inputs), outputs),
  sizes[-1], sizes[-4]
)
biases <- lapply(sizes[-1], rnorm)
inputs <- matrix(rnorm(6 * 3), 6)
targets <- matrix(rnorm(6 * 2), 6)

backward <- function(slope = function(z, a) 1 - a^2) {
  last <- length(weights)
  z <- a <- list()
  x <- inputs
  for (k in seq_len(last)) {
    z[[k]] <- sweep(x %*% t(weights[[k]]), 2, biases[[k]], "+")
    a[[k]] <- x <- if (k < last) tanh(z[[k]]) else z[[k]]
  }
  layers <- list()
  dz <- 2 * (a[[last]] - targets) / length(targets)
  for (k in last:1) {
    x <- if (k > 1) a[[k - 1]] else inputs
    layers[[k]] <- list(weights = t(dz) %*% x, biases = colSums(dz))
    if (k > 1) dz <- (dz %*% weights[[k]]) * slope(z[[k - 1]], x)
  }
  layers
}

# The network and the batch, as the service has them, and the gradients to be
# compared.
request <- function(gradients) {
  activations <- c("tanh", "tanh", "identity")
  list(
    network = list(layers = Map(layer, weights, biases, activations)),
    batch = list(inputs = inputs, targets = targets),
    loss = "mse",
    candidate = list(gradients = gradients)
  )
}

test_that("my backward pass is right", expect_right(request(backward())))

test_that("a mistake is named", {
  wrong <- request(backward(function(z, a) 1 - z^2))
  failure <- capture_expectation(expect_right(wrong))
  cat(conditionMessage(failure))
  expect_match(conditionMessage(failure), "derivative-at-pre-activation")
})
