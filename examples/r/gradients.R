# The gradients of a network, from a gradient service, with httr and jsonlite.
#
#     Rscript gradients.R         the network of the article
#     Rscript gradients.R FILE    the request in a JSON file
#
# GRADIENTS_URL is where the service is, GRADIENTS_API_KEY the key that it may want.
library(httr)
library(jsonlite)

tries <- 5

# The answer to a request: its loss, its gradients, and what it includes.
# A request is a list, or its JSON as a string. Weights and a batch are matrices, biases vectors; names and options are unboxed.
# Where the service is busy (429, 503), this waits as long as it is told to and tries again.
gradients <- function(request) {
  url <- paste0(Sys.getenv("GRADIENTS_URL", "http://127.0.0.1:3000"), "/gradients")
  key <- Sys.getenv("GRADIENTS_API_KEY")
  # jsonlite writes 15 digits of a number.
  body <- if (is.character(request)) request else toJSON(request, digits = NA)
  for (try in seq_len(tries)) {
    response <- POST(
      url, content_type_json(), body = body, encode = "raw",
      if (nzchar(key)) add_headers(Authorization = paste("Bearer", key))
    )
    if (status_code(response) == 200) {
      return(fromJSON(content(response, "text", encoding = "UTF-8"), simplifyDataFrame = FALSE))
    }
    if (!status_code(response) %in% c(429, 503) || try == tries) {
      stop(explain(response), call. = FALSE)
    }
    Sys.sleep(seconds_to_wait(response))
  }
}

# What the service says against a request (RFC 9457); a proxy on the way may have sent something else.
explain <- function(response) {
  if (http_type(response) != "application/problem+json") {
    return(paste("the service answered", status_code(response)))
  }
  problem <- fromJSON(content(response, "text", encoding = "UTF-8"), simplifyVector = FALSE)
  errors <- vapply(problem$errors, function(error) paste0("\n  ", error$pointer, ": ", error$detail), "")
  paste0(problem$title, ": ", problem$detail, paste(errors, collapse = ""))
}

# How long the service asks to wait; a second if it does not say.
seconds_to_wait <- function(response) {
  wait <- headers(response)[["retry-after"]]
  if (is.null(wait) || !grepl("^[0-9]+$", wait)) 1 else as.numeric(wait)
}

# The network of the article.
article <- function() {
  list(
    network = list(layers = list(
      list(weights = matrix(0.1, 3, 2), biases = rep(0.1, 3), activation = unbox("tanh")),
      list(weights = matrix(0.1, 3, 3), biases = rep(0.1, 3), activation = unbox("tanh")),
      list(weights = matrix(0.1, 2, 3), biases = rep(0.1, 2))
    )),
    # One sample per column.
    batch = list(
      inputs = rbind(c(3, 2), c(4, 5)),
      targets = rbind(c(2, 1), c(2, 2)),
      samples = unbox("columns")
    ),
    loss = unbox("mse")
  )
}

# A matrix, row by row, or a vector, with all digits.
show_values <- function(values) {
  rows <- if (is.matrix(values)) apply(values, 1, show_values) else sprintf("%.17g", values)
  paste0("[", paste(rows, collapse = ", "), "]")
}

main <- function(file = NULL) {
  request <- if (is.null(file)) article() else paste(readLines(file, warn = FALSE), collapse = "\n")
  answer <- gradients(request)
  cat(sprintf("loss: %.17g\n", answer$loss))
  for (k in seq_along(answer$gradients)) {
    layer <- answer$gradients[[k]]
    for (name in names(layer)) {
      cat(sprintf("layer %d %s: %s\n", k - 1, name, show_values(layer[[name]])))
    }
  }
}

# Not where another file sources this one.
if (sys.nframe() == 0) do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
