import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonSerializer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A client of a gradient service, with Java 17 and Gson 2.10 or later. It keeps its connections; threads may share it.
 * Article.java shows how it is used.
 */
public final class Gradients {

    /** Computes activation(inputs · weightsᵀ + biases). Weights are outputs × inputs; biases and activation may be null. */
    public record Layer(double[][] weights, double[] biases, Activation activation) {}

    public record Network(List<Layer> layers) {}

    /**
     * Inputs are samples × features; targets (samples × outputs) or classes are given, the other one is null. Without
     * sampleWeights every sample weighs 1. With samples "columns", a sample is a column of inputs and targets.
     */
    public record Batch(double[][] inputs, double[][] targets, int[] classes, double[] sampleWeights, String samples) {

        public static Batch of(double[][] inputs, double[][] targets) {
            return new Batch(inputs, targets, null, null, null);
        }

        public static Batch ofClasses(double[][] inputs, int... classes) {
            return new Batch(inputs, null, classes, null, null);
        }
    }

    /** The loss may be null: the mean squared error. What include names is added to the answer; it may be null, too. */
    public record Request(Network network, Batch batch, Loss loss, List<String> include) {}

    public record Gradient(double[][] weights, double[] biases) {}

    /** The divisor is what the reduction divided the loss by. The outputs are null unless the request includes them. */
    public record Answer(double loss, List<Gradient> gradients, double divisor, double[][] outputs) {}

    /** An activation. Options are PyTorch's, as are their defaults. */
    public record Activation(Map<String, Object> fields) {
        public static final Activation IDENTITY = of("identity");
        public static final Activation TANH = of("tanh");
        public static final Activation SIGMOID = of("sigmoid");
        public static final Activation RELU = of("relu");
        public static final Activation RELU6 = of("relu6");
        public static final Activation LEAKY_RELU = of("leaky_relu");
        public static final Activation ELU = of("elu");
        public static final Activation SELU = of("selu");
        public static final Activation CELU = of("celu");
        public static final Activation GELU = of("gelu");
        public static final Activation GELU_TANH = of("gelu").with("approximate", "tanh");
        public static final Activation SILU = of("silu");
        public static final Activation MISH = of("mish");
        public static final Activation SOFTPLUS = of("softplus");
        public static final Activation SOFTSIGN = of("softsign");
        public static final Activation HARDTANH = of("hardtanh");
        public static final Activation HARDSIGMOID = of("hardsigmoid");
        public static final Activation HARDSWISH = of("hardswish");
        public static final Activation LOGSIGMOID = of("logsigmoid");
        public static final Activation TANHSHRINK = of("tanhshrink");
        public static final Activation SOFTSHRINK = of("softshrink");
        public static final Activation HARDSHRINK = of("hardshrink");
        public static final Activation EXP = of("exp");
        public static final Activation SOFTMAX = of("softmax");
        public static final Activation LOG_SOFTMAX = of("log_softmax");

        private static Activation of(String type) {
            return new Activation(Map.of("type", type));
        }

        /** The same with an option, such as {@code LEAKY_RELU.with("negative_slope", 0.2)}. */
        public Activation with(String option, Object value) {
            return new Activation(extended(fields, option, value));
        }
    }

    /** A loss. Options are PyTorch's, as are their defaults. */
    public record Loss(Map<String, Object> fields) {
        public static final Loss MSE = of("mse");
        public static final Loss L1 = of("l1");
        public static final Loss LOG_COSH = of("log_cosh");
        public static final Loss SMOOTH_L1 = of("smooth_l1");
        public static final Loss HUBER = of("huber");
        public static final Loss BINARY_CROSS_ENTROPY = of("binary_cross_entropy");
        public static final Loss BINARY_CROSS_ENTROPY_WITH_LOGITS = of("binary_cross_entropy_with_logits");
        public static final Loss CROSS_ENTROPY = of("cross_entropy");
        public static final Loss NLL = of("nll");
        public static final Loss KL_DIV = of("kl_div");
        public static final Loss POISSON_NLL = of("poisson_nll");
        public static final Loss SOFT_MARGIN = of("soft_margin");
        public static final Loss HINGE = of("hinge");
        public static final Loss SQUARED_HINGE = of("squared_hinge");

        private static Loss of(String type) {
            return new Loss(Map.of("type", type));
        }

        /** The same with an option, such as {@code HUBER.with("delta", 0.5)} or {@code MSE.with("reduction", "sum")}. */
        public Loss with(String option, Object value) {
            return new Loss(extended(fields, option, value));
        }
    }

    private static Map<String, Object> extended(Map<String, Object> fields, String key, Object value) {
        var copy = new HashMap<>(fields);
        copy.put(key, value);
        return Map.copyOf(copy);
    }

    /** A place in the request, and what is wrong with it. */
    public record Fault(String pointer, String detail) {}

    /** A problem document (RFC 9457). */
    public record Problem(String type, String title, int status, String detail, List<Fault> errors) {}

    /** The service refuses the request. */
    public static final class GradientsException extends IOException {
        private static final long serialVersionUID = 1L;

        private final transient Problem problem;

        GradientsException(Problem problem) {
            super(explain(problem));
            this.problem = problem;
        }

        public Problem problem() {
            return problem;
        }

