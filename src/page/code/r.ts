// The request in R, with httr2 and jsonlite.
import { escaped, literal, quoted } from './literal.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

export function rClient({ request, url, large }: Source): Snippet {
  // A raw string ends at )", which may stand in a string of the request.
  const body = large
    ? `paste(readLines("${REQUEST_FILE}", warn = FALSE, encoding = "UTF-8"), collapse = "\\n")`
    : `r"(${escaped(literal(request), /\)/g)})"`;
  const text = `# The gradients from the service: install.packages(c("httr2", "jsonlite")), or apt-get install r-cran-httr2 r-cran-jsonlite
library(httr2)
library(jsonlite)
options(digits = 17, width = 200)

# As text, since jsonlite writes numbers with 15 digits, and float64 needs 17.
body <- ${body}

response <- request(${quoted(url)}) |>
  req_body_raw(body, "application/json") |>
  req_error(is_error = function(response) FALSE) |>
  req_perform()
text <- resp_body_string(response, "UTF-8")
if (resp_status(response) != 200) {
  problem <- if (startsWith(text, "{")) fromJSON(text, simplifyVector = FALSE) else list(title = text)
  found <- vapply(problem$errors, function(each) paste0(each$pointer, ": ", each$detail), "")
  message(paste(c(paste(resp_status(response), problem$title), problem$detail, found), collapse = "\\n"))
  quit(status = 1)
}

answer <- fromJSON(text, simplifyDataFrame = FALSE)
cat("loss", format(answer$loss), "\\n")
for (k in seq_along(answer$gradients)) {
  for (name in names(answer$gradients[[k]])) {
    cat("layer", k - 1, name, "\\n")
    print(answer$gradients[[k]][[name]])
  }
}
`;
  return { language: 'r', label: 'R', file: 'gradients.R', text };
}
