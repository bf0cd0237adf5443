# The gradients of a network, from a gradient service, with httr and jsonlite.
#
#     Rscript gradients.R         the network of the article
#     Rscript gradients.R FILE    the request in a JSON file
#
# GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
library(httr)
library(jsonlite)

tries <- 5

# The answer to a request: its loss, its gradients, and what it includes.
#
# The request is a list, or its JSON as a string. In a list, weights, inputs
# and targets are matrices, biases are vectors, and names, options and single
# numbers are unboxed. jsonlite writes 15 digits of a number. The operation is
# any of the service, such as "hessian".
#
# If the service is busy (429, 503), this waits as long as Retry-After says
# and tries again.
gradients <- function(request, operation = "gradients") {
  url <- Sys.getenv("GRADIENTS_URL", "http://127.0.0.1:3000")
  key <- Sys.getenv("GRADIENTS_API_KEY")
  headers <- c("Content-Type" = "application/json")
  if (nzchar(key)) headers["Authorization"] <- paste("Bearer", key)
  if (!is.character(request)) request <- toJSON(request, digits = NA)
  for (try in seq_len(tries)) {
    response <- POST(
      paste0(url, "/", operation),
      add_headers(.headers = headers),
      body = request,
      encode = "raw"
    )
    status <- status_code(response)
    if (status == 200) {
      return(fromJSON(text_of(response), simplifyDataFrame = FALSE))
    }
    if (!status %in% c(429, 503) || try == tries) {
      stop(explain(response), call. = FALSE)
    }
    Sys.sleep(seconds_to_wait(response))
  }
}

text_of <- function(response) content(response, "text", encoding = "UTF-8")

# An error that the service answers: a problem document (RFC 9457). A proxy
# may have sent something else.
explain <- function(response) {
  if (http_type(response) != "application/problem+json") {
    return(paste("the service answered", status_code(response)))
  }
  problem <- fromJSON(text_of(response), simplifyVector = FALSE)
  lines <- paste0(problem$title, ": ", problem$detail)
  for (error in problem$errors) {
    lines <- c(lines, paste0("  ", error$pointer, ": ", error$detail))
  }
  paste(lines, collapse = "\n")
}

# Seconds to wait, by Retry-After; without it, 1.
seconds_to_wait <- function(response) {
  wait <- headers(response)[["retry-after"]]
  if (is.null(wait) || !grepl("^[0-9]+$", wait)) 1 else as.numeric(wait)
}

layer <- function(weights, biases, activation) {
  list(weights = weights, biases = biases, activation = unbox(activation))
}

# The network of the article.
article <- function() {
  layers <- list(
    layer(matrix(0.1, 3, 2), rep(0.1, 3), "tanh"),
    layer(matrix(0.1, 3, 3), rep(0.1, 3), "tanh"),
    layer(matrix(0.1, 2, 3), rep(0.1, 2), "identity")
  )
  # One sample per column.
  batch <- list(
    inputs = rbind(c(3, 2), c(4, 5)),
    targets = rbind(c(2, 1), c(2, 2)),
    samples = unbox("columns")
  )
  list(network = list(layers = layers), batch = batch, loss = unbox("mse"))
}

# A matrix, row by row, or a vector, with all digits.
digits_of <- function(values) {
  items <- if (is.matrix(values)) {
    apply(values, 1, digits_of)
  } else {
    sprintf("%.17g", values)
  }
  paste0("[", paste(items, collapse = ", "), "]")
}

main <- function(file = NULL) {
  request <- if (is.null(file)) {
    article()
  } else {
    paste(readLines(file, warn = FALSE), collapse = "\n")
  }
  answer <- gradients(request)
  cat(sprintf("loss: %.17g\n", answer$loss))
  for (k in seq_along(answer$gradients)) {
    gradient <- answer$gradients[[k]]
    for (name in names(gradient)) {
      values <- digits_of(gradient[[name]])
      cat(sprintf("layer %d %s: %s\n", k - 1, name, values))
    }
  }
}

# Skipped when another file sources this one.
if (sys.nframe() == 0) {
  do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
}