        private static String explain(Problem problem) {
            var text = new StringBuilder(problem.title() + ": " + problem.detail());
            if (problem.errors() != null) {
                problem.errors().forEach(fault -> text.append("\n  " + fault.pointer() + ": " + fault.detail()));
            }
            return text.toString();
        }
    }

    private static final Set<Integer> BUSY = Set.of(429, 502, 503);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    // In seconds, as all that follow.
    private static final double FIRST_BACKOFF = 0.5;
    private static final double LONGEST_BACKOFF = 10;
    /** Seconds for which a service that accepts no connection is tried again: a restart takes less. */
    private static final double RESTART_TIME = 10;

    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .registerTypeAdapter(
                    Activation.class, (JsonSerializer<Activation>) (value, type, gson) -> gson.serialize(value.fields()))
            .registerTypeAdapter(Loss.class, (JsonSerializer<Loss>) (value, type, gson) -> gson.serialize(value.fields()))
            .create();

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
    private final String service;
    private final String apiKey;
    private final double timeout;
    private final double retryTime;

    /**
     * @param service the URL of the service
     * @param apiKey its API key, or null
     * @param timeout the seconds that one try may take, from connecting to the last byte of the answer
     * @param retryTime for how many seconds a busy service is asked again, counted from the first failure
     */
    public Gradients(String service, String apiKey, double timeout, double retryTime) {
        this.service = service.replaceAll("/+$", "");
        this.apiKey = apiKey;
        this.timeout = timeout;
        this.retryTime = retryTime;
    }

    /** The client that GRADIENTS_URL, GRADIENTS_API_KEY, GRADIENTS_TIMEOUT and GRADIENTS_RETRY_TIME (seconds) describe. */
    public static Gradients fromEnvironment() {
        Map<String, String> environment = System.getenv();
        return new Gradients(
                environment.getOrDefault("GRADIENTS_URL", "http://127.0.0.1:3000"),
                environment.get("GRADIENTS_API_KEY"),
                Double.parseDouble(environment.getOrDefault("GRADIENTS_TIMEOUT", "300")),
                Double.parseDouble(environment.getOrDefault("GRADIENTS_RETRY_TIME", "120")));
    }

    /** The loss and the gradients of a request. Throws the exceptions of {@link #post}. */
    public Answer gradients(Request request) throws IOException, InterruptedException {
        return post("gradients", request, Answer.class);
    }

    /**
     * The answer of an operation. While the service is busy or the connection breaks, this waits (as long as Retry-After
     * says, and a random time that grows) and tries again. A timeout is not retried.
     *
     * @param operation its name, such as "hessian"
     * @param request anything that Gson encodes to a request
     * @param type what Gson decodes the answer to
     * @throws GradientsException if the service refuses the request
     * @throws HttpTimeoutException if it does not answer in time
     * @throws IOException if there is no connection
     */
    public <T> T post(String operation, Object request, Class<T> type) throws IOException, InterruptedException {
        HttpRequest post = prepare(operation, GSON.toJson(request));
        long firstFailure = 0;
        for (double backoff = FIRST_BACKOFF; ; backoff = Math.min(2 * backoff, LONGEST_BACKOFF)) {
            double limit = retryTime;
            double wait = ThreadLocalRandom.current().nextDouble(backoff);
            IOException failure;
            try {
                HttpResponse<String> response = send(post);
                if (response.statusCode() == 200) {
                    return GSON.fromJson(response.body(), type);
                }
                failure = new GradientsException(problemOf(response));
                if (!BUSY.contains(response.statusCode())) {
                    throw failure;
                }
                wait += retryAfter(response);
            } catch (GradientsException | HttpTimeoutException e) {
                throw e;
            } catch (IOException e) {
                boolean connects = !(e instanceof ConnectException);
                limit = connects ? limit : Math.min(limit, RESTART_TIME);
                String reason = connects ? e.getMessage() : "cannot connect";
                failure = new IOException("no answer from " + service + ": " + reason, e);
            }
            long now = System.nanoTime();
            firstFailure = firstFailure == 0 ? now : firstFailure;
            if ((now - firstFailure) / 1e9 + wait > limit) {
                throw failure;
            }
            TimeUnit.MILLISECONDS.sleep((long) (1000 * wait));
        }
    }

    private HttpRequest prepare(String operation, String body) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(service + "/" + operation))
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        if (apiKey != null) {
            builder.header("Authorization", "Bearer " + apiKey);
        }
        return builder.build();
    }

    /** Sends a request. HttpRequest's own timeout would end with the headers; this one has the body in it, too. */
    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<String>> response = http.sendAsync(request, BodyHandlers.ofString());
        try {
            return response.get((long) (1000 * timeout), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no answer from " + service + " within " + timeout + " s");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HttpTimeoutException) {
                throw new HttpTimeoutException("no answer from " + service + ": cannot connect in time");
            }
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } finally {
            response.cancel(true);
        }
    }

    /** The problem document of an answer. A proxy may have sent something else. */
    private Problem problemOf(HttpResponse<String> response) {
        int status = response.statusCode();
        String type = response.headers().firstValue("Content-Type").orElse("");
        return type.startsWith("application/problem+json")
                ? GSON.fromJson(response.body(), Problem.class)
                : new Problem("about:blank", "No answer", status, service + " answered " + status, null);
    }

    /** Seconds to wait, by Retry-After; without it, 0. */
    private static double retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(seconds -> seconds.matches("\\d{1,9}"))
                .map(Double::valueOf)
                .orElse(0.0);
    }
}
