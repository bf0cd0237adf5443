# The gradients of a network, from a gradient service, with httr2 and jsonlite.
#
#     Rscript gradients.R            the network of the article
#     Rscript gradients.R FILE...    the requests in JSON files

# The answer to a request: its loss, its gradients, its divisor, and what it
# includes. The connection is kept for the next one.
#
# The request is a list, or its JSON as a string. In a list, weights, inputs
# and targets are matrices; biases, classes, sample weights and weights of
# classes are vectors. The operation is any of the service, such as "hessian".
#
# url, key: of the service
# timeout: seconds that one try may take, from connecting to the last byte
# retry_time: seconds for which a busy service is asked again, counted from
#   the first failure
#
# While the service is busy or the connection breaks, this waits (as long as
# Retry-After says, and a random time that grows) and tries again. A timeout
# is not retried.
gradients <- function(
  request,
  operation = "gradients",
  url = Sys.getenv("GRADIENTS_URL", "http://127.0.0.1:3000"),
  key = Sys.getenv("GRADIENTS_API_KEY"),
  timeout = as.numeric(Sys.getenv("GRADIENTS_TIMEOUT", "300")),
  retry_time = as.numeric(Sys.getenv("GRADIENTS_RETRY_TIME", "120"))
) {
  url <- sub("/+$", "", url)
  body <- if (is.character(request)) request else to_json(request)
  post <- httr2::request(paste0(url, "/", operation)) |>
    httr2::req_body_raw(body, "application/json") |>
    httr2::req_timeout(timeout) |>
    httr2::req_options(connecttimeout = 10) |>
    httr2::req_error(is_error = function(response) FALSE)
  if (nzchar(key)) post <- httr2::req_auth_bearer_token(post, key)

  first_failure <- NULL
  backoff <- 0.5
  repeat {
    # req_retry() would retry timeouts, too, and count from the start.
    response <- tryCatch(
      httr2::req_perform(post),
      httr2_failed = identity, # httr2 0.2
      httr2_failure = identity # httr2 1
    )
    wait <- runif(1, 0, backoff)
    limit <- retry_time
    if (inherits(response, "httr2_response")) {
      status <- httr2::resp_status(response)
      if (status == 200) {
        return(jsonlite::fromJSON(text_of(response), simplifyDataFrame = FALSE))
      }
      failure <- explain(response, url)
      if (!status %in% c(429, 502, 503)) stop(failure, call. = FALSE)
      wait <- wait + seconds_to_wait(response)
    } else {
      # httr2 1 has the reason in the parent.
      if (!is.null(response$parent)) response <- response$parent
      reason <- conditionMessage(response)
      failure <- paste0("no answer from ", url, ": ", reason)
      if (grepl("time.*out", reason, ignore.case = TRUE)) {
        stop(failure, call. = FALSE)
      }
      # A restart takes less than 10 seconds.
      if (grepl("connect to|resolve", reason)) limit <- min(limit, 10)
    }
    now <- proc.time()[["elapsed"]]
    if (is.null(first_failure)) first_failure <- now
    if (now - first_failure + wait > limit) stop(failure, call. = FALSE)
    Sys.sleep(wait)
    backoff <- min(2 * backoff, 10)
  }
}

# JSON with 17 significant digits of each number; jsonlite writes 15.
to_json <- function(value, key = "") {
  # The keys whose values are lists, even of one number.
  lists <- c(
    "biases", "targets", "classes", "sample_weights", "weight", "pos_weight",
    "include", "damping", "rows", "indices"
  )
  if (is.null(value)) return("null")
  if (is.data.frame(value)) value <- as.matrix(value)
  if (is.list(value)) {
    if (is.null(names(value))) {
      items <- vapply(value, to_json, "", key)
      return(paste0("[", paste(items, collapse = ","), "]"))
    }
    items <- mapply(to_json, value, names(value))
    pairs <- sprintf('"%s":%s', names(value), items)
    return(paste0("{", paste(pairs, collapse = ","), "}"))
  }
  items <- if (is.numeric(value)) {
    sprintf("%.17g", value)
  } else {
    vapply(value, jsonlite::toJSON, "", auto_unbox = TRUE, USE.NAMES = FALSE)
  }
  if (is.matrix(value)) {
    dim(items) <- dim(value)
    rows <- do.call(paste, c(asplit(items, 2), sep = ","))
    return(paste0("[[", paste(rows, collapse = "],["), "]]"))
  }
  # A flag named biases, in a penalty, is no list.
  if (length(items) == 1 && (!key %in% lists || is.logical(value))) {
    return(items)
  }
  paste0("[", paste(items, collapse = ","), "]")
}

text_of <- function(response) httr2::resp_body_string(response, "UTF-8")

# An error that the service answers: a problem document (RFC 9457). A proxy
# may have sent something else.
explain <- function(response, url) {
  media_type <- httr2::resp_content_type(response)
  if (!identical(media_type, "application/problem+json")) {
    return(paste(url, "answered", httr2::resp_status(response)))
  }
  problem <- jsonlite::fromJSON(text_of(response), simplifyVector = FALSE)
  lines <- paste0(problem$title, ": ", problem$detail)
  for (error in problem$errors) {
    lines <- c(lines, paste0("  ", error$pointer, ": ", error$detail))
  }
  paste(lines, collapse = "\n")
}

# Seconds to wait, by Retry-After; without it, 0.
seconds_to_wait <- function(response) {
  wait <- httr2::resp_header(response, "Retry-After")
  if (is.null(wait) || !grepl("^[0-9]+$", wait)) 0 else as.numeric(wait)
}

# A layer of a request. Options: list(type = "leaky_relu", negative_slope = 0.2)
layer <- function(weights, biases, activation = "identity") {
  list(weights = weights, biases = biases, activation = activation)
}

# The network of the article.
article <- function() {
  layers <- list(
    layer(matrix(0.1, 3, 2), rep(0.1, 3), "tanh"),
    layer(matrix(0.1, 3, 3), rep(0.1, 3), "tanh"),
    layer(matrix(0.1, 2, 3), rep(0.1, 2))
  )
  # One sample per column.
  batch <- list(
    inputs = rbind(c(3, 2), c(4, 5)),
    targets = rbind(c(2, 1), c(2, 2)),
    samples = "columns"
  )
  list(network = list(layers = layers), batch = batch, loss = "mse")
}

main <- function(...) {
  requests <- lapply(c(...), function(file) {
    paste(readLines(file, warn = FALSE), collapse = "\n")
  })
  if (length(requests) == 0) requests <- list(article())
  for (request in requests) {
    answer <- gradients(request)
    cat(sprintf("loss: %.17g\n", answer$loss))
    for (k in seq_along(answer$gradients)) {
      gradient <- answer$gradients[[k]]
      for (name in names(gradient)) {
        values <- to_json(gradient[[name]], name)
        cat(sprintf("layer %d %s: %s\n", k - 1, name, values))
      }
    }
    cat(sprintf("divisor: %.17g\n", answer$divisor))
  }
}

# Skipped when another file sources this one.
if (sys.nframe() == 0) {
  do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
}
