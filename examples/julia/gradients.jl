# The gradients of a network, from a gradient service, with Julia 1.6 or later and JSON.jl.
# The tests do not run this example: Julia cannot be installed where they run.
#
#     julia gradients.jl            the network of the article
#     julia gradients.jl FILE...    the requests in JSON files
using Downloads
using JSON

"The service refuses a request; `problem` is its problem document (RFC 9457)."
struct GradientsError <: Exception
    problem::AbstractDict
end

function Base.showerror(io::IO, error::GradientsError)
    problem = error.problem
    print(io, problem["title"], ": ", problem["detail"])
    for fault in get(problem, "errors", [])
        print(io, "\n  ", fault["pointer"], ": ", fault["detail"])
    end
end

"""
    gradients(request; operation, url, api_key, timeout, retry_time)

The answer to a request: its loss, gradients, divisor, and what it includes. The request is a `Dict`, or its JSON as a
string; use [`rows`](@ref) for matrices. The operation is any of the service, such as "hessian".

While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that grows)
and tries again. A timeout is not retried. Downloads keeps the connections.

- `timeout`: seconds that one try may take, from connecting to the last byte of the answer
- `retry_time`: seconds for which a busy service is asked again, counted from the first failure
"""
function gradients(
    request;
    operation = "gradients",
    url = get(ENV, "GRADIENTS_URL", "http://127.0.0.1:3000"),
    api_key = get(ENV, "GRADIENTS_API_KEY", nothing),
    timeout = parse(Float64, get(ENV, "GRADIENTS_TIMEOUT", "300")),
    retry_time = parse(Float64, get(ENV, "GRADIENTS_RETRY_TIME", "120")),
)
    service = rstrip(url, '/')
    body = request isa AbstractString ? request : JSON.json(request)
    headers = ["Content-Type" => "application/json"]
    isnothing(api_key) || push!(headers, "Authorization" => "Bearer $api_key")
    first_failure = nothing
    backoff = 0.5
    while true
        wait = backoff * rand()
        output = IOBuffer()
        response = Downloads.request(
            "$service/$operation"; method = "POST", input = IOBuffer(body), output, headers, timeout, throw = false
        )
        text = String(take!(output))
        if response isa Downloads.RequestError
            # libcurl's codes: no connection (a restart takes less than 10 seconds), or one that broke.
            limit = response.code in (6, 7) ? min(retry_time, 10) : response.code in (18, 52, 55, 56) ? retry_time : -1
            failure = ErrorException("no answer from $service: $(response.message)")
        else
            response.status == 200 && return JSON.parse(text)
            limit = response.status in (429, 502, 503) ? retry_time : -1
            failure = refusal(service, response, text)
            after = tryparse(Int, header(response, "retry-after"))
            wait += something(after, 0)
        end
        first_failure = something(first_failure, time())
        time() - first_failure + wait > limit && throw(failure)
        sleep(wait)
        backoff = min(2 * backoff, 10)
    end
end

"The error of an answer: a problem document, or something else that a proxy may have sent."
function refusal(service, response, text)
    startswith(header(response, "content-type"), "application/problem+json") && return GradientsError(JSON.parse(text))
    return ErrorException("$service answered $(response.status)")
end

function header(response, name)
    found = findfirst(pair -> lowercase(first(pair)) == name, response.headers)
    return isnothing(found) ? "" : last(response.headers[found])
end

"The rows of a matrix. JSON.jl alone would write its columns."
rows(matrix) = collect(eachrow(matrix))

layer(weights, biases; options...) = (; weights = rows(weights), biases, options...)

function article()
    layers = [
        layer(fill(0.1, 3, 2), fill(0.1, 3); activation = "tanh"),
        layer(fill(0.1, 3, 3), fill(0.1, 3); activation = "tanh"),
        layer(fill(0.1, 2, 3), fill(0.1, 2)),
    ]
    # One sample per column.
    batch = Dict("inputs" => rows([3 2; 4 5]), "targets" => rows([2 1; 2 2]), "samples" => "columns")
    return Dict("network" => Dict("layers" => layers), "batch" => batch, "loss" => "mse")
end

function main(files)
    for request in (isempty(files) ? [article()] : read.(files, String))
        answer = gradients(request)
        println("loss: ", answer["loss"])
        for (k, gradient) in enumerate(answer["gradients"]), (name, values) in gradient
            println("layer ", k - 1, " ", name, ": ", JSON.json(values))
        end
        println("divisor: ", answer["divisor"])
    end
end

if abspath(PROGRAM_FILE) == @__FILE__
    try
        main(ARGS)
    catch error
        println(stderr, sprint(showerror, error))
        exit(1)
    end
end
