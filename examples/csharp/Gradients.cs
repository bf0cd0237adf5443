// The gradients of a network, from a gradient service, with .NET 8 or later, without any library.
// The tests do not run this example: .NET cannot be installed where they run.
//
// Program.cs shows how it is used.
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GradientService;

/// <summary>Computes activation(inputs · weightsᵀ + biases). Weights are outputs × inputs.</summary>
/// <param name="Activation">A name, or an object with options: <c>new { type = "leaky_relu", negative_slope = 0.2 }</c>.</param>
public record Layer(double[][] Weights, double[]? Biases = null, object? Activation = null);

public record Network(params Layer[] Layers);

/// <summary>Either targets (samples × outputs) or classes, a class index per sample.</summary>
/// <param name="Samples">Whether a sample is one of the "rows", the default, or of the "columns".</param>
public record Batch(
    double[][] Inputs, double[][]? Targets = null, int[]? Classes = null, double[]? SampleWeights = null, string? Samples = null);

/// <param name="Loss">A name, or an object with options: <c>new { type = "huber", delta = 0.5 }</c>.</param>
public record Request(Network Network, Batch Batch, object? Loss = null, string[]? Include = null);

public record Gradient(double[][] Weights, double[]? Biases);

/// <summary>The divisor is what the reduction divided the loss by. There are outputs if the request includes them.</summary>
public record Answer(double Loss, Gradient[] Gradients, double Divisor, double[][]? Outputs);

public record Fault(string Pointer, string Detail);

/// <summary>A problem document (RFC 9457).</summary>
public record Problem(string? Type, string Title, int Status, string Detail, Fault[]? Errors);

/// <summary>The service refuses the request.</summary>
public sealed class GradientsException(Problem problem) : Exception(Explain(problem))
{
    public Problem Problem { get; } = problem;

    private static string Explain(Problem problem) =>
        string.Join("\n  ", (problem.Errors ?? []).Select(fault => $"{fault.Pointer}: {fault.Detail}")
            .Prepend($"{problem.Title}: {problem.Detail}"));
}

/// <summary>A client of the service at a URL. It keeps its connections; threads may share it.</summary>
/// <param name="timeout">What one try may take, from connecting to the last byte of the answer; by default 300 s.</param>
/// <param name="retryTime">For how long a busy service is asked again, counted from the first failure; by default 120 s.</param>
public sealed class GradientsClient(
    string url, string? apiKey = null, TimeSpan? timeout = null, TimeSpan? retryTime = null) : IDisposable
{
    private static readonly TimeSpan RestartTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly string service = url.TrimEnd('/');
    private readonly TimeSpan retryTime = retryTime ?? TimeSpan.FromSeconds(120);
    private readonly HttpClient http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) })
    {
        Timeout = timeout ?? TimeSpan.FromSeconds(300),
    };

    /// <summary>What GRADIENTS_URL, GRADIENTS_API_KEY, GRADIENTS_TIMEOUT and GRADIENTS_RETRY_TIME (seconds) describe.</summary>
    public static GradientsClient FromEnvironment() => new(
        Environment.GetEnvironmentVariable("GRADIENTS_URL") ?? "http://127.0.0.1:3000",
        Environment.GetEnvironmentVariable("GRADIENTS_API_KEY"),
        Seconds("GRADIENTS_TIMEOUT"),
        Seconds("GRADIENTS_RETRY_TIME"));

    private static TimeSpan? Seconds(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? TimeSpan.FromSeconds(double.Parse(text, System.Globalization.CultureInfo.InvariantCulture))
            : null;

    /// <summary>The answer to a request.</summary>
    /// <inheritdoc cref="AskAsync"/>
    public Task<Answer> GradientsAsync(Request request, CancellationToken cancel = default) =>
        AskAsync<Answer>("gradients", request, cancel);

    /// <summary>
    /// The answer of an operation, such as "hessian", to anything that is serialized to a request. While the service is busy
    /// or the connection breaks, this waits (as long as Retry-After says, and a random time that grows) and tries again. A
    /// timeout is not retried.
    /// </summary>
    /// <exception cref="GradientsException">The service refuses the request.</exception>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    /// <exception cref="HttpRequestException">There is no connection.</exception>
    public async Task<TAnswer> AskAsync<TAnswer>(string operation, object request, CancellationToken cancel = default)
    {
        Stopwatch? sinceFailure = null;
        for (var backoff = TimeSpan.FromSeconds(0.5); ; backoff = Least(2 * backoff, LongestBackoff))
        {
            var wait = Random.Shared.NextDouble() * backoff;
            var limit = retryTime;
            Exception failure;
            try
            {
                using var post = new HttpRequestMessage(HttpMethod.Post, $"{service}/{operation}");
                post.Content = JsonContent.Create(request, request.GetType(), options: Json);
                if (apiKey is not null) post.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
                // Ends when the whole answer has been read.
                using var response = await http.SendAsync(post, cancel);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return (await response.Content.ReadFromJsonAsync<TAnswer>(Json, cancel))!;
                }
                failure = new GradientsException(await ProblemOf(response, cancel));
                if ((int)response.StatusCode is not (429 or 502 or 503)) throw failure;
                wait += response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
            }
            catch (TaskCanceledException e) when (!cancel.IsCancellationRequested)
            {
                throw new TimeoutException($"no answer from {service} within {http.Timeout.TotalSeconds} s", e);
            }
            catch (HttpRequestException e)
            {
                failure = new HttpRequestException(e.HttpRequestError, $"no answer from {service}: {e.Message}", e);
                // A restart takes less.
                if (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
                {
                    limit = Least(limit, RestartTime);
                }
            }
            sinceFailure ??= Stopwatch.StartNew();
            if (sinceFailure.Elapsed + wait > limit) throw failure;
            await Task.Delay(wait, cancel);
        }
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>The problem document of an answer. A proxy may have sent something else.</summary>
    private async Task<Problem> ProblemOf(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            return (await response.Content.ReadFromJsonAsync<Problem>(Json, cancel))!;
        }
        var status = (int)response.StatusCode;
        return new Problem(null, "No answer", status, $"{service} answered {status}", null);
    }

    public void Dispose() => http.Dispose();
}
